"""This project: its own stages, with a clock beside them, and the package that they write."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any
from unittest.mock import patch

from benchmarks import measure
from benchmarks.system import NATURAL, WHOLE_RECIPE, Budget, Curve, Examples, Trained
from nlp_rnn import inference, params
from nlp_rnn.evaluation.metrics import PRIMARY
from nlp_rnn.integrations import tracking
from nlp_rnn.schema import Example
from nlp_rnn.stages import tokenize


class _Watched:
    """A tracker that also notes when each epoch's dev score was there; its own time is left out."""

    def __init__(self, tracker: tracking.Tracker, curve: Curve, metric: str) -> None:
        self._tracker, self._curve, self._metric = tracker, curve, metric

    def __enter__(self) -> _Watched:
        self._tracker.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tracker.__exit__(kind, error, trace)

    def epoch(self, step: int, metrics: Mapping[str, float]) -> None:
        self._curve.add(f"epoch {step}", metrics[self._metric])
        with self._curve.paused():
            self._tracker.epoch(step, metrics)

    def finish(self, package: str) -> None:
        self._tracker.finish(package)


class _Package:
    """The package as production loads it; it remembers the forms of words that it has seen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.renew()

    def renew(self) -> None:
        self._predictor = inference.load(self.folder)

    def predict(self, wanted: Sequence[Example], _: int) -> list[Any]:
        return list(self._predictor.predict_examples(wanted))


def train(
    dataset: str,
    examples: Examples,
    *,
    language: str,
    task: str,
    seed: int,
    budget: Budget,
    changes: Mapping[str, Mapping[str, Any]] | None = None,
) -> Trained:
    """Runs tokenize and train in the working folder, which :mod:`benchmarks.workspace` has prepared.

    ``cpu_s`` counts from the first line of tokenize to the last dev score, without imports and MLflow: the
    language model, where the run asks for one, the wide part, all epochs and their dev scores. ``further``
    has the stages whole, with imports, MLflow and the package.

    Args:
        dataset: also the name of the run.
        examples, language, task, budget: the recipe has its own end, and the stages read their own files.
        seed: of the training, and of the language model, where there is one.
        changes: what differs from the recipe, by block of params.yaml: ``{"model": {"cell": "gru"}}``.
    """
    run = replace(params.load(dataset), seed=seed)
    for block, values in [*(changes or {}).items(), ("training", {"seed": seed})]:
        run = replace(run, **{block: replace(getattr(run, block), **values)})
    curve = Curve()
    tokenize.main(run)
    tokenized = curve.cpu_s()
    begun = time.process_time()
    with curve.paused():
        from nlp_rnn.stages import pretrain
        from nlp_rnn.stages import train as stage  # torch, numba
    with patch.object(tracking, "start", lambda *_, **__: tracking.Tracker()):
        pretrain.main(run)
    start = tracking.start

    def watched(*args: Any, **more: Any) -> _Watched:
        with curve.paused():
            tracker = start(*args, **more)
        return _Watched(tracker, curve, f"dev_{PRIMARY[run.task]}")

    # The stage reports each epoch to its tracker and to nobody else, so this is where a clock can stand.
    with patch.object(stage.tracking, "start", watched):
        stage.main(run)
    done = time.process_time()
    package = _Package(Path("data/models") / dataset)
    spent = curve.points[-1].cpu_s
    return Trained(
        predict=package.predict,
        curve=curve.points,
        cpu_s=spent,
        total_cpu_s=spent,
        ended=WHOLE_RECIPE if len(curve.points) == run.training.epochs else NATURAL,
        model_bytes=measure.size(package.folder),
        settings=run.resolved(),
        batches=(0,),  # the package chooses its own
        further={"tokenize_cpu_s": tokenized, "train_stage_cpu_s": done - begun},
        renew=package.renew,
    )
