"""The two kinds of JSON that the server sends: predictions, and what is wrong, each as short as it can be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from starlette.responses import Response

from nlp_rnn.schema import Prediction
from nlp_rnn.serving.model import Model

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def answers(model: Model, predictions: Sequence[Prediction]) -> Response:
    """:class:`nlp_rnn.serving.messages.Answers`, which a test holds this to: pydantic would take longer."""
    return _json(
        200,
        {
            "predictions": [prediction.to_record() for prediction in predictions],
            "model": {"name": model.name, "version": model.version, "digest": model.digest},
        },
    )


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """:class:`nlp_rnn.serving.messages.Problem`."""
    return _json(status, {"detail": detail}, headers)


def _json(status: int, content: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        _ENCODER.encode(content),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        media_type="application/json",
    )
