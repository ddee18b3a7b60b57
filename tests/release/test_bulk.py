"""Files of texts answered into files: every form, constant memory, and on from where it was killed."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nlp_rnn.inference import Predictor, load
from nlp_rnn.operations import bulk
from nlp_rnn.schema import DataError, UsageError

TEXTS = ["Maria flew to Rome", "", "not bad , at all", 'she said "no"\nand left', "上海\u2028 🙂"]


@pytest.fixture
def predictor(workspace) -> Predictor:
    return load(workspace.package)


def expected(predictor: Predictor) -> list[dict]:
    return [{"id": str(i), **answer.to_record()} for i, answer in enumerate(predictor.predict(TEXTS))]


def write(path: Path) -> Path:
    if path.suffix == ".jsonl":
        rows = [json.dumps({"id": str(i), "text": text}) for i, text in enumerate(TEXTS)]
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("id", "text"), *((str(i), text) for i, text in enumerate(TEXTS))])
    else:
        import pyarrow
        from pyarrow import parquet

        ids = [str(i) for i in range(len(TEXTS))]
        parquet.write_table(pyarrow.table({"id": ids, "text": TEXTS}), path)
    return path


def read(path: Path) -> list[dict]:
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
    else:
        from pyarrow import parquet

        found = parquet.read_table(path).to_pylist()
    return [{**row, "scores": json.loads(row["scores"])} for row in found]


@pytest.mark.parametrize("source", ["in.jsonl", "in.csv", "in.parquet"])
@pytest.mark.parametrize("output", ["out.jsonl", "out.csv", "out.parquet"])
def test_rows_keep_their_columns_and_get_an_answer(predictor, tmp_path, source, output) -> None:
    path, seen = tmp_path / output, []
    count = bulk.predict(predictor, write(tmp_path / source), path, progress=seen.append)
    assert count == len(TEXTS) == sum(seen)
    assert read(path) == expected(predictor)
    assert {file.name for file in tmp_path.iterdir() if file.name.startswith(".")} == set()


def test_lines_are_texts(predictor, tmp_path) -> None:
    (tmp_path / "in.txt").write_text("a\r\n\nb\u2028c\n", encoding="utf-8")
    bulk.predict(predictor, tmp_path / "in.txt", tmp_path / "out.jsonl")
    assert [row["text"] for row in read(tmp_path / "out.jsonl")] == ["a", "", "b\u2028c"]


def test_it_goes_on_where_it_stopped_and_not_with_another_file(predictor, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 2)
    source, output = write(tmp_path / "in.jsonl"), tmp_path / "out.jsonl"
    whole = source.read_text(encoding="utf-8")
    lines = whole.splitlines(keepends=True)
    source.write_text("".join([*lines[:3], "broken\n", *lines[4:]]), encoding="utf-8")
    with pytest.raises(DataError, match=r"in\.jsonl:4: not a JSON object"):
        bulk.predict(predictor, source, output)
    assert not output.exists()
    kept = tmp_path / ".out.jsonl.unfinished"
    assert kept.read_bytes().count(b"\n") == 2
    with kept.open("ab") as file:
        file.write(b'{"id": "2", "te')  # killed while it wrote

    def again() -> list[int]:
        seen: list[int] = []
        with pytest.raises(DataError):
            bulk.predict(predictor, source, output, progress=seen.append)
        return seen

    assert again() == [2]  # from before, and none new
    source.write_text(whole, encoding="utf-8")
    seen: list[int] = []
    bulk.predict(predictor, source, output, progress=seen.append)
    assert seen == [0, 2, 2, 1]  # it is another file now
    assert read(output) == expected(predictor)


def test_a_killed_command_is_taken_up_again(workspace, tmp_path) -> None:
    source, output = tmp_path / "in.txt", tmp_path / "out.jsonl"
    source.write_text("Maria flew to Rome , not bad at all .\n" * 60_000, encoding="utf-8")
    command = [sys.executable, "-m", "nlp_rnn", "predict", str(workspace.package)]
    command += ["--file", str(source), "--output", str(output)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    note = tmp_path / ".out.jsonl.note"
    while not note.exists():
        time.sleep(0.01)
        assert process.poll() is None, "it ended before it could be killed"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = json.loads(note.read_text())["rows"]
    assert 0 < before < 60_000
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{output}: 60000 rows\n"
    rows = read(output)
    assert len(rows) == 60_000
    assert all(row == rows[0] for row in rows)


def test_what_cannot_be_is_said(predictor, tmp_path) -> None:
    source = write(tmp_path / "in.jsonl")
    with pytest.raises(UsageError, match=r"out\.xls: what kind of file\? It must end in: \.jsonl, \.csv"):
        bulk.predict(predictor, source, tmp_path / "out.xls")
    with pytest.raises(UsageError, match="no-such"):
        bulk.predict(predictor, tmp_path / "no-such.jsonl", tmp_path / "out.jsonl")
    with pytest.raises(DataError, match=r"in\.jsonl:1: there is no 'body' \(there are: id, text\)"):
        bulk.predict(predictor, source, tmp_path / "out.jsonl", column="body")
    (tmp_path / "labeled.csv").write_text("text,label\nfine,positive\n")
    with pytest.raises(UsageError, match="has a column 'label', which the answer would replace"):
        bulk.predict(predictor, tmp_path / "labeled.csv", tmp_path / "out.csv")
    (tmp_path / "ragged.csv").write_text("text,id\nfine\n")
    with pytest.raises(DataError, match=r"ragged\.csv:2: 1 fields, but the header has 2"):
        bulk.predict(predictor, tmp_path / "ragged.csv", tmp_path / "out.csv")
    (tmp_path / "numbers.jsonl").write_text('{"text": 3}\n')
    with pytest.raises(DataError, match=r"numbers\.jsonl:1: 'text' holds no text"):
        bulk.predict(predictor, tmp_path / "numbers.jsonl", tmp_path / "out.csv")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"torn\.parquet: no whole Parquet file"):
        bulk.predict(predictor, tmp_path / "torn.parquet", tmp_path / "out.csv")
