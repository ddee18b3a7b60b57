"""Scores a package on dev and test, as production runs it, beside the baseline: writes ``data/reports``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from nlp_rnn import inference
from nlp_rnn.data import results, sources_lock
from nlp_rnn.data.examples import read
from nlp_rnn.evaluation import behaviour, report
from nlp_rnn.integrations import recording
from nlp_rnn.params import Run
from nlp_rnn.schema import DataError, Example

CHUNK = 512  # examples between two moves of the bar; no answer depends on it


def main(run: Run) -> None:
    """Reads data/models/RUN and the examples; writes data/reports/RUN and logs it to MLflow."""
    folder, package = Path("data/examples") / run.name, Path("data/models") / run.name
    baseline = results.read(Path("data/baselines") / run.name / "metrics.json", stage="baseline")
    model = inference.load(package)
    if model.task != run.task:
        raise DataError(
            f"{package}: a model for {model.task}, not {run.task}; run `nlp-rnn train {run.name}`."
        )
    examples = {split: list(read(folder / f"{split}.jsonl")) for split in ("dev", "test")}
    predicted = {split: _predict(model, examples[split], f"{run.name} {split}") for split in examples}
    cases = behaviour.make(run.task, run.language, examples["test"])
    outcomes = behaviour.check(model.predict_examples, cases)
    metrics = report.write(
        Path("data/reports") / run.name,
        task=run.task,
        examples=examples,
        predicted=predicted,
        confidences={split: model.confidences(examples[split]) for split in examples},
        baseline=baseline,
        behaviour=outcomes,
    )
    _record(run.name, package, folder)
    print(report.table(run.name, metrics))


def _predict(model: inference.Predictor, examples: Sequence[Example], title: str) -> list[Any]:
    predicted: list[Any] = []
    with tqdm(total=len(examples), unit="example", desc=title, mininterval=1, disable=None) as bar:
        for start in range(0, len(examples), CHUNK):
            chunk = examples[start : start + CHUNK]
            predicted.extend(model.predict_examples(chunk))
            bar.update(len(chunk))
    return predicted


def _record(name: str, package: Path, examples: Path) -> None:
    """Logs the report; whatever goes wrong with that, the report itself is good."""
    try:
        recording.record_evaluation(
            name,
            package=package,
            report=Path("data/reports") / name,
            history=Path("data/history") / f"{name}.csv",
            examples=examples,
            source=sources_lock.read(name),
            others=[Path("data/validation") / name / "report.json"],
        )
    except Exception as error:
        problem = (str(error).strip().splitlines() or [type(error).__name__])[0]
        print(
            f"nlp-rnn: MLflow does not have this report; `nlp-rnn register {name}` logs it later ({problem})",
            file=sys.stderr,
        )
