"""Requests together in one call, none lost, none mixed up, none waiting without need."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from nlp_rnn.serving import batching
from nlp_rnn.serving.batching import Batcher, QueueFull
from tests.serving.toys import fake


class Gate:
    """Holds the predictor until it is opened."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, texts: Sequence[str]) -> None:
        self.entered.set()
        assert self.opened.wait(20)


async def waiting(batcher: Batcher, number: int) -> None:
    """Until so many requests wait."""
    while len(batcher) < number:
        await asyncio.sleep(0.001)


def test_what_waits_is_answered_together_and_in_its_order() -> None:
    gate = Gate()
    model = fake(gate)

    async def run() -> list[list[str]]:
        batcher = Batcher(lambda: model, queue=10_000)
        first = asyncio.ensure_future(batcher.predict(["first"]))
        await asyncio.to_thread(gate.entered.wait)
        rest = [asyncio.ensure_future(batcher.predict([f"{i}", f"{i}b"])) for i in range(20)]
        await waiting(batcher, 20)
        gate.opened.set()
        answers = await asyncio.gather(first, *rest)
        batcher.close()
        return [[prediction.text for prediction in predictions] for _, predictions in answers]

    assert asyncio.run(run()) == [["first"], *([f"{i}", f"{i}b"] for i in range(20))]
    assert [len(call) for call in model.predictor.calls] == [1, 40]


def test_one_call_takes_no_more_than_its_budget_unless_one_request_has_more() -> None:
    gate = Gate()
    model = fake(gate)
    half = "x" * (batching.CALL // 2 - batching.TEXT)

    async def run() -> None:
        batcher = Batcher(lambda: model, queue=10**9)
        asked = [asyncio.ensure_future(batcher.predict([text])) for text in ("a", half, half, "b", half * 3)]
        await waiting(batcher, 4)
        gate.opened.set()
        await asyncio.gather(*asked)

    asyncio.run(run())
    assert [[len(text) for text in call] for call in model.predictor.calls] == [
        [1],
        [len(half), len(half)],
        [1],
        [3 * len(half)],
    ]


def test_what_would_wait_beyond_the_bound_is_refused_and_room_comes_back() -> None:
    gate = Gate()
    model = fake(gate)

    async def run() -> None:
        batcher = Batcher(lambda: model, queue=100)
        running = asyncio.ensure_future(batcher.predict(["a"]))
        await asyncio.to_thread(gate.entered.wait)
        large = asyncio.ensure_future(batcher.predict(["x" * 500]))  # alone it may wait
        await waiting(batcher, 1)
        with pytest.raises(QueueFull):
            await batcher.predict(["b"])
        gate.opened.set()
        await asyncio.gather(running, large)
        assert len((await batcher.predict(["b"]))[1]) == 1

    asyncio.run(run())


def test_one_request_that_fails_does_not_fail_the_others() -> None:
    gate = Gate()

    def before(texts: Sequence[str]) -> None:
        gate(texts)
        if "bad" in texts:
            raise ValueError("bad")

    model = fake(before)

    async def run() -> list[object]:
        batcher = Batcher(lambda: model, queue=10_000)
        asked = [asyncio.ensure_future(batcher.predict([text])) for text in ("a", "b", "bad", "c")]
        await waiting(batcher, 3)
        gate.opened.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    first, second, bad, third = asyncio.run(run())
    assert isinstance(bad, ValueError)
    assert [answer[1][0].text for answer in (first, second, third)] == ["a", "b", "c"]


def test_who_gave_up_is_not_answered_any_more() -> None:
    gate = Gate()
    model = fake(gate)

    async def run() -> None:
        batcher = Batcher(lambda: model, queue=10_000)
        first = asyncio.ensure_future(batcher.predict(["first"]))
        await asyncio.to_thread(gate.entered.wait)
        impatient = asyncio.ensure_future(batcher.predict(["impatient"]))
        patient = asyncio.ensure_future(batcher.predict(["patient"]))
        await waiting(batcher, 2)
        impatient.cancel()
        gate.opened.set()
        await asyncio.gather(first, patient)

    asyncio.run(run())
    assert model.predictor.calls == [["first"], ["patient"]]


def test_a_call_uses_the_model_of_its_beginning() -> None:
    gate = Gate()
    old, new = fake(gate, "old"), fake(digest="new")
    models = [old]

    async def run() -> list[str]:
        batcher = Batcher(lambda: models[-1], queue=10_000)
        first = asyncio.ensure_future(batcher.predict(["first"]))
        await asyncio.to_thread(gate.entered.wait)
        models.append(new)
        second = asyncio.ensure_future(batcher.predict(["second"]))
        await waiting(batcher, 1)
        gate.opened.set()
        return [model.digest for model, _ in await asyncio.gather(first, second)]

    assert asyncio.run(run()) == ["old", "new"]
