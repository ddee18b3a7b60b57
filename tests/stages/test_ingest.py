import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from nlp_rnn.data import examples
from nlp_rnn.params import Data, Run
from nlp_rnn.schema import DataError, UsageError
from nlp_rnn.stages import ingest

PROJECT = Path(__file__).parents[2]
NAMES = {
    "train.conll": "Ann B-PER\nLee I-PER\nmet O\nBo B-PER\n\nRome B-LOC\n",
    "dev.conll": "Bo B-PER\n",
    "test.conll": "in O\nBonn B-LOC\n",
}


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(source="file:my", task="ner", **data):
    return Run(name="mine", task=task, language="en", data=Data(source=source, **data))


def write(files, folder="my"):
    Path(folder).mkdir(exist_ok=True)
    for name, content in files.items():
        Path(folder, name).write_bytes(content if isinstance(content, bytes) else content.encode())


def tree(folder="data"):
    """Every file below a folder with its bytes, but for the note with the time."""
    paths = (path for path in Path(folder).rglob("*") if path.is_file() and "sources.lock" not in path.name)
    return {str(path): path.read_bytes() for path in paths}


def test_a_folder_becomes_raw_bytes_examples_and_a_note(capsys):
    write({**NAMES, "README.md": "not data"})

    ingest.main(run())

    assert os.readlink("data/inputs/mine") == "../../my"
    assert {path.name: path.read_text() for path in Path("data/raw/mine").iterdir()} == NAMES
    lines = Path("data/examples/mine/train.jsonl").read_text().splitlines()
    assert json.loads(lines[0]) == {
        "id": "train-0",
        "origin": "train.conll:1",
        "tokens": ["Ann", "Lee", "met", "Bo"],
        "tags": ["B-PER", "I-PER", "O", "B-PER"],
    }
    assert sorted(path.name for path in Path("data/examples").rglob("*")) == [
        "dev.jsonl",
        "mine",
        "test.jsonl",
        "train.jsonl",
    ]
    entry = YAML(typ="safe").load(Path("data/sources.lock"))["mine"]
    assert (entry["source"], entry["address"], sorted(entry["files"])) == ("file:my", "my", sorted(NAMES))
    assert capsys.readouterr().out.splitlines() == [
        "mine train: 2 sentences, 5 tokens, 3 entities (LOC 1, PER 2)",
        "mine dev: 1 sentences, 1 tokens, 1 entities (PER 1)",
        "mine test: 1 sentences, 2 tokens, 1 entities (LOC 1)",
    ]


def test_a_single_file_is_split_and_an_empty_review_is_kept(capsys):
    rows = [f"{i % 2},review {i}" for i in range(99)]
    write({"all.csv": "\n".join(["label,review", *rows, "1,"])})

    ingest.main(run("file:my/all.csv", task="sentiment"))

    splits = examples.read_all(Path("data/examples/mine"))
    assert {split: len(part) for split, part in splits.items()} == {"train": 80, "dev": 10, "test": 10}
    assert sorted(int(e.origin.removeprefix("all.csv:")) for part in splits.values() for e in part) == list(
        range(2, 102)
    )
    assert [e.origin for part in splits.values() for e in part if e.text == ""] == ["all.csv:101"]
    assert capsys.readouterr().out.startswith("mine train: 80 texts (0 ")


def test_the_same_input_gives_the_same_bytes_wherever_it_lies(monkeypatch, tmp_path):
    contents = []
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        write({"all.csv": "".join(f"{i % 2},review {i}\n" for i in range(50))})
        ingest.main(run(task="sentiment"))
        contents.append(tree())

    assert contents[0] == contents[1]


def test_the_same_again_changes_nothing():
    write(NAMES)
    ingest.main(run())
    note = Path("data/sources.lock").stat()
    before = tree()

    ingest.main(run())

    assert tree() == before
    assert (Path("data/sources.lock").stat().st_ino, Path("data/sources.lock").stat().st_mtime_ns) == (
        note.st_ino,
        note.st_mtime_ns,
    )


def test_columns_are_taken_as_params_say():
    row = {"body": "good", "stars": 5, "text": "not this"}
    write({f"{split}.jsonl": json.dumps(row) for split in ("train", "dev", "test")})

    ingest.main(run(task="sentiment", text="body", label="stars"))

    (example,) = examples.read(Path("data/examples/mine/test.jsonl"))
    assert (example.text, example.label, example.id) == ("good", "5", "test-0")


