"""From an alias to the bytes of its data, and no further than what was kept."""

import json
from pathlib import Path

import pytest

from nlp_rnn.inference import package as packages
from nlp_rnn.integrations import registry
from nlp_rnn.operations import lineage, release
from nlp_rnn.schema import NlpRnnError, UsageError

URI = "models:/toy@champion"
LOCK = """\
schema: '2.0'
stages:
  train@toy:
    cmd: exec nlp-rnn train toy
    outs:
    - {path: data/models/toy, md5: 1111.dir}
  ingest@toy:
    outs:
    - {path: data/raw/toy, md5: 2222.dir}
  ingest@other:
    outs:
    - {path: data/raw/other, md5: 3333.dir}
"""
SOURCES = """\
toy:
  source: demo
  address: data/demo/toy
  revision: v1
  fetched: '2026-01-02T03:04:05Z'
  files: {train.conll: abcd}
"""


@pytest.fixture
def released(workspace):
    Path("dvc.lock").write_text(LOCK)
    Path("data/sources.lock").write_text(SOURCES)
    release.promote("toy")
    return workspace


def test_each_step_has_its_digest(released) -> None:
    chain = json.loads(lineage.show(URI, as_json=True))
    assert chain["model"] == URI
    assert chain["package"] == packages.verify(released.package)
    assert chain["MLflow run"] == registry.resolve(URI).run_id != ""
    assert chain["dvc.lock"] == packages.digest(Path("dvc.lock"))
    assert chain["train: data/models/toy"] == "md5 1111.dir"
    assert chain["ingest: data/raw/toy"] == "md5 2222.dir"
    assert chain["examples of test"] == f"sha256 {packages.digest(released.test_set)}"
    assert chain["source"] == "demo (data/demo/toy, revision v1), fetched 2026-01-02T03:04:05Z"
    assert chain["fetched: train.conll"] == "sha256 abcd"
    assert "other" not in json.dumps(chain)
    text = lineage.show(URI, as_json=False).splitlines()
    assert text[0] == URI
    assert len(text) == len(chain)
    assert text[-1].split() == ["fetched:", "train.conll", "sha256", "abcd"]


def test_it_is_that_of_the_version_and_not_of_today(released) -> None:
    before = lineage.show(URI, as_json=True)
    Path("dvc.lock").write_text(LOCK.replace("1111", "9999"))
    Path("data/sources.lock").unlink()
    assert lineage.show(URI, as_json=True) == before


def test_what_was_not_kept_is_left_out_and_what_is_damaged_said(workspace) -> None:
    release.promote("toy")
    chain = json.loads(lineage.show(URI, as_json=True))
    assert "package" in chain
    assert not {"dvc.lock", "source"} & chain.keys()
    with pytest.raises(UsageError, match="there is no models:/toy/9"):
        lineage.show("models:/toy/9", as_json=False)


def test_a_damaged_lock_is_said(released) -> None:
    (kept,) = Path("mlruns/artifacts").rglob("origin/dvc.lock")
    kept.write_text("stages: [")
    with pytest.raises(NlpRnnError, match=r"dvc\.lock of version 1 .* is damaged"):
        lineage.show(URI, as_json=False)
