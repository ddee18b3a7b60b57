"""Whatever happens while a package is registered: there is no version of it, or a whole one that answers."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from nlp_rnn.inference import load, predictor
from nlp_rnn.inference import package as packages
from nlp_rnn.integrations import proof, registration, registry, store, tracking
from nlp_rnn.operations import evidence, release
from nlp_rnn.schema import NlpRnnError

NAME = "toy"
KILLED = 9


class Doomed:
    """A client of MLflow's whose process dies, as if killed, before the n-th thing that it is asked."""

    def __init__(self, client: Any, deadline: int) -> None:
        self._client, self._left = client, deadline

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)

        def ask(*given: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                os._exit(KILLED)
            return attribute(*given, **named)

        return ask if callable(attribute) else attribute


def in_a_child(work: Callable[[], object]) -> int:
    """What a forked process exits with: 0 where it did its work."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def versions(name: str = NAME) -> list[registry.Version]:
    found = store.client().search_model_versions(f"name = '{name}'")
    return [registry.resolve(f"models:/{name}/{version.version}") for version in found]


def check(version: registry.Version, folder: Path, package: Path) -> None:
    """A version is whole: its bytes, its answers, and every tag that says where it is from."""
    assert registry.download(version, folder) == packages.verify(package)
    assert load(folder).predict(proof.SMOKE) == load(package).predict(proof.SMOKE)
    assert {"params", "dvc_lock", "nlp_rnn.metric", "nlp_rnn.package"} <= version.tags.keys()
    assert registry.origin(version, "params.yaml") == Path("params.yaml").read_text()


@pytest.mark.slow
def test_killed_at_any_step_it_leaves_no_version_or_a_whole_one(workspace, tmp_path: Path) -> None:
    import mlflow.pyfunc  # here, so that no child does
    import mlflow.store.model_registry.sqlalchemy_store
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401

    Path("dvc.lock").write_text("schema: '2.0'\n")
    real = store.client
    for deadline in count(1):

        def killed(deadline: int = deadline) -> None:
            doomed = Doomed(real(), deadline)
            store.client = lambda: doomed
            found = evidence.read(NAME)
            run_id = doomed._client.create_run(store.experiment(doomed._client, NAME)).info.run_id
            registration.register(
                NAME,
                package=workspace.package,
                run_id=run_id,
                tags=found.tags,
                origin=evidence.origin(),
                files=evidence.ORIGINS,
            )

        code = in_a_child(killed)
        assert code in (0, KILLED)

        def whole(deadline: int = deadline) -> None:
            for version in versions():
                check(version, tmp_path / f"{deadline}-{version.version}", workspace.package)

        assert in_a_child(whole) == 0
        if code == 0:
            break
    assert deadline > 8  # it is asked at least so often
    check(*versions(), tmp_path / "last", workspace.package)
    assert release.register(NAME).version == "1"


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_what_does_not_come_back_as_it_was_becomes_no_version(workspace, monkeypatch, damage: str) -> None:
    upload = registration._upload

    def damaged(client: Any, model: Any, package: Path) -> None:
        upload(client, model, package)
        (stored,) = Path("mlruns/artifacts").rglob(f"artifacts/{registry.PLACE}/model.onnx")
        if damage == "changed":
            stored.write_bytes(stored.read_bytes()[:-1] + b"\0")
        else:
            stored.unlink()

    monkeypatch.setattr(registration, "_upload", damaged)
    with pytest.raises(NlpRnnError, match="the new version of toy is damaged in the registry"):
        release.register(NAME)
    assert versions() == []
    monkeypatch.setattr(registration, "_upload", upload)
    assert release.register(NAME).version == "1"


def test_the_same_bytes_that_answer_otherwise_become_no_version(workspace, monkeypatch) -> None:
    read = predictor.load

    def misread(folder: Path) -> predictor.Predictor:
        found = read(folder)
        if folder != workspace.package:
            found.labels.reverse()
        return found

    monkeypatch.setattr(predictor, "load", misread)
    with pytest.raises(NlpRnnError, match="the new version of toy answers otherwise from the registry"):
        release.register(NAME)
    assert versions() == []


def test_a_package_that_cannot_predict_becomes_no_version(workspace, monkeypatch) -> None:
    def broken(self: predictor.Predictor, texts: object) -> list:
        raise RuntimeError("no such operator")

    monkeypatch.setattr(predictor.Predictor, "predict", broken)
    with pytest.raises(NlpRnnError, match=r"the new version of toy cannot predict.*no such operator"):
        release.register(NAME)
    assert versions() == []


def test_a_version_says_on_what_it_was_trained_and_by_which_flow(workspace) -> None:
    subprocess.run(["git", "init", "--quiet"], check=True)
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org"]
    subprocess.run([*git, "add", "params.yaml"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "params"], check=True)
    with tracking.start(NAME, workspace.resolved) as tracker:
        tracker.finish(packages.verify(workspace.package))
    Path("data/sources.lock").write_text("toy: {source: demo, files: {}}\n")
    release.register(NAME, flow_run="0b3f")
    tags = registry.resolve("models:/toy/1").tags
    assert json.loads(tags[registry.ENVIRONMENT]) == tracking.environment()
    assert tags["flow_run"] == "0b3f"
    assert tags["params"] == packages.digest(Path("params.yaml"))
    assert tags["sources_lock"] == packages.digest(Path("data/sources.lock"))
    head = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    assert tags[evidence.COMMIT] == head.stdout.strip()
    Path("params.yaml").write_text(Path("params.yaml").read_text() + "# changed\n")
    assert evidence.origin()[evidence.COMMIT] == head.stdout.strip() + evidence.DIRTY


def test_a_model_is_loaded_by_its_address_and_stays(workspace) -> None:
    release.promote(NAME)
    for address in ("models:/toy@champion", "models:/toy/1"):
        model = load(address)
        assert model.predict(proof.SMOKE) == load(workspace.package).predict(proof.SMOKE)
