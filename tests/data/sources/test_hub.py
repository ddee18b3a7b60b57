"""The hub's library reads its settings when it is imported, so each test runs in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ONE, TWO = "1" * 40, "2" * 40
SCRIPT = """
import json, sys
from pathlib import Path
from nlp_rnn.data.sources import hub
from nlp_rnn.schema import NlpRnnError
of = {"task": "ner", "language": "en"}
link, folder = Path("data/inputs/a"), Path("fetched")
try:
    hub.point(link, sys.argv[1], **of)
    if sys.argv[2:] == ["fetch"]:
        folder.mkdir()
        fetched = hub.fetch(folder, link, **of, seed=13, sentences=30)
        print(json.dumps([fetched.address, fetched.revision, list(fetched.files)]))
except NlpRnnError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""
CARD = """---
configs:
- config_name: default
  data_files:
  - {split: train, path: data/train.jsonl}
  - {split: validation, path: data/validation.jsonl}
  - {split: test, path: data/test.jsonl}
dataset_info:
  features:
  - {name: tokens, sequence: string}
  - {name: ner_tags, sequence: {class_label: {names: {'0': O, '1': B-PER, '2': I-PER}}}}
  - {name: text, dtype: string}
  - {name: label, dtype: {class_label: {names: {'0': bad, '1': good}}}}
  - {name: when, dtype: 'timestamp[s]'}
---
# Toy
"""


def lines(count, label=None):
    """Rows of a split; `label` for all of them, or else 0 and 1 in turn."""
    rows = (
        {
            "tokens": ["Ann", "Lee", f"\u2028{i}"],
            "ner_tags": [1, 2, 0],
            "text": f"review {i}",
            "label": i % 2 if label is None else label,
            "when": "2026-01-01T00:00:00",
        }
        for i in range(count)
    )
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


FILES = {
    "README.md": CARD.encode(),
    "data/train.jsonl": lines(20),
    "data/validation.jsonl": lines(3),
    "data/test.jsonl": lines(4, label=-1),
}


@pytest.fixture
def toy(serve_hub):
    return serve_hub(repository="org/toy", commits={"main": ONE, "v1": TWO}, files=FILES)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs point, and fetch if asked for, in a new process that knows this hub."""
    monkeypatch.chdir(tmp_path)

    def run(hub, *arguments):
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
            "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
            "HF_HOME": str(tmp_path / "home"),
            "PYTHONPATH": str(Path(__file__).parents[3]),
        }
        return subprocess.run(
            [sys.executable, "-c", SCRIPT, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def pointer():
    return Path("data/inputs/a").read_text()


def test_splits_are_written_with_the_names_of_classes(toy, run):
    Path("org/toy").mkdir(parents=True)  # a folder of the repository's name is not taken for it
    Path("org/toy/train.jsonl").write_bytes(lines(1))

    done = run(toy, "org/toy@v1", "fetch")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["org/toy", TWO, ["dev.jsonl", "train.jsonl"]]
    assert "the labels of test are hidden; left out" in done.stderr
    rows = {
        split: [json.loads(line) for line in Path(f"fetched/{split}.jsonl").read_bytes().splitlines()]
        for split in ("train", "dev")
    }
    assert {split: len(part) for split, part in rows.items()} == {"train": 20, "dev": 3}
    assert rows["dev"][1] == {
        "tokens": ["Ann", "Lee", "\u20281"],
        "ner_tags": ["B-PER", "I-PER", "O"],
        "text": "review 1",
        "label": "good",
    }
    assert not [path for path in Path("home").rglob("*.jsonl") if path.is_file()]  # no cache outlives this


def test_the_only_split_is_train(serve_hub, run):
    hub = serve_hub(
        repository="org/one", commits={"main": ONE}, files={"all.csv": b"text,label\ngood,1\nNA,0\n"}
    )

    done = run(hub, "org/one", "fetch")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["org/one", ONE, ["train.jsonl"]]


def test_the_pointer_holds_the_commit_and_follows_it(toy, run):
    assert run(toy, "org/toy").returncode == 0
    assert pointer().splitlines()[1:] == ["repository: org/toy", "revision: main", f"commit: '{ONE}'"]
    inode = Path("data/inputs/a").stat().st_ino

    assert run(toy, "org/toy").returncode == 0
    assert Path("data/inputs/a").stat().st_ino == inode

    toy.commits["main"] = TWO
    assert run(toy, "org/toy").returncode == 0
    assert f"commit: '{TWO}'" in pointer()


def test_a_hub_out_of_reach_leaves_the_pointer_as_it_is(toy, run):
    run(toy, "org/toy")
    before = pointer()
    toy.shutdown()
    toy.server_close()

    kept = run(toy, "org/toy")
    other = run(toy, "org/toy@v1")
    exact = run(toy, f"org/toy@{TWO}")

    assert (kept.returncode, kept.stderr.count(f"cannot be reached; staying with commit {ONE}")) == (0, 1)
    assert other.returncode == 1
    assert "hub:org/toy@v1: the hub cannot be reached" in other.stderr
    assert exact.returncode == 0  # a commit needs no hub to be pinned
    assert before != pointer()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("org/nothing", "hub:org/nothing: there is no such repository of data"),
        ("a/b/c", "hub:a/b/c: there is no such repository of data"),
        ("org/toy@v9", "hub:org/toy@v9: the repository has no such revision"),
    ],
)
def test_what_the_hub_does_not_have_is_a_usage_error(toy, run, address, message):
    done = run(toy, address)

    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_what_cannot_be_read_is_an_error_without_a_traceback(serve_hub, run):
    files = {"train.jsonl": b'{"text": "a"\n'}
    hub = serve_hub(repository="org/broken", commits={"main": ONE}, files=files)

    done = run(hub, "org/broken", "fetch")

    assert done.returncode == 1
    assert f"hub:org/broken@{ONE}: cannot be read: JSON parse error" in done.stderr
    assert "Traceback" not in done.stderr
