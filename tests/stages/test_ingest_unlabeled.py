"""`data.unlabeled` and `data.vectors`: pointers that DVC follows, and raw text that ingest brings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from nlp_rnn.data import sources, unlabeled
from nlp_rnn.params import Data, Run
from nlp_rnn.schema import DataError, UsageError
from nlp_rnn.stages import ingest

INPUTS = Path("data/inputs/mine")
DVC_YAML = """\
stages:
  ingest:
    cmd: cat data/inputs/mine/unlabeled > out.txt
    deps: [data/inputs/mine]
    outs: [out.txt]
"""


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    """A working folder with a small labeled corpus and some raw text."""
    monkeypatch.chdir(tmp_path)
    Path("my").mkdir()
    for split in ("train", "dev", "test"):
        Path("my", f"{split}.conll").write_text("Ann B-PER\nmet O\n", encoding="utf-8")
    Path("raw.txt").write_text("Ann met Bo\n\n  \nin Rome\n", encoding="utf-8")
    return tmp_path


def run(source="file:my", unlabeled="raw.txt", **data):
    return Run("mine", "ner", "en", Data(source, unlabeled=unlabeled, **data))


def point(unlabeled=None, vectors=None, source="file:my"):
    return sources.point("mine", source, task="ner", language="en", unlabeled=unlabeled, vectors=vectors)


def test_raw_text_lies_beside_the_splits_as_it_was_and_is_noted(capsys):
    ingest.main(run())

    raw = Path("data/raw/mine")
    assert (raw / "unlabeled.txt").read_bytes() == Path("raw.txt").read_bytes()
    assert list(unlabeled.read(raw / "unlabeled.txt")) == ["Ann met Bo", "in Rome"]
    assert sorted(path.name for path in Path("data/examples/mine").iterdir()) == [
        "dev.jsonl",
        "test.jsonl",
        "train.jsonl",
    ]
    entry = YAML(typ="safe").load(Path("data/sources.lock"))["mine"]
    assert sorted(entry["files"]) == ["dev.conll", "test.conll", "train.conll", "unlabeled.txt"]
    assert capsys.readouterr().out.endswith("mine unlabeled: 2 documents\n")


def test_a_single_file_with_raw_text_is_still_split():
    rows = "".join(f"review {i}\t{'good' if i % 2 else 'bad'}\n" for i in range(40))
    Path("all.tsv").write_text(rows)

    ingest.main(Run("mine", "sentiment", "en", Data("file:all.tsv", unlabeled="raw.txt")))

    assert len(Path("data/examples/mine/dev.jsonl").read_text().splitlines()) == 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"raw\.txt: the file is empty"),
        (b" \n\n\t\n", r"raw\.txt: no line holds any text"),
        (b"fine\nalso fine\nB\xf6\n", r"raw\.txt:3: byte 2 of the line \(0xf6\) is not UTF-8"),
    ],
)
def test_raw_text_that_is_none_is_named_and_nothing_is_kept(content, message):
    Path("raw.txt").write_bytes(content)

    with pytest.raises(DataError, match=message):
        ingest.main(run())
    assert not Path("data/raw/mine").exists()


@pytest.mark.parametrize("key", ["unlabeled", "vectors"])
def test_a_file_that_is_not_there_is_a_usage_error(key):
    with pytest.raises(UsageError, match=rf"nothing\.txt: no such file; `data\.{key}` in params\.yaml"):
        point(**{key: "nothing.txt"})
    assert not INPUTS.exists()


def test_pointers_turn_into_a_folder_and_back():
    Path("vectors.txt").write_text("a 1 2\n")
    assert point().source == INPUTS
    assert os.readlink(INPUTS) == "../../my"

    found = point("raw.txt", "vectors.txt")
    assert found == sources.Inputs(INPUTS / "source", INPUTS / "unlabeled", INPUTS / "vectors")
    assert os.readlink(found.source) == "../../../my"
    assert sorted(path.name for path in INPUTS.iterdir()) == ["files", "source", "unlabeled", "vectors"]
    assert {path.name for path in (INPUTS / "files").iterdir()} == {
        f"{s}.conll" for s in ("train", "dev", "test")
    }
    Path("my/dev.conll").unlink()
    inode = (INPUTS / "unlabeled").lstat().st_ino
    assert point("raw.txt").vectors is None
    assert sorted(path.name for path in INPUTS.iterdir()) == ["files", "source", "unlabeled"]
    assert {path.name for path in (INPUTS / "files").iterdir()} == {"train.conll", "test.conll"}
    assert (INPUTS / "unlabeled").lstat().st_ino == inode  # what is right stays as it is

    assert point().source == INPUTS
    assert os.readlink(INPUTS) == "../../my"
    assert [path.name for path in INPUTS.parent.iterdir()] == ["mine"]


def test_a_folder_that_is_not_ours_is_left_alone():
    INPUTS.mkdir(parents=True)
    (INPUTS / "thesis.txt").touch()

    with pytest.raises(UsageError, match="is a folder where a pointer"):
        point()
    assert (INPUTS / "thesis.txt").exists()


def test_dvc_notices_every_changed_byte(monkeypatch):
    """A folder's link to a folder would be passed over without a word."""
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    dvc = [sys.executable, "-m", "dvc"]

    def status() -> str:
        return subprocess.run([*dvc, "status"], check=True, capture_output=True, text=True).stdout

    subprocess.run(["git", "init", "--quiet"], check=True)
    subprocess.run([*dvc, "init", "--quiet"], check=True)
    Path("dvc.yaml").write_text(DVC_YAML)
    point("raw.txt")
    subprocess.run([*dvc, "repro", "--quiet"], check=True)
    assert "up to date" in status()
    for path in ("raw.txt", "my/train.conll"):
        before = Path(path).read_text()
        Path(path).write_text(before + "more O\n")
        assert "modified" in status(), path
        Path(path).write_text(before)
        assert "up to date" in status()
