"""Fits the linear model that the network has to beat: ``data/examples`` -> ``data/baselines``."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nlp_rnn.data.examples import read_all
from nlp_rnn.evaluation.baseline import crf, svm
from nlp_rnn.evaluation.metrics import PRIMARY, gold, score
from nlp_rnn.evaluation.report import write_json, write_predictions
from nlp_rnn.params import Run
from nlp_rnn.schema import Example
from nlp_rnn.stages.gate import require_valid


def main(run: Run) -> None:
    """Fits on train, and writes scores on dev and test and the predictions on test."""
    require_valid(run.name)
    examples = read_all(Path("data/examples") / run.name)
    name, predicted = (_tag if run.task == "ner" else _classify)(examples, run.language)
    scores = {
        split: score(run.task, gold(run.task, examples[split]), predicted[split]) for split in predicted
    }
    primary = PRIMARY[run.task]
    metrics = {"name": name, "primary": primary, "score": scores["test"][primary], **scores}
    folder = Path("data/baselines") / run.name
    unfinished = folder.with_name(f".{run.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    write_json(unfinished / "metrics.json", metrics)
    write_predictions(unfinished / "predictions.jsonl", run.task, examples["test"], predicted["test"])
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    print(f"{run.name}: {name} has {primary} {metrics['score']:.4f} on {len(examples['test'])} test examples")


def _tag(examples: Mapping[str, Sequence[Example]], language: str) -> tuple[str, dict[str, Any]]:
    model = crf.fit_tagger(examples["train"], language=language)
    return crf.NAME, {
        split: model.predict(example.tokens or () for example in examples[split]) for split in ("dev", "test")
    }


def _classify(examples: Mapping[str, Sequence[Example]], language: str) -> tuple[str, dict[str, Any]]:
    model = svm.fit_classifier(examples["train"], examples["dev"], language=language)
    return svm.NAME, {
        split: model.predict(example.text or "" for example in examples[split]) for split in ("dev", "test")
    }
