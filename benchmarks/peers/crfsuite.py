"""CRFsuite: a linear conditional random field on hand-made features, fitted with L-BFGS."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.peers.features import FEATURES
from benchmarks.system import BUDGET, EXHAUSTED, Budget, Curve, Examples, Point, Trained
from nlp_rnn.evaluation.metrics import gold, score
from nlp_rnn.schema import Example

ITERATIONS = 100
# L1 and L2: the first always, the others as long as there is time; dev chooses.
PENALTIES = ((0.1, 0.01), (0.02, 0.05), (0.3, 0.01), (0.05, 0.3), (1.0, 0.001), (0.0, 1.0))
Features = Callable[[Sequence[str]], list[list[str]]]
ON_THE_WAY = (5, 15, 40)  # iterations of refits that the dev curve needs, outside the training's time


def train(
    dataset: str, examples: Examples, *, language: str, task: str, seed: int, budget: Budget
) -> Trained:
    """Fits once for each pair of penalties until ``budget.least`` is spent; it knows no seed.

    Args:
        dataset, task, seed: not used: this peer tags, and gives the same model each time.
        examples: the splits. language: which chooses the features. budget: see :class:`Budget`.
    """
    import pycrfsuite  # noqa: F401  (no import counts as training)

    features = FEATURES[language]
    curve = Curve()
    rows = [(features(example.tokens), example.tags) for example in examples["train"] if example.tokens]
    prepared = curve.cpu_s()
    with tempfile.TemporaryDirectory() as folder:  # CRFsuite writes models to files only
        path = Path(folder) / "crf"
        fits: list[_Fit] = []
        for c1, c2 in PENALTIES:
            if fits and curve.cpu_s() >= budget.least:
                break
            fits.append(_fit(rows, examples["dev"], features, path, c1=c1, c2=c2))
        total = curve.cpu_s()
        best = max(fits, key=lambda fit: fit.dev)
        on_the_way = [
            _fit(rows, examples["dev"], features, path, c1=best.c1, c2=best.c2, iterations=iterations)
            for iterations in ON_THE_WAY
        ]
    return Trained(
        predict=lambda wanted, _: _tag(best.tagger, features, wanted),
        curve=[
            Point(f"{fit.iterations} iterations", prepared + fit.cpu_s, fit.dev)
            for fit in (*on_the_way, best)
        ],
        cpu_s=prepared + best.cpu_s,
        total_cpu_s=total,
        ended=EXHAUSTED if len(fits) == len(PENALTIES) else BUDGET,
        model_bytes=best.model_bytes,
        settings={
            "c1": best.c1,
            "c2": best.c2,
            "iterations": ITERATIONS,
            "tried": [{"c1": fit.c1, "c2": fit.c2, "dev": fit.dev} for fit in fits],
        },
    )


@dataclass(frozen=True)
class _Fit:
    c1: float
    c2: float
    iterations: int
    cpu_s: float
    dev: float
    tagger: Any
    model_bytes: int


def _fit(
    rows: Sequence[tuple[Any, Any]],
    dev: Sequence[Example],
    features: Features,
    path: Path,
    *,
    c1: float,
    c2: float,
    iterations: int = ITERATIONS,
) -> _Fit:
    """Fits a tagger and scores it on dev, which is not in its time."""
    import pycrfsuite

    before = time.process_time()
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params(
        {"c1": c1, "c2": c2, "max_iterations": iterations, "feature.possible_transitions": True}
    )
    for row, tags in rows:
        trainer.append(row, tags)
    trainer.train(str(path))
    spent = time.process_time() - before
    tagger = pycrfsuite.Tagger()
    tagger.open(str(path))
    f1 = score("ner", gold("ner", dev), _tag(tagger, features, dev))["f1"]
    return _Fit(c1, c2, iterations, spent, f1, tagger, measure.size(path))


def _tag(tagger: Any, features: Features, wanted: Sequence[Example]) -> list[list[str]]:
    return [tagger.tag(features(example.tokens)) if example.tokens else [] for example in wanted]
