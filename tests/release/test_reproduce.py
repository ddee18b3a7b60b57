"""A model made again from its version: identical, or what is missing or changed is named."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nlp_rnn.integrations import registry
from nlp_rnn.operations import release, reproduce, reproduction
from nlp_rnn.operations.evidence import COMMIT
from nlp_rnn.operations.locked import Entry, Stage
from nlp_rnn.operations.reproduction import Reproduction
from nlp_rnn.schema import DataError, NlpRnnError, UsageError

ROOT = Path(__file__).parents[2]
URI = "models:/tiny@champion"
CHANGED = "nlp_rnn/training/step.py"
PARAMS = """\
seed: 13
threads: 1
runs:
  tiny:
    task: ner
    language: en
    data: {source: "file:mine.conll"}
    tokenizer: {}
    pretraining: {}
    model: {hidden_size: 16, word_size: 16}
    training: {epochs: 4, batch_tokens: 60, word_dropout: 0, learning_rate: 0.01}
"""
NAMES = ["Ana", "Boris", "Chen", "Dilip", "Esra", "Femi", "Goran", "Hana", "Ines", "Jamal"]
IDENTICAL = Reproduction("models:/toy/1", "1", "c0ffee", "ab", "ab", (), (), {})


def command(folder: Path, *words: str, code: int = 0) -> str:
    """What a command prints: on standard output, or, where it prints nothing there, on standard error."""
    environment = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    own = {"PATH": path, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(words, cwd=folder, env={**environment, **own}, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout or done.stderr


def nlp_rnn(folder: Path, *words: str, code: int = 0) -> str:
    return command(folder, sys.executable, "-m", "nlp_rnn", *words, code=code)


def git(folder: Path, *words: str) -> str:
    return command(folder, "git", "-c", "user.name=n", "-c", "user.email=e@example.org", *words).strip()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a champion, whose data lies in a remote beside it; one file was never committed."""
    root = tmp_path_factory.mktemp("reproduce") / "project"
    root.mkdir()
    for name in ("nlp_rnn", "flows"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / ".dvc", root / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp", "*.local"))
    for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(ROOT / name, root)
    (root / "params.yaml").write_text(PARAMS)
    sentences = (
        f"{NAMES[i % 10]} B-PER\nmet O\n{NAMES[(i + 3) % 10]} B-PER\non O\nday O\n{i} O\n" for i in range(60)
    )
    (root / "mine.conll").write_text("\n".join(sentences))
    (root / "data/inputs").mkdir(parents=True)
    (root / "data/inputs/tiny").symlink_to("../../mine.conll")
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "all of it")
    (root / CHANGED).write_text((root / CHANGED).read_text() + "# not committed\n")
    dvc = [sys.executable, "-m", "dvc"]
    command(root, *dvc, "remote", "add", "--quiet", "--local", "--default", "beside", "../remote")
    command(root, *dvc, "repro")
    command(root, *dvc, "push", "--quiet")
    assert "promoted" in nlp_rnn(root, "promote", "tiny")
    return root


def stored(project: Path, name: str) -> Path:
    """Where the remote keeps a file of the raw data."""
    digest = command(project, "md5sum", f"data/raw/tiny/{name}").split()[0]
    return project.parent / "remote/files/md5" / digest[:2] / digest[2:]


@pytest.mark.slow
def test_it_is_identical_and_says_which_code_was_not_committed(project: Path, tmp_path: Path) -> None:
    found = json.loads(nlp_rnn(project, "reproduce", URI, "--json", "--keep", str(tmp_path / "clone")))
    assert found["identical"] is True
    assert found["package"] == found["made"]
    assert found["differing"] == []
    assert found["code"] == [CHANGED]
    assert found["environment"] == {}
    assert found["commit"] == git(project, "rev-parse", "HEAD") + "-dirty"
    made = tmp_path / "clone/data/models/tiny"
    assert made.stat().st_ino != (project / "data/models/tiny").stat().st_ino
    assert (made / "model.onnx").read_bytes() == (project / "data/models/tiny/model.onnx").read_bytes()
    said = nlp_rnn(project, "reproduce", URI, "--keep", str(tmp_path / "clone"), code=2)
    assert "holds something" in said


