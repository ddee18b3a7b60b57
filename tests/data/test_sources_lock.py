from concurrent.futures import ThreadPoolExecutor

import pytest
from ruamel.yaml import YAML

from nlp_rnn.data import sources_lock
from nlp_rnn.data.sources.fetched import Fetched
from nlp_rnn.schema import DataError

FETCHED = Fetched("org/toy", "a" * 40, {"train.jsonl": "1" * 64, "test.jsonl": "2" * 64})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data/sources.lock"


def test_what_was_fetched_is_noted_with_its_time(path):
    sources_lock.record("names", "hub:org/toy", FETCHED, path)

    entry = YAML(typ="safe").load(path)["names"]
    assert entry.pop("fetched").endswith("Z")
    assert entry == {
        "source": "hub:org/toy",
        "address": "org/toy",
        "revision": "a" * 40,
        "files": {"train.jsonl": "1" * 64, "test.jsonl": "2" * 64},
    }


def test_the_same_again_leaves_the_file_alone(path):
    sources_lock.record("names", "hub:org/toy", FETCHED, path)
    sources_lock.record("other", "demo", Fetched("data/demo/ner-en", None, {"a": "b"}), path)
    text = path.read_text().replace("fetched: '20", "fetched: '19")  # a time that no new entry could have
    path.write_text(text)
    inode = path.stat().st_ino

    sources_lock.record("names", "hub:org/toy", FETCHED, path)

    assert path.read_text() == text
    assert path.stat().st_ino == inode


def test_a_new_entry_leaves_the_others_as_they_are(path):
    sources_lock.record("names", "hub:org/toy", FETCHED, path)
    before = path.read_text().replace("fetched: '20", "fetched: '19")
    path.write_text(before)

    sources_lock.record("zoo", "demo", Fetched("data/demo/ner-en", None, {"a": "b"}), path)

    assert path.read_text().startswith(before)


def test_changed_bytes_are_noted(path):
    sources_lock.record("names", "hub:org/toy", FETCHED, path)
    sources_lock.record("names", "hub:org/toy", Fetched("org/toy", "a" * 40, {"train.jsonl": "3" * 64}), path)

    assert YAML(typ="safe").load(path)["names"]["files"] == {"train.jsonl": "3" * 64}


def test_writers_side_by_side_lose_nothing(path):
    names = [f"run-{i}" for i in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: sources_lock.record(name, "demo", FETCHED, path), names))

    assert sorted(YAML(typ="safe").load(path)) == sorted(names)


@pytest.mark.parametrize("content", ["<<<<<<< HEAD\n", "- a\n", "names: 3\n", "a: [\n"])
def test_a_damaged_file_is_named_and_left(path, content):
    path.parent.mkdir()
    path.write_text(content)

    with pytest.raises(DataError, match=r"sources\.lock: is damaged"):
        sources_lock.record("names", "demo", FETCHED, path)
    assert path.read_text() == content
