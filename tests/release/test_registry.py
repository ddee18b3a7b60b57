import shutil
from pathlib import Path

import pytest

from nlp_rnn.inference import package as packages
from nlp_rnn.integrations import registration, registry, store
from nlp_rnn.operations import release
from nlp_rnn.schema import NlpRnnError, UsageError

NAME = "toy"


def test_same_bytes_are_the_same_version(workspace) -> None:
    first = release.register(NAME)
    assert (first.version, first.created) == ("1", True)
    assert release.register(NAME) == registration.Registered(NAME, "1", first.digest, created=False)
    workspace.train(seed=2, says="negative")
    assert release.register(NAME).version == "2"
    workspace.train(seed=1, says="negative")
    assert release.register(NAME).version == "1"
    assert len(store.client().search_model_versions(f"name = '{NAME}'")) == 2


def test_version_says_where_it_comes_from(workspace) -> None:
    Path("dvc.lock").write_text("schema: '2.0'\n")
    release.register(NAME)
    version = registry.resolve("models:/toy/1")
    assert version.digest == packages.verify(workspace.package)
    tags = dict(version.tags)
    assert tags["nlp_rnn.metric"] == "accuracy"
    assert tags["nlp_rnn.score"] == "0.3"
    assert tags["nlp_rnn.examples"] == "100"
    assert tags["validation_status"] == "passed"
    assert tags["nlp_rnn.data.test"] == packages.digest(workspace.test_set)
    assert tags["nlp_rnn.report"] == packages.digest(workspace.metrics)
    assert tags["dvc_lock"] == packages.digest(Path("dvc.lock"))
    client = store.client()
    run_id = client.get_model_version(NAME, "1").run_id
    assert {file.path for file in client.list_artifacts(run_id, "origin")} == {
        "origin/dvc.lock",
        "origin/params.yaml",
    }
    # A later report belongs to the version; a later lock has nothing to do with its bytes.
    workspace.report(0.7)
    Path("dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    release.register(NAME)
    later = registry.resolve("models:/toy/1").tags
    assert later["nlp_rnn.score"] == "0.7"
    assert later["dvc_lock"] == tags["dvc_lock"]


def test_download_is_the_package(workspace, tmp_path: Path) -> None:
    digest = release.register(NAME).digest
    shutil.rmtree(workspace.package)
    assert registry.download(registry.resolve("models:/toy/1"), tmp_path / "a" / "copy") == digest
    assert packages.verify(tmp_path / "a" / "copy") == digest
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["copy"]


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_damaged_version_is_not_downloaded(workspace, tmp_path: Path, damage: str) -> None:
    release.register(NAME)
    (stored,) = Path("mlruns/artifacts").rglob(f"artifacts/{registry.PLACE}/model.onnx")
    if damage == "changed":
        stored.write_bytes(stored.read_bytes()[:-1] + b"\0")
    else:
        shutil.rmtree(stored.parent)
    with pytest.raises(NlpRnnError, match="version 1 of toy"):
        registry.download(registry.resolve("models:/toy/1"), tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    # The same package in the workspace puts it right.
    assert release.register(NAME).version == "1"
    registry.download(registry.resolve("models:/toy/1"), tmp_path / "copy")


def test_unknown_addresses_say_what_exists(workspace) -> None:
    with pytest.raises(UsageError, match="none yet"):
        registry.resolve("models:/toy@champion")
    release.register(NAME)
    with pytest.raises(UsageError, match=r"toy has versions 1 and aliases \(none\)"):
        registry.resolve("models:/toy@champion")
    registry.set_alias(NAME, "champion", "1")
    with pytest.raises(UsageError, match=r"aliases @champion \(version 1\)"):
        registry.resolve("models:/toy/2")
    with pytest.raises(UsageError, match="registered models: toy"):
        registry.resolve("models:/other@champion")
    for nonsense in ("models:/toy", "models:/toy/latest", "models://toy@champion", "models:/toy@champion/x"):
        with pytest.raises(UsageError, match="names no model"):
            registry.resolve(nonsense)


def test_store_that_does_not_answer_is_an_error_for_people(
    workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(NlpRnnError, match=r"MLflow at http://127\.0\.0\.1:9 does not answer") as error:
        release.register(NAME)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("kind", ["workspace", "tagger"])
def test_pyfunc_predicts_without_a_pickle(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow.pyfunc

    request.getfixturevalue(kind)
    release.promote(NAME)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri())
    model = mlflow.pyfunc.load_model("models:/toy@champion")
    answers = model.predict(["Maria flew to Rome.", ""])
    assert [answer["text"] for answer in answers] == ["Maria flew to Rome.", ""]
    if kind == "workspace":
        assert answers[0]["label"] in ("negative", "positive")
        assert set(answers[0]["scores"]) == {"negative", "positive"}
    else:
        for span in answers[0]["spans"]:
            assert span["text"] == "Maria flew to Rome."[span["start"] : span["end"]]
    with pytest.raises(Exception, match="Expected type str"):
        model.predict([1, 2])
    assert "string" in str(model.metadata.signature.inputs)
    assert "scores" in str(model.metadata.signature.outputs)
    files = [path for path in Path("mlruns/artifacts").rglob("*") if path.is_file()]
    assert not [
        path for path in files if path.suffix in (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin")
    ]
    assert not [path for path in files if path.read_bytes()[:1] == b"\x80"]  # how a pickle begins
    assert [path for path in files if path.name == "input_example.json"]
