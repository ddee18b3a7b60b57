"""The package as MLflow loads it: this file is the model's code, so that nothing of it is a pickle.

MLflow runs it from a copy of its own; `registration.py` names it by path. The only module that imports MLflow
at its top: nothing else does anything with it.
"""

from __future__ import annotations

from typing import cast

import mlflow
from mlflow.pyfunc import PythonModel, PythonModelContext
from pydantic import BaseModel


class Entity(BaseModel):
    """``text[start:end]``, in characters."""

    start: int
    end: int
    label: str
    text: str
    confidence: float | None = None


class Answer(BaseModel):
    """``spans`` for named entities, ``label`` and ``scores`` for sentiment."""

    text: str
    spans: list[Entity] | None = None
    label: str | None = None
    scores: dict[str, float] | None = None


class Package(PythonModel):
    """A thin layer over :func:`nlp_rnn.inference.load`, which checks every file's digest."""

    def load_context(self, context: PythonModelContext) -> None:
        """Loads the package that lies in the model."""
        from nlp_rnn.inference import load

        self.predictor = load(context.artifacts["package"])

    def predict(self, model_input: list[str]) -> list[Answer]:
        """One plain dict for each text, with those fields of Answer that the task has."""
        answers = [prediction.to_record() for prediction in self.predictor.predict(model_input)]
        return cast(
            "list[Answer]", answers
        )  # MLflow reads the signature off the hint, and serves plain dicts


mlflow.models.set_model(Package())
