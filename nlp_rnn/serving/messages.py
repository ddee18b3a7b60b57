"""What goes over the wire, as types: OpenAPI shows them, and pydantic holds requests to them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

EXAMPLES = ["Ines Okafor left Siemens for a bank in Porto.", "王小明昨天从杭州飞往首尔，拜访三星电子。"]


class Question(BaseModel):
    """Texts to label; :func:`questions` makes the two forms that it has."""

    model_config = ConfigDict(strict=True, extra="forbid")


def questions(*, longest: int, most: int) -> tuple[type[Question], type[Question]]:
    """The two forms of a question, ``{"text": ...}`` and ``{"texts": [...]}``.

    Args:
        longest: characters of a text.
        most: texts.
    """
    Text = Annotated[str, Field(max_length=longest)]  # noqa: N806

    class OneText(Question):
        """One text."""

        text: Text = Field(examples=EXAMPLES[:1])

    class ManyTexts(Question):
        """Several texts, answered in their order."""

        texts: list[Text] = Field(min_length=1, max_length=most, examples=[EXAMPLES])

    return OneText, ManyTexts


class Entity(BaseModel):
    """``text[start:end]``, in characters (Unicode code points), is an entity."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    label: str
    text: str
    confidence: float = Field(ge=0, le=1, description="How likely this entity is right, ends and label.")


class Answer(BaseModel):
    """What the model says of one text: ``spans`` of named entities, or ``label`` and ``scores``."""

    text: str
    spans: list[Entity] | None = None
    label: str | None = None
    scores: dict[str, float] | None = Field(None, description="How likely each label is right.")


class ModelName(BaseModel):
    """Which model answered."""

    name: str
    version: str | None = Field(description="In the registry; null of a package that came from a folder.")
    digest: str = Field(description="SHA-256 of the package's manifest.")


class Answers(BaseModel):
    """One answer for each text, in the order of the texts, all of one model."""

    predictions: list[Answer]
    model: ModelName

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "predictions": [
                        {
                            "text": "Ines Okafor left Siemens.",
                            "spans": [
                                {
                                    "start": 0,
                                    "end": 11,
                                    "label": "PER",
                                    "text": "Ines Okafor",
                                    "confidence": 0.97,
                                },
                                {
                                    "start": 17,
                                    "end": 24,
                                    "label": "ORG",
                                    "text": "Siemens",
                                    "confidence": 0.91,
                                },
                            ],
                        }
                    ],
                    "model": {"name": "ner-en", "version": "3", "digest": "8f0e…"},
                }
            ]
        }
    )


class ModelDescription(ModelName):
    """What can be asked of the model that answers now."""

    task: str
    language: str
    labels: list[str]


class State(BaseModel):
    """``ok``, or what there is to wait for."""

    status: str


class Problem(BaseModel):
    """One sentence: what is wrong with the request, and what to do."""

    detail: str