@pytest.mark.slow
def test_what_is_missing_or_changed_is_named(project: Path) -> None:
    data = stored(project, "mine.conll")
    whole = data.read_bytes()
    data.chmod(0o644)
    data.write_bytes(whole.replace(b"Ana", b"Ann", 1))
    said = nlp_rnn(project, "reproduce", URI, code=1)
    assert "data/raw/tiny/mine.conll is changed" in said
    assert "data/examples" not in said
    # What the remote lacks may still lie in the workspace's cache; what neither has is missing.
    data.unlink()
    cached = project / ".dvc/cache" / data.relative_to(project.parent / "remote")
    cached.rename(project / "elsewhere")
    try:
        said = nlp_rnn(project, "reproduce", URI, code=1)
        assert "data/raw/tiny/mine.conll is missing" in said
        assert "data/examples" not in said
    finally:
        (project / "elsewhere").rename(cached)
        data.write_bytes(whole)


@pytest.mark.slow
def test_another_seed_makes_another_model_and_its_files_are_named(project: Path) -> None:
    (kept,) = (project / "mlruns/artifacts").rglob("origin/params.yaml")
    text = kept.read_text()
    kept.write_text(text.replace("seed: 13", "seed: 14"))
    try:
        found = json.loads(nlp_rnn(project, "reproduce", URI, "--json", code=1))
    finally:
        kept.write_text(text)
    assert found["identical"] is False
    assert {"model.json", "model.onnx", "weights.safetensors"} <= set(found["differing"])
    assert "tokenizer.json" not in found["differing"]


def test_people_read_what_differs_and_why_that_may_be() -> None:
    assert reproduction.to_text(IDENTICAL) == "models:/toy/1: identical, package ab"
    other = replace(
        IDENTICAL,
        commit="c0ffee-dirty",
        made="cd",
        differing=["model.onnx", "weights.safetensors"],
        code=["nlp_rnn/models"],
        environment={"torch": ("2.12", "2.13")},
    )
    text = reproduction.to_text(other)
    assert "not identical; these files differ: model.onnx, weights.safetensors" in text
    assert "nlp_rnn/models is not what the version was made with" in text
    assert "changed and not committed" in text
    assert "torch    2.12 then, 2.13 now" in text
    assert "is not known" in reproduction.to_text(replace(other, environment=None))
    now = {"python": "3.11", "processor": "A", "threads": "1", "libraries": {"torch": "2", "dvc": "4"}}
    then = {"python": "3.11", "processor": "B", "threads": "1", "libraries": {"torch": "2", "dvc": "3"}}
    assert reproduction.changes(then, now) == {"processor": ("B", "A")}


def test_data_that_nobody_stored_is_fetched_from_its_source_and_checked(tmp_path: Path) -> None:
    class Bare:
        """A clone for which neither remote nor cache has anything; its source has what it is told to."""

        root, caches, text = tmp_path, (), "right"

        def pull(self, path: str) -> None:
            pass

        def run(self, verb: str, run: str) -> None:
            assert (verb, run) == ("ingest", "toy")
            (tmp_path / "raw").write_text(self.text)

    digest = hashlib.md5(b"right").hexdigest()
    stages = [
        Stage("ingest@toy", (), (Entry("raw", digest),)),
        Stage("train@toy", (Entry("raw", digest),), ()),
    ]
    for source, text, problem in (
        ("file:x", "right", "raw is missing"),
        ("demo", "wrong", "raw is changed"),
        ("demo", "right", None),
    ):
        (tmp_path / "raw").unlink(missing_ok=True)
        Bare.text, said = text, []
        kept = {"params.yaml": f"runs: {{toy: {{data: {{source: '{source}'}}}}}}"}
        if problem is None:
            reproduce._provide(Bare(), "toy", stages, kept, said.append)  # type: ignore[arg-type]
            assert said == [f"data     raw, md5 {digest}"]
        else:
            with pytest.raises(DataError, match=problem):
                reproduce._provide(Bare(), "toy", stages, kept, said.append)  # type: ignore[arg-type]


def test_a_version_that_does_not_say_enough_is_not_guessed(workspace) -> None:
    release.promote("toy")
    with pytest.raises(NlpRnnError, match=r"keeps no dvc\.lock"):
        reproduce.reproduce("models:/toy@champion")
    with pytest.raises(UsageError, match="there is no models:/toy/9"):
        reproduce.reproduce("models:/toy/9")


def test_a_commit_that_is_not_here_is_said(workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("dvc.lock").write_text("stages:\n  train@toy: {outs: []}\n")
    release.promote("toy")
    with pytest.raises(NlpRnnError, match="registered outside of git"):
        reproduce.reproduce("models:/toy/1")
    registry.set_tags("toy", "1", {COMMIT: "1" * 40})
    with pytest.raises(UsageError, match="in no repository of git"):
        reproduce.reproduce("models:/toy/1")
    git(Path.cwd(), "init", "--quiet")
    with pytest.raises(UsageError, match="1111 is not in the repository"):
        reproduce.reproduce("models:/toy/1")
