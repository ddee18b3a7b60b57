"""Where MLflow keeps its runs and models: a database and a folder under ``mlruns``, or a server."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from nlp_rnn.schema import NlpRnnError

if TYPE_CHECKING:
    from mlflow import MlflowClient

FOLDER = Path("mlruns")
SQLITE = "sqlite:///"
# Tags of runs and of model versions.
PACKAGE = "nlp_rnn.package"  # the package's digest: how a run and a version are found again
REPORT = "nlp_rnn.report"  # the digest of metrics.json
# What MLflow reads when it is imported. A server that is gone must cost seconds, not minutes as by default.
SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


class Unreachable(NlpRnnError):
    """The store does not answer."""


def uri() -> str:
    """MLflow's tracking address: what MLFLOW_TRACKING_URI says, or the workspace's own database."""
    chosen = os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}{FOLDER / 'mlflow.db'}"
    if chosen.startswith(SQLITE):  # MLflow keeps connections by address, whatever the current folder is
        return f"{SQLITE}{Path(chosen.removeprefix(SQLITE)).absolute()}"
    return chosen


def address() -> str:
    """The same for people and records: without a password, and relative to the workspace."""
    database = _database()
    if database is not None:
        here = Path.cwd()
        return f"{SQLITE}{database.relative_to(here) if database.is_relative_to(here) else database}"
    parts = urlsplit(uri())
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, place, parts.path, "", ""))


def exists() -> bool:
    """Whether there is a store; of a server that is taken for granted."""
    database = _database()
    return database is None or (database.is_file() and database.stat().st_size > 0)


def prepare() -> None:
    """Creates the workspace's database unless it is there, so that no two processes do so at once.

    It is made under another name: a database that has its own is a whole one. Costs nothing where it is.

    Raises:
        NlpRnnError: the file is no database of MLflow's.
    """
    database = _database()
    if database is None or _is_usable(database):
        return
    from filelock import FileLock

    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{database}.lock"):
        if _is_usable(database):
            return
        _configure()
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        unfinished = database.with_name(f".{database.name}.unfinished")
        for leftover in database.parent.glob(f"{unfinished.name}*"):
            leftover.unlink()
        made = SqlAlchemyStore(f"{SQLITE}{unfinished}", _artifacts(database))
        made.engine.dispose()
        unfinished.rename(database)


def client() -> MlflowClient:
    """A client of the store, which is made if need be.

    Raises:
        NlpRnnError: MLflow is not installed, or not that much of it that this store needs.
    """
    _configure()
    if _database() is not None and find_spec("sqlalchemy") is None:  # mlflow-skinny knows servers alone
        raise NlpRnnError(
            f"{address()} is a database, and only a whole MLflow reads one: name a tracking server's address "
            "in MLFLOW_TRACKING_URI, or `pip install mlflow`."
        )
    from mlflow import MlflowClient

    prepare()
    return MlflowClient(uri())


def experiment(client: MlflowClient, name: str) -> str:
    """The id of a run's experiment, which bears its name and is made if need be."""
    from mlflow.exceptions import MlflowException

    database = _database()
    place = None if database is None else f"{_artifacts(database)}/{name}"
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return client.create_experiment(name, artifact_location=place)
        except MlflowException:  # another process was faster
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return found.experiment_id


@contextmanager
def explained() -> Iterator[None]:
    """Turns what MLflow raises into an error that a person can act on."""
    _configure()
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if "Max retries exceeded" in str(error):
            raise Unreachable(f"MLflow at {address()} does not answer; is the server up?") from error
        raise NlpRnnError(f"MLflow at {address()} says: {problem(error)}") from error


def problem(error: Exception) -> str:
    """What an error says in one line, without the password that an address in it may have."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return re.sub(r"//[^/\s@]+@", "//", line)[:500]


def _database() -> Path | None:
    """The file of the store, if it is one."""
    chosen = uri()
    return Path(chosen.removeprefix(SQLITE)) if chosen.startswith(SQLITE) else None


def _artifacts(database: Path) -> str:
    return (database.parent / "artifacts").as_uri()


def _is_usable(database: Path) -> bool:
    if not database.is_file() or database.stat().st_size == 0:
        return False
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True, timeout=0)
        ) as connection:
            connection.execute("SELECT version_num FROM alembic_version")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return True  # somebody writes to it
        raise NlpRnnError(
            f"{database}: not a database of MLflow's ({error}); move it away and a new one will be made."
        ) from None
    return True


def _configure() -> None:
    """To be called before MLflow is imported."""
    if find_spec("mlflow") is None:
        raise NlpRnnError("a registered model needs MLflow: `pip install 'nlp-rnn[registry]'`.")
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
