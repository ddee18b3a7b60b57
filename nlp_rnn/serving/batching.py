"""Requests that wait together are answered together, in one call of the predictor, by one thread.

What arrives while a call runs waits for the next one, which takes it all, up to a budget. Nothing else waits.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from nlp_rnn.schema import Prediction
from nlp_rnn.serving.model import Model

CALL = 16_000  # characters that one call takes, unless one request alone has more
TEXT = 16  # characters that a text counts for besides its own


class QueueFull(Exception):
    """More waits than may wait."""


@dataclass(frozen=True, eq=False)
class _Request:
    texts: Sequence[str]
    size: int
    answer: asyncio.Future[tuple[Model, list[Prediction]]]


class Batcher:
    """All of it but the predictor's calls happens on the event loop, so there is nothing to lock."""

    def __init__(
        self,
        model: Callable[[], Model],
        *,
        queue: int,
        called: Callable[[int, float], None] = lambda texts, seconds: None,
    ) -> None:
        """
        Args:
            model: gives the model that a call should use.
            queue: characters that may wait; a request that finds nothing waiting may have more.
            called: is told the number of texts and the seconds of each call.
        """
        self._model = model
        self._most = queue
        self._called = called
        self._waiting: deque[_Request] = deque()
        self._size = 0
        self._running = False
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="predictor")

    def __len__(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    async def predict(self, texts: Sequence[str]) -> tuple[Model, list[Prediction]]:
        """Answers texts, and says which model did.

        Raises:
            QueueFull: try again later.
        """
        size = sum(map(len, texts)) + TEXT * len(texts)
        if self._waiting and self._size + size > self._most:
            raise QueueFull
        request = _Request(texts, size, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        self._size += size
        if not self._running:
            self._start()
        return await request.answer

    def close(self) -> None:
        """Waits for the call that runs."""
        self._worker.shutdown()

    def _start(self) -> None:
        """Calls the predictor with what waits, if anything does; whoever gave up has left."""
        batch: list[_Request] = []
        size = 0
        while self._waiting and (not batch or size + self._waiting[0].size <= CALL):
            request = self._waiting.popleft()
            self._size -= request.size
            if not request.answer.done():
                batch.append(request)
                size += request.size
        self._running = bool(batch)
        if batch:
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(self._worker, self._call, [request.texts for request in batch])
            running.add_done_callback(lambda done: self._finish(batch, done))

    def _call(self, requests: Sequence[Sequence[str]]) -> list[tuple[Model, list[Prediction]] | Exception]:
        """An answer for each request; runs in the worker's thread."""
        begun = time.perf_counter()
        model = self._model()
        texts = [text for request in requests for text in request]
        try:
            rest = iter(model.predictor.predict(texts))
            return [(model, [next(rest) for _ in request]) for request in requests]
        except Exception as error:
            if len(requests) == 1:
                return [error]
            return [self._call([request])[0] for request in requests]  # the others need not suffer
        finally:
            self._called(len(texts), time.perf_counter() - begun)

    def _finish(
        self,
        batch: Sequence[_Request],
        done: asyncio.Future[list[tuple[Model, list[Prediction]] | Exception]],
    ) -> None:
        for request, answer in zip(batch, done.result()):
            if request.answer.done():
                continue
            if isinstance(answer, Exception):
                request.answer.set_exception(answer)
            else:
                request.answer.set_result(answer)
        self._start()
