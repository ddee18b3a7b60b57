"""Around all else: each request is counted, timed and logged, and none fails without an answer."""

from __future__ import annotations

import time
import traceback
from collections.abc import Collection
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nlp_rnn.serving import log
from nlp_rnn.serving.metrics import Metrics

LONGEST = 200  # characters of a path that the log shows


class Observed:
    """An application whose requests are on record."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, paths: Collection[str], quiet: bool) -> None:
        """
        Args:
            app: what answers.
            metrics: counts.
            paths: the server's own, by which requests are counted; all others together are "other".
            quiet: whether requests that succeed stay out of the log.
        """
        self._app = app
        self._metrics = metrics
        self._paths = frozenset(paths)
        self._quiet = quiet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 0
        state = scope.setdefault("state", {})

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                spent = f"total;dur={(time.perf_counter() - begun) * 1000:.2f}"
                message["headers"] = [*message.get("headers", ()), (b"server-timing", spent.encode())]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            log.write("error", kind=type(error).__name__, where=_place(error))  # and no word of its message
        finally:
            path, seconds = scope["path"], time.perf_counter() - begun
            self._metrics.answered(path if path in self._paths else "other", status, seconds)
            if status >= 400 or not self._quiet:
                log.later(
                    "request",
                    method=scope["method"],
                    path=path[:LONGEST],
                    status=status,
                    ms=round(seconds * 1000, 2),
                    texts=state.get("texts"),
                )


def _place(error: Exception) -> str:
    """The innermost line of ours, or of anybody's; the message may hold a text."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "nlp_rnn" in frame.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
