"""A folder with the last good copy: fetched whole, verified, exchanged, kept when the registry is gone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nlp_rnn.inference import load
from nlp_rnn.inference import package as packages
from nlp_rnn.integrations import registry, store
from nlp_rnn.operations import release
from nlp_rnn.operations.pull import Pulled, pull
from nlp_rnn.schema import NlpRnnError, UsageError

URI = "models:/toy@champion"


@pytest.fixture
def copy(workspace, tmp_path: Path) -> Path:
    """A folder with a copy of version 1, the champion."""
    release.promote("toy")
    folder = tmp_path / "deployed"
    done = pull(URI, folder)
    assert done == Pulled(packages.verify(workspace.package), "1", new=True)
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.parent.iterdir() if "deployed" in path.name}


def test_the_copy_follows_the_champion(copy: Path, workspace) -> None:
    assert pull(URI, copy) == Pulled(packages.verify(copy), "1", new=False)
    workspace.train(seed=2, says="positive")
    workspace.evaluate()
    release.promote("toy")
    done = pull(URI, copy)
    assert (done.version, done.new) == ("2", True)
    assert load(copy).predict(["Maria"])[0].label == "positive"
    assert names(copy) == {"deployed"}
    assert pull("models:/toy/1", copy).version == "1"


def test_a_registry_that_is_gone_leaves_the_copy_in_use(copy: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    done = pull(URI, copy)
    assert (done.digest, done.version, done.new) == (packages.verify(copy), None, False)
    assert done.problem is not None
    assert "does not answer" in done.problem
    with pytest.raises(store.Unreachable):
        pull(URI, tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("damage", ["changed", "gone", "extra", "link"])
def test_what_is_damaged_in_the_registry_never_takes_its_place(copy: Path, workspace, damage: str) -> None:
    before = packages.verify(copy)
    workspace.train(seed=2, says="positive")
    release.register("toy")
    manifest = (workspace.package / packages.MANIFEST).read_bytes()
    (stored,) = (
        path.parent
        for path in Path("mlruns/artifacts").rglob(f"artifacts/{registry.PLACE}/{packages.MANIFEST}")
        if path.read_bytes() == manifest
    )
    graph = stored / "model.onnx"
    if damage == "changed":
        graph.write_bytes(graph.read_bytes()[:-1] + b"\0")
    elif damage == "gone":
        graph.unlink()
    elif damage == "extra":
        (stored / "setup.py").write_text("print()")
    else:
        graph.rename(stored.parent / "elsewhere")
        graph.symlink_to("../elsewhere")
        (stored / "more").symlink_to("/etc/hostname")
    with pytest.raises(NlpRnnError, match="version 2 of toy"):
        pull("models:/toy/2", copy)
    assert packages.verify(copy) == before
    assert names(copy) == {"deployed"}


def test_a_copy_that_was_damaged_here_is_fetched_again(copy: Path) -> None:
    (copy / "model.json").write_text("{}")
    assert pull(URI, copy).new
    packages.verify(copy)


def test_cut_off_between_two_names_the_former_comes_back(copy: Path, monkeypatch) -> None:
    copy.rename(copy.with_name(".deployed.former"))
    monkeypatch.setattr(registry, "resolve", lambda uri: (_ for _ in ()).throw(store.Unreachable("gone.")))
    assert pull(URI, copy).problem == "gone."
    packages.verify(copy)


def test_folders_of_something_else_stay_as_they_are(copy: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds files that are no package"):
        pull(URI, other)
    assert (other / "thesis.txt").read_text() == "mine"
    link = tmp_path / "link"
    link.symlink_to(copy)
    with pytest.raises(UsageError, match="no folder of its own"):
        pull(URI, link)
    with pytest.raises(UsageError, match="there is no models:/toy/7"):
        pull("models:/toy/7", copy)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert pull(URI, empty).new


def test_the_command_says_what_happened(copy: Path, monkeypatch) -> None:
    from typer.testing import CliRunner

    from nlp_rnn.cli import app

    done = CliRunner().invoke(app, ["pull", URI, str(copy)])
    assert done.output == f"{copy}: {URI} is version 1, as it is here\n"
    shutil.rmtree(copy)
    done = CliRunner().invoke(app, ["pull", URI, str(copy)])
    assert done.output == f"{copy}: {URI} is version 1, fetched\n"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    done = CliRunner().invoke(app, ["pull", URI, str(copy)])
    assert done.exit_code == 0
    assert "keeps package" in done.output
