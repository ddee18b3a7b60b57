"""A workspace whose stages have run, with a tiny real package, and an empty store of MLflow's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from nlp_rnn import models, params
from nlp_rnn.data import examples
from nlp_rnn.data.examples import read
from nlp_rnn.evaluation.metrics import PRIMARY, gold, score
from nlp_rnn.inference import load, writer
from nlp_rnn.inference.shipping import Shipping
from nlp_rnn.schema import Example
from nlp_rnn.text import tokenizer

WORDS = ["Maria", "flew", "to", "Rome", ",", "not", "bad", "at", "all", "."]
LABELS = {"ner": ["O", *(f"{prefix}-PER" for prefix in "BIES")], "sentiment": ["negative", "positive"]}
NAME = "toy"
TEST = ["positive"] * 70 + ["negative"] * 30  # of which the linear baseline gets 10 right


class Workspace:
    """What the stages leave behind, each part to be made anew with other contents."""

    package = Path("data/models") / NAME
    metrics = Path("data/reports") / NAME / "metrics.json"
    test_set = Path("data/examples") / NAME / "test.jsonl"
    history = Path("data/history") / f"{NAME}.csv"

    def __init__(self, task: str = "sentiment") -> None:
        self.task = task
        self.resolved: dict = {}
        Path("params.yaml").write_text(
            f"seed: 13\nthreads: 1\nruns:\n  {NAME}:\n    task: {task}\n    language: en\n"
            "    data: {source: demo}\n    tokenizer: {}\n    pretraining: {}\n"
            "    model: {cell: gru}\n    training: {}\n"
            "    promotion: {margin: 0.01, class_loss: 1.0}\n"  # packages that know one answer lose a class
        )
        for split in ("train", "dev"):
            self.write_examples(split, ["positive", "negative"])
        self.write_examples("test", TEST)
        self.write_baseline(["negative"] * 80 + ["positive"] * 20)
        self.write_validation(success=True)

    def train(self, seed: int, says: str | None = None) -> str:
        """Writes a package whose weights are random, and the history of how it came about.

        Args:
            seed: of the weights.
            says: the label that a classifier gives to every text; what it gives is left to chance otherwise.
        """
        model = params.Model(
            cell="gru", hidden_size=4, word_size=4, character_size=2, character_filters=2, shape_size=2
        )
        run = params.Run(NAME, self.task, "en", params.Data("demo"), model=model, seed=seed)  # type: ignore[arg-type]
        self.resolved = run.resolved()
        learned = tokenizer.build([WORDS], lowercase=True, min_count=1)
        learned.save("tokenizer.json")
        torch.manual_seed(seed)
        network = models.build(
            self.task,
            labels=LABELS[self.task],
            words=learned.get_vocab_size(),
            characters=12,
            bigrams=0,
            ngrams=0,
            **asdict(model),
        )
        if says is not None:
            network.output.bias.data[LABELS[self.task].index(says)] = 100.0
        self.history.parent.mkdir(parents=True, exist_ok=True)
        self.history.write_text(
            "epoch,train_loss,dev_score,dev_criterion,gradient_norm,learning_rate,best\n"
            "1,0.9,0.5,-0.4,1,0.003,1\n2,0.4,0.7,-0.3,2,0.001,1\n"
        )
        return writer.write(
            self.package,
            weights={name: tensor.numpy() for name, tensor in network.state_dict().items()},
            run=self.resolved,
            labels=LABELS[self.task],
            characters="abcdefghij",
            tokenizer=Path("tokenizer.json"),
            ngrams="",
            metric="f1",
            dev_scores={13: 0.7},
            seed=13,
            shipping=Shipping("int8", {"fp32": 0.0, "int8": 0.0}, temperature=1.0),
        )

    def evaluate(self) -> float:
        """Writes a report of the package; returns the score on the test set."""
        test = list(read(self.test_set))
        predicted = load(self.package).predict_examples(test)
        found = score(self.task, gold(self.task, test), predicted)[PRIMARY[self.task]]
        self.report(found, len(test))
        return found

    def report(self, score: float | None, examples: int = 2) -> None:
        """Writes a report that says what it is told to say."""
        primary = PRIMARY[self.task]
        row = {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 1}
        content = {
            "task": self.task,
            "primary": primary,
            "score": score,
            "dev": {primary: 0.7},
            "test": {primary: score, "classes": dict.fromkeys(("A/B", "positive"), row)},
            "baseline": {"name": "linear", "score": 0.4},
            "behaviour": {"typos": {"cases": 20, "failed": 5, "share": 0.25}},
            "examples": {"dev": 2, "test": examples},
        }
        self.metrics.parent.mkdir(parents=True, exist_ok=True)
        self.metrics.write_text(json.dumps(content))
        (self.metrics.parent / "confusion.csv").write_text("actual,predicted\npositive,negative\n")

    def write_examples(self, split: str, labels: list[str]) -> None:
        """Writes one text for each label; of named entities there are none."""
        given = {"tokens": tuple(WORDS), "tags": ("O",) * len(WORDS)} if self.task == "ner" else None
        examples.write(
            self.test_set.with_name(f"{split}.jsonl"),
            [
                Example(f"{i}", f"f:{i}", **(given or {"text": " ".join(WORDS), "label": label}))
                for i, label in enumerate(labels)
            ],
        )

    def write_baseline(self, labels: list[str]) -> None:
        """Writes what the linear model said of the test set: a label for each text, or no entity at all."""
        path = Path("data/baselines") / NAME / "predictions.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        said = [["O"] * len(WORDS)] * len(labels) if self.task == "ner" else labels
        rows = [json.dumps({"id": f"{i}", "predicted": answer}) for i, answer in enumerate(said)]
        path.write_text("\n".join(rows) + "\n")

    def write_validation(self, *, success: bool) -> None:
        """Writes the verdict on the data."""
        path = Path("data/validation") / NAME / "report.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"success": success}))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """A folder where two processes made the store at once, which takes seconds, and their exit codes."""
    folder = tmp_path_factory.mktemp("store")
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    command = [sys.executable, "-c", "from nlp_rnn.integrations import store; store.prepare()"]
    both = [subprocess.Popen(command, cwd=folder, env=environment) for _ in range(2)]
    return folder, [process.wait(timeout=300) for process in both]


@pytest.fixture
def folder(tmp_path: Path, prepared: tuple[Path, list[int]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: empty but for MLflow's store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    Path("mlruns").mkdir()
    shutil.copy(prepared[0] / "mlruns" / "mlflow.db", "mlruns/mlflow.db")
    return tmp_path


@pytest.fixture
def workspace(folder: Path) -> Workspace:
    """A run `toy` whose package finds all texts negative, which is right of 30 in 100."""
    made = Workspace()
    made.train(seed=1, says="negative")
    assert made.evaluate() == 0.3
    return made


@pytest.fixture
def tagger(folder: Path) -> Workspace:
    """The same for named entities."""
    made = Workspace("ner")
    made.train(seed=1)
    made.evaluate()
    return made
