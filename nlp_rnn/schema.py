"""The words every other file speaks: what an example, a batch and a prediction are.

Shapes, in the whole package: ``b`` sentences, ``t`` tokens of the longest one, ``n`` tokens in all,
``f`` distinct word forms, ``c`` characters of the longest form, ``e`` embedding, ``h`` hidden, ``l`` labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

SPLITS = ("train", "dev", "test")
LANGUAGES = ("en", "zh")
TASKS = ("ner", "sentiment")


class NlpRnnError(Exception):
    """Anything a person can put right: its message says what is wrong, where, and what to do."""

    exit_code = 1


class UsageError(NlpRnnError):
    """The command or params.yaml asks for something that does not exist."""

    exit_code = 2


class DataError(NlpRnnError):
    """Data that cannot be read as what it claims to be; the message holds ``file:line``."""

    exit_code = 1


class DataRefused(NlpRnnError):
    """Data that was read well but that validation refuses to train on."""

    exit_code = 3


class WorkspaceBusy(NlpRnnError):
    """Another process is writing to this workspace."""

    exit_code = 75


@dataclass(frozen=True, slots=True)
class Example:
    """One sentence or text with its annotation.

    ``tokens`` and ``tags`` (BIO, as long as ``tokens``) for named entities, ``text`` and ``label`` for
    sentiment. ``origin`` is ``file:line`` of its first line, so that a person can find it.
    """

    id: str
    origin: str
    tokens: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    text: str | None = None
    label: str | None = None

    def to_record(self) -> dict[str, Any]:
        """The example as JSON holds it, without the fields that its task does not use."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items() if v is not None}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Example:
        """The inverse of :meth:`to_record`."""
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in record.items()}
        return cls(**fields)


class Token(NamedTuple):  # there are so many that making each counts
    """A piece of a text, ``text[start:end]``."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Span:
    """A named entity: ``text[start:end]``, in characters, is of type ``label``.

    ``confidence``, in [0, 1], is how likely it is to be one, with just these ends and this type.
    """

    start: int
    end: int
    label: str
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same examples: their scores, and how sure it is that the second one's is higher.

    With 95 % confidence the lead, the second score less the first, lies between ``low`` and ``high``;
    ``chance`` is how likely such a lead is between models that are equally good.
    """

    first: float
    second: float
    low: float
    high: float
    chance: float
    examples: int

    @property
    def lead(self) -> float:
        """By how much the second is better."""
        return self.second - self.first


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one text: ``spans`` for named entities, ``label`` and ``scores`` for sentiment."""

    text: str
    spans: tuple[Span, ...] | None = None
    label: str | None = None
    scores: Mapping[str, float] | None = None

    def to_record(self) -> dict[str, Any]:
        """The prediction as JSON holds it, without the fields that its task does not use."""
        record = asdict(self)
        if record["spans"] is not None:
            record["spans"] = list(record["spans"])
        return {key: value for key, value in record.items() if value is not None}
