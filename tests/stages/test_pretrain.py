"""pretrain as dvc calls it: nothing for a run that does not ask; for others what train begins with."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from nlp_rnn import params
from nlp_rnn.data import examples
from nlp_rnn.integrations import tracking
from nlp_rnn.schema import DataError, DataRefused, Example, NlpRnnError
from nlp_rnn.stages import network, pretrain, tokenize, train
from nlp_rnn.training.start import start_from_language_model

FOLDER = Path("data/pretrained/tiny")
SIZES: dict[str, Any] = {"hidden_size": 6, "word_size": 5, "bigram_size": 3}
TOWNS = ["Rome", "Oslo", "Bonn", "Lima"]


class Tracker(tracking.Tracker):
    """Notes what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[dict[str, float]] = []
        self.ended = False

    def epoch(self, step: int, metrics: Any) -> None:
        self.epochs.append({"step": step, **metrics})

    def finish(self, package: str | None = None) -> None:
        self.ended = package is None


@pytest.fixture(autouse=True)
def tracker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tracker:
    """A workspace with sixty documents of raw text, and a tracker that needs no store."""
    monkeypatch.chdir(tmp_path)
    for split in ("train", "dev", "test"):
        content = [
            Example(f"{split}-{i}", f"{split}:{i}", tokens=("Ana", "left", town), tags=("B-PER", "O", "O"))
            for i, town in enumerate(TOWNS * 2)
        ]
        examples.write(Path("data/examples/tiny") / f"{split}.jsonl", content)
    write_text(60)
    verdict(True)
    tracker = Tracker()
    monkeypatch.setattr(tracking, "start", lambda *_, **__: tracker)
    return tracker


def write_text(documents: int) -> None:
    raw = Path("data/raw/tiny/unlabeled.txt")
    raw.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"Ben left {TOWNS[i % 4]} for {TOWNS[i * 3 % 4]} .\n" for i in range(documents)]
    raw.write_text("".join(lines), encoding="utf-8")


def verdict(success: bool) -> None:
    report = Path("data/validation/tiny/report.json")
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps({"success": success}))


def run_of(**changes: Any) -> params.Run:
    asked = {"epochs": 2, "batch_tokens": 60, "learning_rate": 0.01, **changes}
    return params.Run(
        name="tiny",
        task="ner",
        language="en",
        data=params.Data("demo", unlabeled="raw.txt"),
        tokenizer=params.Tokenizer(unlabeled_min_count=2, bigrams=64),
        pretraining=params.Pretraining(**SIZES, **asked),
        model=params.Model(**SIZES),
        training=params.Training(epochs=1),
    )


def start(run: params.Run) -> torch.nn.Module:
    """The network before the first step of its training."""
    vocabulary = json.loads(Path("data/tokens/tiny/vocabulary.json").read_text())
    train.devices.make_deterministic(seed=run.training_seed, threads=1)
    model = network.build(run.task, run.model, vocabulary)
    start_from_language_model(model, FOLDER)
    return model


def test_a_run_that_does_not_ask_gets_an_empty_report(tracker: Tracker) -> None:
    pretrain.main(run_of(epochs=0))  # needs no file
    assert [path.name for path in FOLDER.iterdir()] == ["report.json"]
    assert json.loads((FOLDER / "report.json").read_text()) == {"epochs": []}
    assert not tracker.epochs


def test_a_run_that_does_not_ask_imports_no_library() -> None:
    code = (
        "import sys; from nlp_rnn import params; from nlp_rnn.stages import pretrain;"
        "pretrain.main(params.Run('tiny', 'ner', 'en', params.Data('demo')));"
        "print({'torch', 'numpy', 'mlflow', 'tqdm', 'safetensors'} & {*sys.modules})"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": root}
    )
    assert done.stdout.strip() == "set()"


