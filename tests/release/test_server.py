"""The whole life of a model against a real `mlflow server` over HTTP, SQLite or PostgreSQL behind it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from benchmarks import environments
from nlp_rnn.inference import load
from nlp_rnn.inference import package as packages
from nlp_rnn.integrations import proof, registry
from nlp_rnn.operations import champion, lineage, predict, release
from nlp_rnn.operations.pull import pull
from nlp_rnn.operations.rollback import rollback
from nlp_rnn.schema import UsageError
from tests.release import servers

pytestmark = pytest.mark.slow
URI = "models:/toy@champion"
TEXTS = list(proof.SMOKE)
NO_PICKLES = {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
ANSWERS = "[answer.to_record() for answer in load(sys.argv[1]).predict(json.load(sys.stdin))]"
LOADED = f"import json, sys; from nlp_rnn.inference import load; print(json.dumps({ANSWERS}))"
PYFUNC = """
import json, sys
import mlflow.pyfunc
print(json.dumps(mlflow.pyfunc.load_model(sys.argv[1]).predict(json.load(sys.stdin))))
"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of MLflow's server with an empty store."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        with servers.mlflow(folder, f"sqlite:///{folder}/mlflow.db") as url:
            yield url
    else:
        with servers.postgresql() as database:
            variables = servers.with_driver(folder / "driver")
            with servers.mlflow(folder, database, **variables) as url:
                yield url


@pytest.fixture
def served(server: str, workspace, monkeypatch: pytest.MonkeyPatch):
    """A workspace whose store is that server."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    return workspace


@pytest.fixture(scope="session")
def interpreters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Those of environments with the base install: alone, with the small extra, and with MLflow."""
    folder = tmp_path_factory.mktemp("environments")
    wheel = environments.wheel(folder / "wheel")
    wanted = {
        "base": [str(wheel)],
        "registry": [f"{wheel}[registry]"],
        "mlflow": [str(wheel), "mlflow>=3.17,<4"],
    }
    try:
        return {name: environments.make(folder / name, *needs) for name, needs in wanted.items()}
    except environments.Unobtainable as error:
        pytest.skip(f"no environment can be made here: {error}")


def said(python: Path, *words: str, folder: Path, texts: list[str] | None = None, **variables: str) -> str:
    """What a process of another environment prints, in another folder."""
    done = subprocess.run(
        [python, *words],
        input=None if texts is None else json.dumps(texts),
        cwd=folder,
        env={**environments.clean(), **NO_PICKLES, **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def expected(package: Path) -> list[dict]:
    return json.loads(json.dumps([answer.to_record() for answer in load(package).predict(TEXTS)]))


def test_the_life_of_a_model(served, tmp_path: Path) -> None:
    Path("dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    with pytest.raises(UsageError, match="there is no models:/toy@champion"):
        load(URI)
    assert release.register("toy").created
    assert not release.register("toy").created
    assert release.promote("toy").promote
    first = packages.verify(served.package)
    assert load(URI).predict(TEXTS) == load(served.package).predict(TEXTS)
    assert pull(URI, tmp_path / "deployed").digest == first

    served.train(seed=2, says="positive")
    served.evaluate()
    assert release.promote("toy").promote
    assert json.loads(champion.show("toy", as_json=True))["version"] == 2
    assert next(predict.answers(URI, ["Maria"])).label == "positive"
    assert pull(URI, tmp_path / "deployed").version == "2"

    out, back = rollback("toy")
    assert (out.version, back.version) == ("2", "1")
    assert load(URI).digest == first == pull(URI, tmp_path / "deployed").digest
    chain = json.loads(lineage.show(URI, as_json=True))
    assert chain["package"] == first
    assert chain["dvc.lock"] == packages.digest(Path("dvc.lock"))
    version = registry.resolve(URI)
    assert registry.origin(version, "params.yaml") == Path("params.yaml").read_text()


def test_the_small_extra_is_enough_to_predict_and_pull(
    served, server: str, interpreters: dict[str, Path], tmp_path: Path
) -> None:
    release.promote("toy")
    package = tmp_path / "expected"
    registry.download(registry.resolve(URI), package)
    python = interpreters["registry"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    here = {"folder": elsewhere, "MLFLOW_TRACKING_URI": server}
    assert json.loads(said(python, "-c", LOADED, URI, texts=TEXTS, **here)) == expected(package)
    line = said(python, "-m", "nlp_rnn", "predict", URI, TEXTS[0], "--json", **here)
    assert json.loads(line) == expected(package)[0]
    assert "fetched" in said(python, "-m", "nlp_rnn", "pull", URI, "copy", **here)
    assert packages.verify(elsewhere / "copy") == packages.verify(package)
    assert not {"mlflow", "pandas", "sqlalchemy"} & environments.distributions(python)


@pytest.mark.parametrize(
    ("environment", "message"),
    [("registry", "only a whole MLflow reads one"), ("base", "pip install 'nlp-rnn[registry]'")],
)
def test_what_is_not_installed_is_named(
    environment: str, message: str, interpreters: dict[str, Path], tmp_path: Path
) -> None:
    for verb in (["predict", URI, "x"], ["pull", URI, "copy"]):
        done = subprocess.run(
            [interpreters[environment], "-m", "nlp_rnn", *verb],
            cwd=tmp_path,
            env=environments.clean(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert message in done.stderr
        assert "Traceback" not in done.stderr


def test_pyfunc_and_its_server_need_mlflow_and_the_base_install_alone(
    served, server: str, interpreters: dict[str, Path], tmp_path: Path
) -> None:
    release.promote("toy")
    package = tmp_path / "expected"
    registry.download(registry.resolve(URI), package)
    python = interpreters["mlflow"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    variables = {"MLFLOW_TRACKING_URI": server, **NO_PICKLES}
    answers = json.loads(said(python, "-c", PYFUNC, URI, texts=TEXTS, folder=elsewhere, **variables))
    assert answers == expected(package)

    port = servers.free_port()
    command = [str(python), "-m", "mlflow", "models", "serve", "--model-uri", URI, "--env-manager", "local"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"  # it looks for `uvicorn` there
    with servers.running(
        command, f"http://127.0.0.1:{port}/ping", elsewhere, PATH=path, PYTHONPATH="", **variables
    ) as url:
        done = requests.post(f"{url}/invocations", json={"inputs": TEXTS}, timeout=60)
    assert done.status_code == 200
    assert done.json()["predictions"] == expected(package)
