"""tokenize and train as dvc calls them, on a handful of sentences: the files, and the same bytes twice."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_rnn import params
from nlp_rnn.data import examples
from nlp_rnn.inference import load, package
from nlp_rnn.integrations import tracking
from nlp_rnn.schema import DataError, DataRefused, Example
from nlp_rnn.stages import tokenize, train, trial
from nlp_rnn.text.encoding import Encoded

SENTENCES = [
    ("Maria Lopez flew to Rome .", "B-PER I-PER O O B-LOC O"),
    ("In Oslo it rained .", "O B-LOC O O O"),
    ("Nobody came .", "O O O"),
    ("Ana and Jo left Rome .", "B-PER O B-PER O B-LOC O"),
] * 6


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    # A store that cannot be reached: tracking gives up with one warning, and training goes on.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    return tmp_path


def run_of(task: str, **training: object) -> params.Run:
    return params.Run(
        name="tiny",
        task=task,  # type: ignore[arg-type]
        language="en",
        data=params.Data(source="demo"),
        tokenizer=params.Tokenizer(bigrams=64, ngrams=64),
        model=params.Model(hidden_size=8, word_size=8, character_size=4, character_filters=4, bigram_size=4),
        training=params.Training(**{"epochs": 4, "batch_tokens": 30, **training}),  # type: ignore[arg-type]
    )


def write_examples(task: str) -> None:
    for split in ("train", "dev", "test"):
        content = [
            Example(
                f"{split}-{i}", f"{split}.conll:{i}", tokens=tuple(text.split()), tags=tuple(tags.split())
            )
            if task == "ner"
            else Example(f"{split}-{i}", f"{split}.jsonl:{i}", text=text, label=["bad", "good"][i % 2])
            for i, (text, tags) in enumerate(SENTENCES)
        ]
        examples.write(Path("data/examples/tiny") / f"{split}.jsonl", content)
    report = Path("data/validation/tiny/report.json")
    report.parent.mkdir(parents=True)
    report.write_text('{"success": true}')


Contents = dict[str, bytes]


def contents(folder: Path) -> Contents:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


@pytest.mark.parametrize("task", ["ner", "sentiment"])
def test_both_stages_write_what_the_interface_says_and_the_same_bytes_twice(
    workspace: Path, task: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_examples(task)
    run = run_of(task)
    seen: list[tuple[Contents, Contents, bytes]] = []
    for _ in range(2):
        tokenize.main(run)
        train.main(run)
        tokens, model = workspace / "data/tokens/tiny", workspace / "data/models/tiny"
        history = workspace / "data/history/tiny.csv"
        seen.append((contents(tokens), contents(model), history.read_bytes()))
    assert seen[0] == seen[1]
    rows = list(csv.DictReader(history.read_text(encoding="utf-8").splitlines()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    encoded = Encoded.load(tokens / "train")
    assert len(encoded) == len(SENTENCES)
    assert isinstance(encoded.forms, np.memmap)
    coverage = json.loads((tokens / "coverage.json").read_text())
    assert coverage["train"] == {"tokens": len(encoded.forms), "unknown": 0}
    assert package.verify(model)
    assert package.read_model(model)["run"] == json.loads(json.dumps(run.resolved()))
    dev = [*examples.read(Path("data/examples/tiny/dev.jsonl"))]
    assert len(load(model).predict_examples(dev)) == len(dev)
    assert "dev" in capsys.readouterr().out


def test_a_refused_report_stops_training(workspace: Path) -> None:
    write_examples("ner")
    tokenize.main(run_of("ner"))
    Path("data/validation/tiny/report.json").write_text('{"success": false}')
    with pytest.raises(DataRefused):
        train.main(run_of("ner"))
    assert not Path("data/models/tiny").exists()


def test_a_label_that_train_lacks_is_named(workspace: Path) -> None:
    write_examples("sentiment")
    examples.write(
        Path("data/examples/tiny/dev.jsonl"), [Example("dev-0", "dev.jsonl:1", text="so so", label="mixed")]
    )
    with pytest.raises(DataError, match="mixed"):
        tokenize.main(run_of("sentiment"))


def test_another_seed_gives_another_model(workspace: Path) -> None:
    write_examples("ner")
    tokenize.main(run_of("ner"))
    digests = set()
    for seed in (1, 2):
        train.main(run_of("ner", seed=seed))
        digests.add(package.verify(Path("data/models/tiny")))
        shutil.rmtree("data/models/tiny")
    assert len(digests) == 2


class Noting(tracking.Tracker):
    """Notes what it is told, and who stands inside of it."""

    def __init__(self, title: str = "") -> None:
        super().__init__()
        self.title = title
        self.inner: list[Noting] = []
        self.logged: list[dict[str, float]] = []
        self.package: str | None = "unfinished"

    def nested(self, name: str, params: Any, *, called: str) -> Noting:
        self.inner.append(Noting(called))
        return self.inner[-1]

    def epoch(self, step: int, metrics: Any) -> None:
        self.logged.append(dict(metrics))

    def finish(self, package: str | None = None) -> None:
        self.package = package


def test_of_several_seeds_the_best_on_dev_is_kept_and_all_are_told(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_examples("ner")
    tokenize.main(run_of("ner"))
    weights, scores = {}, {}
    for seed in (1, 2, 3):
        train.main(run_of("ner", seed=seed, embeddings="random"))
        weights[seed] = Path("data/models/tiny/weights.safetensors").read_bytes()
        scores[seed] = package.read_model(Path("data/models/tiny"))["dev_scores"][str(seed)]
    assert len(set(scores.values())) > 1  # else any of them would do
    outer = Noting()
    monkeypatch.setattr(tracking, "start", lambda *_: outer)
    train.main(run_of("ner", seed=1, seeds=3, embeddings="random"))
    model = package.read_model(Path("data/models/tiny"))
    best = max(scores, key=lambda seed: scores[seed])
    assert model["dev_scores"] == {str(seed): score for seed, score in scores.items()}
    assert model["seed"] == best
    assert Path("data/models/tiny/weights.safetensors").read_bytes() == weights[best]
    rows = list(csv.DictReader(Path("data/history/tiny.csv").read_text(encoding="utf-8").splitlines()))
    assert max(float(row["dev_score"]) for row in rows) == pytest.approx(scores[best], abs=1e-5)
    assert [inner.title for inner in outer.inner] == [f"tiny seed={seed}" for seed in (1, 2, 3)]
    assert all(len(inner.logged) == 4 and inner.package is None for inner in outer.inner)
    mean, deviation = np.mean(list(scores.values())), np.std(list(scores.values()), ddof=1)
    expected = {"dev_f1_mean": mean, "dev_f1_deviation": deviation}
    assert outer.logged == [pytest.approx(expected, abs=1e-5)]
    assert outer.package == package.digest(Path("data/models/tiny/MANIFEST.json"))
    assert f"{mean:.4f} \N{PLUS-MINUS SIGN} {deviation:.4f}" in capsys.readouterr().out
    card = Path("data/models/tiny/README.md").read_text(encoding="utf-8")
    assert f"training of 3 with other seeds ({mean:.4f} \N{PLUS-MINUS SIGN} {deviation:.4f})" in card


def test_replaced_entities_and_perturbed_embeddings_reach_the_training(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    models: list[Any] = []

    def fit(model: object, *_: object, **given: object) -> None:
        models.append(model)
        asked.update(given)
        raise RuntimeError("seen enough")

    monkeypatch.setattr(trial, "fit", fit)
    monkeypatch.setattr(tracking, "start", lambda *_: tracking.Tracker())  # one that stays silent
    write_examples("ner")
    tokenize.main(run_of("ner"))
    with pytest.raises(RuntimeError, match="seen enough"):
        train.main(run_of("ner"))
    assert (asked["variant"], asked["adversarial"]) == (None, 0)
    with pytest.raises(RuntimeError, match="seen enough"):
        train.main(run_of("ner", entity_replacement=1, adversarial=0.5))
    assert asked["adversarial"] == 0.5
    assert (asked["accumulation"], asked["memory_mb"], asked["precision"]) == (1, 0, "auto")
    texts = json.loads(Path("data/tokens/tiny/forms.json").read_text(encoding="utf-8"))
    variant = asked["variant"](1)
    sentences = [
        " ".join(texts[form] for form in variant.forms[start:end])
        for start, end in zip(variant.starts[:-1], variant.starts[1:])
    ]
    assert set(sentences[1::4]) <= {"In Oslo it rained .", "In Rome it rained ."}
    assert set(sentences[2::4]) == {"Nobody came ."}
    assert len(set(sentences)) > len(set(SENTENCES))
    limits = {"accumulation": 3, "memory_mb": 7, "precision": "float32", "truncation": 5}
    with pytest.raises(RuntimeError, match="seen enough"):
        train.main(run_of("ner", **limits))
    assert limits == {**{key: asked.get(key) for key in limits}, "truncation": models[-1].encoder.truncation}


def test_damaged_examples_are_named(workspace: Path) -> None:
    write_examples("ner")
    path = Path("data/examples/tiny/train.jsonl")
    path.write_text(path.read_text()[:-20])
    with pytest.raises(DataError, match=r"train\.jsonl:24"):
        tokenize.main(run_of("ner"))