def test_odd_but_proper_text_arrives_as_it_is():
    tagged = "\ufeffa\u2028b B-PER\r\n\ufeff O\r\n\r\nNA O\r\n❤\ufe0f O"
    write(dict.fromkeys(NAMES, tagged))

    ingest.main(run())

    for part in examples.read_all(Path("data/examples/mine")).values():
        assert [e.tokens for e in part] == [("a\u2028b", "\ufeff"), ("NA", "❤\ufe0f")]
        assert [e.tags for e in part] == [("B-PER", "O"), ("O", "O")]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"train.conll": ""}, r"data/raw/mine/train\.conll: the file is empty"),
        ({"test.conll": b"Ann B-PER\nB\xf6 O\n"}, r"data/raw/mine/test\.conll:2: .*is not UTF-8"),
        ({"dev.conll": "Ann B-PER\nLee\n"}, r"data/raw/mine/dev\.conll:2: 1 column"),
        (
            {"dev.conll": "Ann B-PER\n\na O\nU.N. B-ORG\n"},
            r"data/raw/mine/dev\.conll:3: 'ORG' does not occur in",
        ),
        (
            {"test.conll": "U.N. S-ORG\n"},
            r"data/raw/mine/test\.conll:1: 'ORG' does not occur in train.*LOC, PER",
        ),
    ],
)
def test_bad_data_is_named_by_file_and_line_and_makes_no_examples(files, message):
    write({**NAMES, **files})

    with pytest.raises(DataError, match=message):
        ingest.main(run())
    assert not Path("data/examples").exists()
    assert not Path("data/sources.lock").exists()


def test_an_unknown_label_is_named_by_file_and_line():
    write({"train.tsv": "text\tlabel\na\tgood\nb\tbad\n", "test.tsv": "text\tlabel\nc\tgood\nd\tso-so\n"})
    write({"dev.tsv": "text\tlabel\nc\tgood\n"})

    with pytest.raises(DataError, match=r"data/raw/mine/test\.tsv:3: 'so-so' does not occur in train"):
        ingest.main(run(task="sentiment"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("file:nothing.csv", r"nothing\.csv: no such file or folder"),
        ("ftp://host/data", "is not a source; use one of: demo, file:PATH"),
        ("demo", "run this in the project's folder"),
        ("catalog:wnut17", r"data/catalog\.yaml: no such file"),
    ],
)
def test_a_source_that_does_not_exist_is_a_usage_error(source, message):
    with pytest.raises(UsageError, match=message):
        ingest.main(run(source))
    assert not Path("data/raw").exists()


def test_earlier_results_outlive_a_failure():
    write(NAMES)
    ingest.main(run())
    before = tree("data/examples")
    write({"dev.conll": "broken\n"})

    with pytest.raises(DataError):
        ingest.main(run())
    assert tree("data/examples") == before


def test_a_killed_ingest_leaves_nothing_half_written():
    rows = "".join(f'{{"text": "review {i}", "label": "{i % 2}"}}\n' for i in range(2000))
    write({f"{split}.jsonl": rows for split in ("train", "dev", "test")})
    script = """
import os, signal, sys
from nlp_rnn.params import Data, Run
from nlp_rnn.stages import ingest

left = int(sys.argv[1])
def count(event, arguments):
    global left
    changes = event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir")
    if changes or (event == "open" and "data/" in str(arguments[0])):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
ingest.main(Run(name="mine", task="sentiment", language="en", data=Data(source="file:my")))
"""
    command = [sys.executable, "-c", script]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    killed = 0
    for events in range(1, 100, 3):
        done = subprocess.run([*command, str(events)], env=environment, capture_output=True, timeout=60)
        for folder in (Path("data/raw/mine"), Path("data/examples/mine")):
            if folder.exists():
                counts = {p.name: p.read_bytes().count(b"\n") for p in folder.iterdir()}
                assert counts == {"train.jsonl": 2000, "dev.jsonl": 2000, "test.jsonl": 2000}
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
        killed += 1
    else:
        pytest.fail("no trial ran to its end")
    assert killed > 3
