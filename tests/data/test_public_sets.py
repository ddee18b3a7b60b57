"""The four public data sets of the catalog, from NLP_RNN_MIRROR or from a folder beside the project."""

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from nlp_rnn.data import examples
from nlp_rnn.data.sources import catalog
from nlp_rnn.integrations.expectations.validation import validate
from nlp_rnn.params import Data, Run
from nlp_rnn.stages import ingest
from nlp_rnn.text import labels

PROJECT = Path(__file__).parents[2]
MIRROR = Path(os.environ.get("NLP_RNN_MIRROR") or PROJECT.parent / "shared/datasets")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not MIRROR.is_dir(), reason=f"no public data sets: {MIRROR} is not there; set NLP_RNN_MIRROR"
    ),
]


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Ingests a data set of the catalog and reads its examples."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NLP_RNN_MIRROR", str(MIRROR.resolve()))
    catalog.CATALOG.parent.mkdir()
    catalog.CATALOG.write_bytes((PROJECT / catalog.CATALOG).read_bytes())

    def read(name, task, language):
        ingest.main(Run(name=name, task=task, language=language, data=Data(source=f"catalog:{name}")))
        return examples.read_all(Path("data/examples") / name)

    return read


def sizes(splits):
    return [len(splits[split]) for split in ("train", "dev", "test")]


def begun(path):
    """How many tags of a file begin an entity, by a plain search in its text."""
    return len(re.findall(r"[ \t][BS]-\S+$", path.read_text(encoding="utf-8"), re.MULTILINE))


def entities(part):
    return sum(len(labels.spans(example.tags)) for example in part)


def test_wnut17(read):
    splits = read("wnut17", "ner", "en")

    assert sizes(splits) == [3394, 1009, 1287]
    for split, part in splits.items():
        assert entities(part) == begun(MIRROR / f"wnut17/{split}.conll")
    tokens = {token for part in splits.values() for example in part for token in example.tokens}
    assert any("\u200b" in token for token in tokens)
    assert any("\ufeff" in token for token in tokens)
    assert {"NA", "None", "none"} & tokens


def test_resume(read, capsys):
    splits = read("resume", "ner", "zh")

    assert sizes(splits) == [3821, 463, 477]
    cut = {"train": 2, "dev": 0, "test": 0}  # sentences that begin within an entity, for they were cut there
    for split, part in splits.items():
        assert entities(part) == begun(MIRROR / f"resume/{split}.bmes") + cut[split]
        assert not any(labels.illegal(example.tags) for example in part)
    assert "train.bmes: in 2 sentences a tag of BMES continues what was not begun" in capsys.readouterr().err


def test_sst2(read):
    splits = read("sst2", "sentiment", "en")

    assert sizes(splits) == [6920, 872, 1821]
    assert {example.label for part in splits.values() for example in part} == {"0", "1"}
    assert splits["test"][0].text == "no movement , no yuks , not much of anything"


def test_chnsenticorp(read):
    splits = read("chnsenticorp", "sentiment", "zh")

    assert sizes(splits) == [6212, 777, 777]
    everything = [example for part in splits.values() for example in part]
    assert Counter(example.label for example in everything) == {"1": 5322, "0": 7766 - 5322}
    assert sum(example.text == "" for example in everything) == 1
    assert max(len(example.text) for example in everything) == 2924


@pytest.mark.parametrize(
    ("name", "task", "language"),
    [
        ("wnut17", "ner", "en"),
        ("resume", "ner", "zh"),
        ("sst2", "sentiment", "en"),
        ("chnsenticorp", "sentiment", "zh"),
    ],
)
def test_validation_accepts_them(read, name, task, language):
    """Its limits come from these four; none of their peculiarities may stop a run."""
    report = validate(
        read(name, task, language),
        name=name,
        task=task,
        unknown_share={"train": 0.0, "dev": 0.1, "test": 0.2},
        docs_folder=Path("docs"),
    )

    assert report.success
    assert not report.warnings
    assert sum(report.counts.values()) > 4000
