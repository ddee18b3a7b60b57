"""The server's addresses: what each answers, and how OpenAPI describes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from nlp_rnn import __version__
from nlp_rnn.serving import messages, metrics, page, reading
from nlp_rnn.serving.answers import answers, problem
from nlp_rnn.serving.batching import Batcher, QueueFull
from nlp_rnn.serving.metrics import Metrics
from nlp_rnn.serving.model import Model

SOON = {"Retry-After": "1"}  # seconds
PATHS = ("/", "/predict", "/model", "/health", "/ready", "/metrics", "/openapi.json")
_STATUSES: dict[int | str, str] = {
    400: "Not JSON, not UTF-8, or no JSON that means one thing.",
    401: "The token is missing or wrong.",
    408: "The body took too long.",
    413: "The body is too large.",
    415: "The body is of another type than application/json, or compressed.",
    421: "The server does not go by that host name.",
    422: "JSON of another form, a text that is too long, or too many of them.",
    503: "Too busy, or no model yet: try again after the seconds in Retry-After.",
}
Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]


class Direct(APIRoute):
    """A route whose function gets the request and gives the response; OpenAPI shows it like any other.

    What FastAPI would do in between costs as much as all that this server does itself.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The function, as it is."""
        return self.endpoint


def build(
    *,
    current: Callable[[], Model | None],
    batcher: Batcher,
    figures: Metrics,
    lifespan: Lifespan | None = None,
    body: int,
    characters: int,
    texts: int,
    seconds: float,
) -> FastAPI:
    """The application.

    Args:
        current: the model that answers now.
        batcher: asks it.
        figures: what ``/metrics`` shows.
        lifespan: what happens before the first request and after the last one.
        body: the most bytes of a request's body.
        characters: the most of a text.
        texts: the most in a request.
        seconds: for a body to arrive, and again for it to be answered.
    """
    app = FastAPI(
        title="nlp-rnn",
        version=__version__,
        description="Named entities or sentiment of texts.",
        lifespan=lifespan,
        docs_url=None,  # those pages load scripts from elsewhere
        redoc_url=None,
    )
    app.add_exception_handler(HTTPException, _refuse)
    app.add_exception_handler(Exception, _fail)
    forms = messages.questions(longest=characters, most=texts)

    def model() -> Model:
        found = current()
        if found is None:
            raise HTTPException(503, "No model is loaded yet; try again soon.", SOON)
        return found

    async def predict(request: Request) -> Response:
        asked = await reading.read(request, forms, most=body, seconds=seconds)
        request.scope["state"]["texts"] = len(asked)
        model()
        return await _answer(batcher, asked, seconds)

    app.router.add_api_route(
        "/predict",
        predict,
        methods=["POST"],
        summary="Label one text or several",
        response_model=messages.Answers,
        responses=_problems(400, 401, 408, 413, 415, 421, 422, 503),
        openapi_extra={"requestBody": _body(forms)},
        route_class_override=Direct,
    )
    _add_state(app, model)
    _add_views(app, figures)
    return app


async def _answer(batcher: Batcher, texts: Sequence[str], seconds: float) -> Response:
    try:
        async with asyncio.timeout(seconds):
            return answers(*await batcher.predict(texts))
    except QueueFull:
        raise HTTPException(503, "Too many requests wait already; try again soon.", SOON) from None
    except TimeoutError:
        sentence = f"There was no answer within {seconds:g} seconds; try again with less."
        raise HTTPException(503, sentence, SOON) from None


def _add_state(app: FastAPI, model: Callable[[], Model]) -> None:
    """What tells how the server is; `model` raises where there is none."""

    @app.get("/model", summary="The model that answers now", responses=_problems(401, 421, 503))
    async def describe() -> messages.ModelDescription:
        found = model()
        predictor = found.predictor
        return messages.ModelDescription(
            name=found.name,
            version=found.version,
            digest=found.digest,
            task=predictor.task,
            language=predictor.language,
            labels=predictor.labels,
        )

    @app.get("/health", summary="Whether the process lives")
    async def health() -> messages.State:
        return messages.State(status="ok")

    @app.get("/ready", summary="Whether a model is loaded", responses=_problems(503))
    async def ready() -> messages.State:
        model()
        return messages.State(status="ok")


def _add_views(app: FastAPI, figures: Metrics) -> None:
    """What is not JSON."""

    @app.get("/metrics", summary="Figures for Prometheus", response_class=Response)
    async def show_metrics() -> Response:
        return Response(figures.text(), headers={"Content-Type": metrics.CONTENT_TYPE})

    @app.get("/", include_in_schema=False)
    async def show_page() -> Response:
        return page.response()


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, _detail(request, error), error.headers)


async def _fail(request: Request, error: Exception) -> Response:
    return problem(500, "The server failed at this request; its log says where.")


def _detail(request: Request, error: HTTPException) -> str:
    """What the framework itself refuses, said in this server's words."""
    if error.status_code == 404:
        return f"There is nothing at this address; there are: {', '.join(PATHS)}."
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another one")
        return f"This address does not take {request.method[:20]}; use {allowed}."
    return error.detail


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": messages.Problem, "description": _STATUSES[status]} for status in statuses}


def _body(forms: tuple[type[messages.Question], ...]) -> dict[str, Any]:
    schemas = [form.model_json_schema() for form in forms]
    return {"required": True, "content": {"application/json": {"schema": {"oneOf": schemas}}}}