def test_what_is_learned_is_reported_tracked_and_the_same_bytes_twice(
    tracker: Tracker, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of()
    tokenize.main(run)
    seen = []
    for _ in range(2):
        pretrain.main(run)
        seen.append({path.name: path.read_bytes() for path in FOLDER.iterdir()})
    assert seen[0] == seen[1]
    assert {*seen[0]} == {"report.json", "weights.safetensors"}
    report = json.loads(seen[0]["report.json"])
    assert report["tokens"] == 58 * 6  # two of sixty documents are held out
    assert report["held_out"] == {"tokens": 2 * 6, "told_apart": 1.0}
    assert [epoch["epoch"] for epoch in report["epochs"]] == [1, 2]
    assert 1 < report["epochs"][1]["perplexity"] < report["epochs"][0]["perplexity"]
    assert [epoch["step"] for epoch in tracker.epochs] == [1, 2, 1, 2]
    assert tracker.epochs[1]["perplexity"] == pytest.approx(report["epochs"][1]["perplexity"], rel=1e-5)
    assert tracker.ended
    assert "epoch 2, perplexity" in capsys.readouterr().out
    pretrain.main(replace(run, seed=99))
    assert (FOLDER / "weights.safetensors").read_bytes() != seen[0]["weights.safetensors"]


def test_weights_arrive_in_the_network_and_its_package() -> None:
    run = run_of()
    tokenize.main(run)
    pretrain.main(run)
    weights = load_file(FOLDER / "weights.safetensors")
    model = start(run)
    assert {name.split(".")[0] for name in weights} == {"features", "encoder"}
    assert all(torch.equal(model.state_dict()[name], tensor) for name, tensor in weights.items())
    still = replace(run, training=params.Training(epochs=1, learning_rate=0, weight_decay=0, averaging=0))
    train.main(still)
    trained = load_file("data/models/tiny/weights.safetensors")
    assert all(torch.equal(trained[name], tensor) for name, tensor in weights.items())


def test_fewer_words_and_tokens_if_asked() -> None:
    run = run_of(vocabulary=2, tokens=20)
    tokenize.main(run)
    pretrain.main(run)
    report = json.loads((FOLDER / "report.json").read_text())
    assert report["tokens"] == 2 * 6  # of three documents
    assert report["held_out"]["told_apart"] < 0.6


def test_a_run_that_does_not_ask_is_trained_without_any_of_it() -> None:
    run = run_of(epochs=0)
    tokenize.main(run)
    train.main(run)
    without = Path("data/models/tiny/weights.safetensors").read_bytes()
    pretrain.main(run_of())
    train.main(run)
    assert Path("data/models/tiny/weights.safetensors").read_bytes() == without
    train.main(run_of())
    assert Path("data/models/tiny/weights.safetensors").read_bytes() != without


def test_training_says_what_is_missing_or_stale() -> None:
    run = run_of()
    tokenize.main(run)
    pretrain.main(run_of(epochs=0))
    with pytest.raises(DataError, match=r"weights.safetensors: no such file; run `nlp-rnn pretrain tiny`"):
        train.main(run)
    pretrain.main(run)
    wider = replace(run, model=replace(run.model, hidden_size=7))
    with pytest.raises(DataError, match=r"does not fit this network \(`encoder.* run `nlp-rnn pretrain"):
        train.main(wider)
    (FOLDER / "weights.safetensors").write_bytes(b"none")
    with pytest.raises(DataError, match="does not fit this network"):
        train.main(run)


def test_what_cannot_be_learned_from_is_said(tracker: Tracker) -> None:
    write_text(1)
    tokenize.main(run_of())
    with pytest.raises(DataError, match=r"raw.txt: too little text for a language model"):
        pretrain.main(run_of())
    write_text(60)
    tokenize.main(run_of())
    verdict(False)
    with pytest.raises(DataRefused):
        pretrain.main(run_of())
    assert not FOLDER.exists()
    assert not tracker.epochs


def test_a_loss_that_is_no_number_names_the_key_to_change(monkeypatch: pytest.MonkeyPatch) -> None:
    from nlp_rnn.models import LanguageModel

    monkeypatch.setattr(LanguageModel, "loss", lambda self, batch: self.softmax.head.weight.sum() / 0 * 0)
    tokenize.main(run_of())
    with pytest.raises(NlpRnnError, match=r"is nan; lower runs.tiny.pretraining.learning_rate"):
        pretrain.main(run_of())
