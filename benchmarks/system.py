"""The contract of everything that is measured: train on examples within a budget, then predict."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from nlp_rnn.schema import Example

Examples = Mapping[str, Sequence[Example]]  # by split
# Each module in this table has `train(dataset, examples, *, language, task, seed, budget) -> Trained`.
SYSTEMS: Mapping[str, str] = {
    "nlp-rnn": "benchmarks.ours",
    "nlp-rnn+text": "benchmarks.ours_with_text",
    "crfsuite": "benchmarks.peers.crfsuite",
    "svm": "benchmarks.peers.svm",
    "spacy": "benchmarks.peers.spacy",
    "flair": "benchmarks.peers.flair",
}
OURS, WITH_TEXT = "nlp-rnn", "nlp-rnn+text"
NATURAL, WHOLE_RECIPE = "its own early stopping", "all epochs of its recipe"
BUDGET, EXHAUSTED = "budget", "nothing left to try"


@dataclass(frozen=True)
class Budget:
    """CPU-seconds that a peer trains for."""

    least: float = 0.0  # what this project's network took: early stopping before that does not count
    most: float = float("inf")


@dataclass(frozen=True)
class Point:
    """A dev score on the way."""

    step: str
    cpu_s: float
    dev: float


class Curve:
    """Dev scores over CPU time, from its making on, dev scoring included."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self._started = time.process_time()

    def cpu_s(self) -> float:
        """CPU-seconds so far, without the pauses."""
        return time.process_time() - self._started

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What runs in here is none of the training."""
        before = time.process_time()
        try:
            yield
        finally:
            self._started += time.process_time() - before

    def add(self, step: str, dev: float) -> bool:
        """Notes a score; returns whether it is the best so far."""
        best = not self.points or dev > self.best.dev
        self.points.append(Point(step, self.cpu_s(), dev))
        return best

    @property
    def best(self) -> Point:
        """The first of the highest."""
        return max(self.points, key=lambda point: point.dev)

    def since_best(self) -> int:
        """Scores noted after the best one."""
        return len(self.points) - 1 - self.points.index(self.best)


@dataclass(frozen=True)
class Trained:
    """A fitted system, as it was best on dev."""

    predict: Callable[[Sequence[Example], int], list[Any]]  # examples, sentences in a batch -> tags or labels
    curve: Sequence[Point]
    cpu_s: float  # of the training that gave this model, preparation of the data included
    total_cpu_s: float  # of all training, other settings that were tried included
    ended: str  # NATURAL, WHOLE_RECIPE, BUDGET or EXHAUSTED
    model_bytes: int
    settings: Mapping[str, Any]
    batches: Sequence[int] = (1,)  # sizes to measure throughput with
    further: Mapping[str, float] = field(default_factory=dict)  # more CPU-seconds, by name
    renew: Callable[[], object] = lambda: None  # forgets what earlier predictions have left in caches
