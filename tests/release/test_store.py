import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from nlp_rnn.integrations import store
from nlp_rnn.schema import NlpRnnError


def test_two_processes_at_once_make_one_store(prepared: tuple[Path, list[int]]) -> None:
    folder, exit_codes = prepared
    assert exit_codes == [0, 0]
    names = {path.name for path in (folder / "mlruns").iterdir()}
    assert names <= {"mlflow.db", "mlflow.db.lock"}  # nothing half made is left


def test_store_that_is_there_is_not_loaded(folder: Path) -> None:
    script = (
        "import sys; from nlp_rnn.integrations import store; store.prepare(); print('mlflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_damaged_store_is_named_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    Path("mlruns").mkdir()
    Path("mlruns/mlflow.db").write_text("not a database" * 100)
    with pytest.raises(NlpRnnError, match=r"mlflow\.db: not a database"):
        store.prepare()
    assert Path("mlruns/mlflow.db").exists()


def test_store_that_somebody_writes_to_is_usable(folder: Path) -> None:
    with sqlite3.connect("mlruns/mlflow.db") as other:
        other.execute("BEGIN EXCLUSIVE")
        store.prepare()
        other.rollback()


def test_address_tells_no_secret_and_no_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.address() == "sqlite:///mlruns/mlflow.db"
    assert store.uri() == f"sqlite:///{folder}/mlruns/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://user:secret@tracking.example:5000/path?token=secret")
    assert store.address() == "https://tracking.example:5000/path"
    assert store.exists()


def test_experiment_that_was_deleted_comes_back(folder: Path) -> None:
    client = store.client()
    first = store.experiment(client, "toy")
    client.delete_experiment(first)
    assert store.experiment(client, "toy") == first
    assert client.get_experiment(first).lifecycle_stage == "active"
