"""The clocks: what counts as training, as a pass, as one sentence."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from benchmarks import measure
from benchmarks.system import Curve


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_a_pause_is_none_of_the_training() -> None:
    curve = Curve()
    burn(0.02)
    with curve.paused():
        burn(0.2)
    curve.add("first", 0.5)
    assert 0.02 <= curve.points[0].cpu_s < 0.1


def test_the_best_point_is_the_first_of_the_highest() -> None:
    curve = Curve()
    assert [curve.add(str(i), dev) for i, dev in enumerate((0.1, 0.3, 0.2, 0.3))] == [
        True,
        True,
        False,
        False,
    ]
    assert curve.best.step == "1"
    assert curve.since_best() == 2


def test_the_best_size_of_batch_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "ENOUGH_SECONDS", 0.05)

    def predict(examples: Sequence[int], batch: int) -> None:
        burn(0.03 if batch == 8 else 0.01)

    found = measure.throughput(predict, [1, 2], tokens=50, batches=(8, 32))
    assert found["batch"] == 32
    assert found["tokens_per_cpu_s"] == pytest.approx(50 / found["cpu_s"])
    assert 0.01 <= found["cpu_s"] < 0.03


def test_latency_asks_for_one_sentence_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "LATENCIES", 10)
    asked = []
    found = measure.latency(lambda examples, batch: asked.append((len(examples), batch)), list(range(4)))
    assert set(asked) == {(1, 1)}
    assert found["p50_cpu_ms"] <= found["p99_cpu_ms"]
