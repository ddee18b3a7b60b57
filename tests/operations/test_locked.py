"""What dvc.lock says, against DVC itself; and which bytes are not what it says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from nlp_rnn.operations import locked
from nlp_rnn.operations.locked import Entry
from nlp_rnn.schema import NlpRnnError

PIPELINE = """
stages:
  fetch: {cmd: "mkdir raw && cp -r in raw/in && cp in/b raw/Z", deps: [in], outs: [raw]}
  count: {cmd: "wc raw/in/a > counts", deps: [raw], outs: [counts]}
  fit: {cmd: "cat counts raw/in/b > model", deps: [counts, raw], outs: [model]}
  other: {cmd: "cp model other", deps: [model], outs: [other]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder in which DVC ran a few stages."""
    (tmp_path / "in").mkdir()
    for name in ("a", "b", "\u4e2d"):
        (tmp_path / "in" / name).write_text(f"text of {name}\n")
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    for words in (["init", "--no-scm", "--quiet"], ["repro", "--quiet"]):
        subprocess.run([sys.executable, "-m", "dvc", *words], cwd=tmp_path, check=True)
    return tmp_path


def test_digests_and_order_are_those_of_dvc(project: Path) -> None:
    lock = YAML(typ="safe").load(project / "dvc.lock")
    stages = locked.stages(lock, "fit")
    assert [stage.name for stage in stages] == ["fetch", "count", "fit"]
    cache = project / ".dvc/cache"
    for stage in stages:
        assert list(locked.differences(project, stage.deps + stage.outs, [cache])) == []
    raw = stages[0].outs
    assert raw[0].md5.endswith(".dir")
    # DVC makes what it caches read-only, and then trusts it; a byte is a byte.
    changed = project / "raw/in/a"
    changed.chmod(0o644)
    changed.write_text("text of A\n")
    (project / "raw/Z").unlink()
    (project / "raw/new").write_text("")
    found = [("raw/Z", "missing"), ("raw/in/a", "changed"), ("raw/new", "new")]
    assert list(locked.differences(project, raw, [cache])) == found
    assert list(locked.differences(project, raw)) == [("raw", "changed")]
    shutil.rmtree(project / "raw")
    digest = locked.md5(project / "in/b")
    kept = cache / "files/md5" / digest[:2] / digest[2:]
    kept.unlink()
    assert list(locked.differences(project, raw, [cache])) == [("raw/Z", "missing"), ("raw/in/b", "missing")]
    (listing,) = cache.rglob("*.dir")
    listing.chmod(0o644)
    listing.write_text(json.dumps([]))
    assert list(locked.differences(project, raw, [cache])) == [("raw", "missing")]
    assert list(locked.differences(project, [Entry("nowhere", "0")], [cache])) == [("nowhere", "missing")]


@pytest.mark.parametrize(
    "lock", [{}, {"stages": {"fit": {"deps": [{}]}}}, {"stages": []}, {"stages": {"fit": 1}}]
)
def test_what_is_no_lock_is_said(lock: dict) -> None:
    with pytest.raises(NlpRnnError, match=r"dvc\.lock"):
        locked.stages(lock, "fit@one")


def test_a_stage_that_never_ran_is_named() -> None:
    with pytest.raises(NlpRnnError, match="knows no stage fit@one"):
        locked.stages({"stages": {}}, "fit@one")
