"""Scoring a package of random weights: what it says is worthless, but it is said in the right form."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from nlp_rnn import models
from nlp_rnn.data.examples import read, write
from nlp_rnn.evaluation.metrics import score
from nlp_rnn.inference import PackageError, writer
from nlp_rnn.inference.shipping import Shipping
from nlp_rnn.integrations import store
from nlp_rnn.params import Data, Model, Run, Training
from nlp_rnn.schema import DataError, Example
from nlp_rnn.stages import evaluate, tokenize
from nlp_rnn.text import ngrams

TAGS = [
    (("Ann", "Lee", "met", "Bo"), ("B-PER", "I-PER", "O", "B-PER")),
    (("we", "left", "Rome"), ("O", "O", "B-LOC")),
]
REVIEWS = [("a lovely film", "good"), ("a dull film", "bad"), ("", "bad")]


@pytest.fixture(params=["ner", "sentiment"])
def run(request, tmp_path, monkeypatch):
    """A run with examples, a package and a baseline, in a workspace whose MLflow store cannot be used."""
    monkeypatch.chdir(tmp_path)
    database = tmp_path / "not.db"
    database.write_text("this is no database, and it is long enough to look like one that was damaged" * 9)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{database}")
    if request.param == "ner":
        examples = [Example(str(i), f"f:{i}", tokens=a, tags=b) for i, (a, b) in enumerate(TAGS * 400)]
    else:
        examples = [Example(str(i), f"f:{i}", text=a, label=b) for i, (a, b) in enumerate(REVIEWS * 400)]
    for split, part in (("train", examples[:3]), ("dev", examples[:5]), ("test", examples)):
        write(Path(f"data/examples/tiny/{split}.jsonl"), part)
    run = Run(
        name="tiny",
        task=request.param,
        language="en",
        data=Data(source="demo"),
        model=Model(hidden_size=4, word_size=4, character_size=2, character_filters=2),
        training=Training(),
    )
    tokenize.main(run)
    write_package(run)
    baseline = Path("data/baselines/tiny/metrics.json")
    baseline.parent.mkdir(parents=True)
    baseline.write_text(json.dumps({"name": "linear", "score": 0.25}))
    return run


def write_package(run):
    tokens = Path("data/tokens") / run.name
    vocabulary = json.loads((tokens / "vocabulary.json").read_text(encoding="utf-8"))
    torch.manual_seed(run.seed)
    model = models.build(
        run.task,
        labels=vocabulary["labels"],
        words=vocabulary["words"],
        characters=len(vocabulary["characters"]) + 2,
        bigrams=vocabulary["bigrams"],
        ngrams=len(ngrams.unpack(vocabulary["ngrams"])),
        **asdict(run.model),
    )
    writer.write(
        Path("data/models") / run.name,
        weights={name: tensor.numpy() for name, tensor in model.state_dict().items()},
        run=run.resolved(),
        labels=vocabulary["labels"],
        characters=vocabulary["characters"],
        tokenizer=tokens / "tokenizer.json",
        ngrams=vocabulary["ngrams"],
        metric="f1",
        dev_scores={13: 0.0},
        seed=13,
        shipping=Shipping("int8", {"fp32": 0.0, "int8": 0.0}, temperature=1.0),
    )


def test_the_report_says_what_the_package_says(run, capsys):
    evaluate.main(run)

    report = Path("data/reports/tiny")
    metrics = json.loads((report / "metrics.json").read_text(encoding="utf-8"))
    records = [json.loads(line) for line in (report / "predictions.jsonl").read_text().splitlines()]
    test = list(read(Path("data/examples/tiny/test.jsonl")))
    assert [record["id"] for record in records] == [example.id for example in test]
    recomputed = score(run.task, [r["gold"] for r in records], [r["predicted"] for r in records])
    assert metrics["test"] == json.loads(json.dumps(recomputed))
    assert metrics["score"] == recomputed[metrics["primary"]]
    assert metrics["baseline"] == {"name": "linear", "score": 0.25}
    assert metrics["examples"] == {"dev": 5, "test": len(test)}
    assert {path.name for path in report.iterdir()} == {
        "metrics.json",
        "predictions.jsonl",
        "confusion.csv",
        "classes.csv",
        "calibration.csv",
        "behaviour.csv",
        "behaviour.jsonl",
    }
    told = capsys.readouterr()
    assert f"tiny: {metrics['primary']} {metrics['score']:.4f} on {len(test)} test examples" in told.out
    assert "tiny test:" not in told.err  # a bar is for a terminal


def test_an_unusable_store_costs_a_warning_and_nothing_else(run, capsys):
    evaluate.main(run)

    assert Path("data/reports/tiny/metrics.json").is_file()
    assert "`nlp-rnn register tiny` logs it later" in capsys.readouterr().err


@pytest.mark.parametrize("run", ["ner"], indirect=True)
def test_a_report_is_logged_to_the_run_of_its_package(run, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlruns/mlflow.db")
    sources = Path("data/sources.lock")
    sources.write_text("tiny: {address: demo}\nother: {}\n")
    evaluate.main(run)
    evaluate.main(run)  # the same report is logged once

    client = store.client()
    found = client.search_runs([store.experiment(client, "tiny")])
    assert len(found) == 1
    logged = json.loads(Path("data/reports/tiny/metrics.json").read_text(encoding="utf-8"))
    assert found[0].data.metrics[f"test_{logged['primary']}"] == logged["score"]
    assert found[0].data.metrics["baseline_score"] == 0.25
    fetched = [json.loads(inputs.dataset.source)["fetched"] for inputs in found[0].inputs.dataset_inputs]
    assert fetched == [{"address": "demo"}] * 3


def test_what_an_earlier_stage_left_out_is_named(run):
    Path("data/baselines/tiny/metrics.json").unlink()
    with pytest.raises(DataError, match="run `nlp-rnn baseline tiny` first"):
        evaluate.main(run)
    assert not Path("data/reports").exists()


def test_a_damaged_package_is_not_scored(run):
    path = Path("data/models/tiny/model.json")
    path.write_text(path.read_text() + " ")

    with pytest.raises(PackageError, match="changed"):
        evaluate.main(run)
    assert not Path("data/reports").exists()


def test_a_package_for_another_task_is_not_scored(run):
    other = Run(
        name="tiny",
        task="sentiment" if run.task == "ner" else "ner",
        language="en",
        data=run.data,
    )
    with pytest.raises(DataError, match=f"a model for {run.task}, not {other.task}"):
        evaluate.main(other)
