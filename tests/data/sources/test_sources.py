import os
from pathlib import Path

import pytest

from nlp_rnn.data import sources
from nlp_rnn.data.sources import demo, file, pointer
from nlp_rnn.schema import UsageError

OF = {"task": "ner", "language": "en"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project's folder, which is the working folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def fetch(source, link, **options):
    folder = Path("fetched")
    folder.mkdir()
    return source.fetch(folder, link, **{**OF, "seed": 13, "sentences": 30, **options})


@pytest.mark.parametrize(
    ("source", "parsed"),
    [
        ("demo", ("demo", "")),
        ("file:data set/a:b.csv", ("file", "data set/a:b.csv")),
        ("catalog:wnut17", ("catalog", "wnut17")),
        ("hub:org/toy@v1", ("hub", "org/toy@v1")),
    ],
)
def test_sources_are_parsed(source, parsed):
    assert sources.parse(source) == parsed


@pytest.mark.parametrize(
    "source", ["", "demos", "demo:x", "file:", "catalog", "hub:", "ftp://x", "FILE:x", ":x"]
)
def test_an_unknown_source_lists_the_valid_forms(source):
    with pytest.raises(UsageError, match=r"use one of: demo, file:PATH, catalog:NAME, hub:REPO\[@REVISION\]"):
        sources.parse(source)


def test_links_are_relative_inside_the_project_and_absolute_outside(project, tmp_path):
    (project / "my").mkdir()
    (tmp_path / "outside.csv").write_text("")
    inside, outside = Path("data/inputs/a"), Path("data/inputs/b")

    file.point(inside, "my", **OF)
    file.point(outside, "../outside.csv", **OF)

    assert os.readlink(inside) == "../../my"
    assert os.readlink(outside) == str(tmp_path / "outside.csv")


def test_a_right_link_stays_untouched_and_a_wrong_one_is_replaced(project):
    link = Path("data/inputs/a")
    for name in ("one.csv", "two.csv"):
        Path(name).write_text(name)
    file.point(link, "one.csv", **OF)
    inode = link.lstat().st_ino

    file.point(link, "one.csv", **OF)
    assert link.lstat().st_ino == inode

    file.point(link, "two.csv", **OF)
    assert link.read_text() == "two.csv"
    pointer.save(link, {"name": "x"})
    assert pointer.load(link) == {"name": "x"}
    assert Path("two.csv").read_text() == "two.csv"


def test_a_right_file_stays_untouched(project):
    link = Path("data/inputs/a")
    pointer.save(link, {"name": "x", "files": {"a": "é"}})
    inode = link.stat().st_ino

    pointer.save(link, {"name": "x", "files": {"a": "é"}})

    assert link.stat().st_ino == inode


def test_a_folder_in_the_place_of_a_pointer_is_not_removed(project):
    Path("data/inputs/a/mine").mkdir(parents=True)
    Path("my.csv").write_text("")

    with pytest.raises(UsageError, match="data/inputs/a: is a folder"):
        file.point(Path("data/inputs/a"), "my.csv", **OF)
    assert Path("data/inputs/a/mine").is_dir()


def test_a_file_that_is_not_there_is_a_usage_error(project):
    with pytest.raises(UsageError, match=r"my/names\.csv: no such file or folder"):
        file.point(Path("data/inputs/a"), "my/names.csv", **OF)
    assert not Path("data").exists()


def test_a_folder_is_copied_byte_for_byte_under_its_own_names(project):
    Path("my").mkdir()
    for name in ("train.conll", "valid.conll", "notes.txt"):
        Path("my", name).write_bytes(name.encode() + b"\r\n\xff")
    file.point(Path("data/inputs/a"), "my", **OF)

    fetched = fetch(file, Path("data/inputs/a"))

    assert fetched.address == "my"
    assert list(fetched.files) == ["train.conll", "valid.conll"]
    assert Path("fetched/valid.conll").read_bytes() == b"valid.conll\r\n\xff"
    # `printf 'train.conll\r\n\377' | sha256sum`
    assert fetched.files["train.conll"] == (
        "9b324ad40816e4beebb744ef73b8bfa1ca92d5705437c84e3e1c251c63399f4a"
    )


@pytest.mark.parametrize(
    ("task", "language", "suffix"),
    [
        ("ner", "en", "conll"),
        ("ner", "zh", "conll"),
        ("sentiment", "en", "jsonl"),
        ("sentiment", "zh", "jsonl"),
    ],
)
def test_the_demo_generates_train_and_copies_the_rest(project, task, language, suffix):
    tests = Path(f"data/demo/{task}-{language}")
    tests.mkdir(parents=True)
    for split in ("dev", "test"):
        (tests / f"{split}.{suffix}").write_text(f"{split}, by hand")
    of = {"task": task, "language": language}
    link = Path("data/inputs/a")

    demo.point(link, "", **of)
    fetched = fetch(demo, link, **of)

    assert os.readlink(link) == f"../demo/{task}-{language}"
    assert list(fetched.files) == [f"dev.{suffix}", f"test.{suffix}", f"train.{suffix}"]
    for split in ("dev", "test"):
        assert Path(f"fetched/{split}.{suffix}").read_text() == f"{split}, by hand"
    end = "\n\n" if task == "ner" else "\n"
    assert Path(f"fetched/train.{suffix}").read_text().count(end) == 30
    assert demo.fetch(project / "fetched", link, **of, seed=13, sentences=30) == fetched
    assert demo.fetch(project / "fetched", link, **of, seed=14, sentences=30) != fetched


def test_the_demo_needs_the_projects_folder(project):
    with pytest.raises(
        UsageError, match="data/demo/ner-en: no such folder; run this in the project's folder"
    ):
        demo.point(Path("data/inputs/a"), "", **OF)
