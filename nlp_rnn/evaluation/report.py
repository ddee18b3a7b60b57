"""The files that tell how good a model is; the same predictions give the same bytes anywhere."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nlp_rnn.evaluation import calibration
from nlp_rnn.evaluation.behaviour import Outcome
from nlp_rnn.evaluation.metrics import PRIMARY, gold, score
from nlp_rnn.evaluation.ner import align
from nlp_rnn.schema import Example

NONE = "none"  # in confusion.csv, the partner of an entity that was missed or is spurious
_FIGURES = ("precision", "recall", "f1", "support")


def write(
    folder: Path,
    *,
    task: str,
    examples: Mapping[str, Sequence[Example]],
    predicted: Mapping[str, Sequence[Any]],
    confidences: Mapping[str, Sequence[Sequence[float]]],
    baseline: Mapping[str, Any],
    behaviour: Mapping[str, Outcome],
) -> dict[str, Any]:
    """Scores a model and writes the files of its report.

    ``metrics.json`` is about dev and test; ``predictions.jsonl``, ``confusion.csv`` (a row for each text, or
    for each entity in either), ``classes.csv`` and ``calibration.csv`` about test alone; ``behaviour.csv``
    and ``behaviour.jsonl`` have the behaviour tests' figures and failures.

    Args:
        folder: where to; made where it is missing.
        task: ``ner`` or ``sentiment``.
        examples, predicted: under ``dev`` and ``test``, the examples and what the model says of each.
        confidences: how sure it is of each entity that it found, or of the one label.
        baseline: ``name`` and ``score`` of the model to beat.
        behaviour: what became of the behaviour tests, by capability.

    Returns:
        what ``metrics.json`` holds.

    Raises:
        DataError: a set without examples, or predictions that do not match it.
    """
    right = {split: gold(task, examples[split]) for split in ("dev", "test")}
    scores = {split: score(task, right[split], predicted[split]) for split in right}
    claims = {
        split: calibration.claims(task, right[split], predicted[split], confidences[split]) for split in right
    }
    metrics = {
        "task": task,
        "primary": PRIMARY[task],
        "score": scores["test"][PRIMARY[task]],
        **scores,
        "calibration": {split: calibration.figures(claims[split]) for split in right},
        "baseline": {"name": baseline["name"], "score": baseline["score"]},
        "behaviour": {name: outcome.figures() for name, outcome in behaviour.items()},
        "examples": {split: len(examples[split]) for split in ("dev", "test")},
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_predictions(folder / "predictions.jsonl", task, examples["test"], predicted["test"])
    pairs = _pairs(task, right["test"], predicted["test"])
    _write_csv(folder / "confusion.csv", ("actual", "predicted"), pairs)
    classes = scores["test"]["classes"]
    rows = ([label, *(figures[name] for name in _FIGURES)] for label, figures in classes.items())
    _write_csv(folder / "classes.csv", ("label", *_FIGURES), rows)
    _write_csv(folder / "calibration.csv", calibration.Bin._fields, calibration.bins(claims["test"]))
    shares = ([name, outcome.figures()["share"]] for name, outcome in behaviour.items())
    _write_csv(folder / "behaviour.csv", ("capability", "failed"), shares)
    _write_failures(folder / "behaviour.jsonl", behaviour)
    write_json(folder / "metrics.json", metrics)  # last: where it is, the others are whole
    return metrics


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes an object as JSON, in its own order."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def write_predictions(path: Path, task: str, examples: Sequence[Example], predicted: Sequence[Any]) -> None:
    """Writes ``id``, ``gold`` and ``predicted`` of each example, one JSON object a line, in their order."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for example, right, guess in zip(examples, gold(task, examples), predicted, strict=True):
            record = {"id": example.id, "gold": right, "predicted": guess}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _write_failures(path: Path, behaviour: Mapping[str, Outcome]) -> None:
    """The cases that failed, with both answers, one JSON object a line."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for name, outcome in behaviour.items():
            for case, (before, after), failed in zip(outcome.cases, outcome.answers, outcome.failed):
                if failed:
                    sides = {"before": _side(case.before, before), "after": _side(case.after, after)}
                    record = {"capability": name, "id": case.before.id, **sides}
                    file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _side(example: Example, answer: Any) -> dict[str, Any]:
    given = {"text": example.text} if example.tokens is None else {"tokens": list(example.tokens)}
    return {**given, "predicted": answer}


def table(name: str, metrics: Mapping[str, Any]) -> str:
    """The test scores of a run for a person to read, classes one below the other."""
    baseline, classes = metrics["baseline"], metrics["test"]["classes"]
    width = max(map(len, ("label", *classes)))
    lines = [
        f"{name}: {metrics['primary']} {metrics['score']:.4f} on {metrics['examples']['test']} test examples"
        f" ({baseline['name']}, the baseline: {baseline['score']:.4f})",
        f"{'label':{width}}  precision  recall      f1  support",
    ]
    for label, row in classes.items():
        figures = f"{row['precision']:9.4f}  {row['recall']:.4f}  {row['f1']:.4f}  {row['support']:7d}"
        lines.append(f"{label:{width}}  {figures}")
    sure = metrics["calibration"]["test"]
    lines.append(
        f"calibration: sure to {sure['confidence']:.3f} on average, right in {sure['right']:.3f} of "
        f"{sure['answers']} answers (ECE {sure['ece']:.3f})"
    )
    shares = (f"{name} {figures['share']:.1%}" for name, figures in metrics["behaviour"].items())
    lines.append(f"behaviour tests failed: {', '.join(shares) or 'none made'}")
    return "\n".join(lines)


def _pairs(task: str, right: Sequence[Any], guesses: Sequence[Any]) -> Iterable[tuple[str, str]]:
    if task != "ner":
        return zip(right, guesses)
    aligned = (pair for tags, guess in zip(right, guesses) for pair in align(tags, guess))
    return ((actual or NONE, predicted or NONE) for actual, predicted in aligned)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
