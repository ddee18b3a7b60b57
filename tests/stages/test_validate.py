import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nlp_rnn import params
from nlp_rnn.data import examples
from nlp_rnn.schema import DataError, DataRefused, Example
from nlp_rnn.stages import validate

PARAMS = """
seed: 13
threads: 1
runs:
  reviews:
    {task: sentiment, language: en, data: {source: demo},
     tokenizer: {}, pretraining: {}, model: {}, training: {}}
"""
ROOT = Path(__file__).parents[2]
COVERAGE = {split: {"tokens": 200, "unknown": 20} for split in ("train", "dev", "test")}
FOLDER = Path("data/validation/reviews")


@pytest.fixture(autouse=True)
def _workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)
    Path("data/tokens/reviews").mkdir(parents=True)
    Path("data/tokens/reviews/coverage.json").write_text(json.dumps(COVERAGE))
    for split in COVERAGE:
        write(split, [f"{split} <{number}>" for number in range(30)])


def write(split, texts, labels=("bad", "good")):
    rows = enumerate(texts)
    examples.write(
        Path("data/examples/reviews") / f"{split}.jsonl",
        (Example(f"{split}-{i}", f"{split}.csv:{i + 2}", text=text, label=labels[i % 2]) for i, text in rows),
    )


def test_clean_data_is_accepted_and_reported(capsys):
    validate.main(params.load("reviews"))

    report = json.loads((FOLDER / "report.json").read_text())
    assert report["success"] is True
    assert report["counts"] == {"train": 30, "dev": 30, "test": 30}
    assert not report["refused"]
    assert {path.name for path in FOLDER.iterdir()} == {"report.json", "docs"}
    assert "reviews: data accepted" in (FOLDER / "docs/index.html").read_text()
    assert ", 0 failed" in capsys.readouterr().out


def test_refused_data_is_reported_all_the_same_and_its_rows_are_named():
    write("dev", [f"dev {number}" for number in range(30)], labels=("bad", "great"))

    with pytest.raises(DataRefused) as error:
        validate.main(params.load("reviews"))

    assert "labels_known (15 rows: dev.csv:3, dev.csv:5, dev.csv:7, ...)" in str(error.value)
    assert str(FOLDER / "docs/index.html") in str(error.value)
    report = json.loads((FOLDER / "report.json").read_text())
    assert report["success"] is False
    assert [row["origin"] for row in report["refused"]] == [f"dev.csv:{line}" for line in range(3, 32, 2)]
    assert "dev.csv:3, dev.csv:5, dev.csv:7, " in (FOLDER / "docs/index.html").read_text()


def test_warnings_are_told_and_stop_nothing(capsys):
    write("train", [f"train {number % 26}" for number in range(30)])

    validate.main(params.load("reviews"))

    told = capsys.readouterr().out
    assert "warning: unrepeated/train (4 rows: train.csv:28, train.csv:29, train.csv:30, ...)" in told


def test_the_command_exits_with_3_and_another_process_writes_the_same_report():
    write("train", [])
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}

    command = [sys.executable, "-m", "nlp_rnn", "validate", "reviews"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith(
        "nlp-rnn: reviews: the data is not fit to train on: has_rows/train (0, limit 1)"
    )
    assert "Traceback" not in done.stderr
    report = (FOLDER / "report.json").read_bytes()
    with pytest.raises(DataRefused):
        validate.main(params.load("reviews"))
    assert (FOLDER / "report.json").read_bytes() == report


@pytest.mark.parametrize("content", [None, "{", "{}", '{"train": 1, "dev": 1, "test": 1}'])
def test_coverage_that_is_missing_or_damaged_says_what_to_run(content):
    path = Path("data/tokens/reviews/coverage.json")
    if content is None:
        path.unlink()
    else:
        path.write_text(content)

    with pytest.raises(DataError, match=r"coverage\.json: .*run `nlp-rnn tokenize reviews`"):
        validate.main(params.load("reviews"))
