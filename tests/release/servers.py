"""Real servers for tests: MLflow's over HTTP, with SQLite or PostgreSQL behind it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

START_SECONDS = 240.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command: list[str], url: str, folder: Path, **variables: str) -> Iterator[str]:
    """A server while the block runs, from when it answers at an address."""
    environment = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, **variables},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _await(url, process, folder / "server.log")
            yield url.rpartition("/")[0]
        finally:
            os.killpg(process.pid, 15)
            process.wait(timeout=60)


@contextmanager
def mlflow(folder: Path, database: str, **variables: str) -> Iterator[str]:
    """MLflow's server, which hands artifacts through: clients see no file and no database."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", database, "--workers", "1"]
    command += ["--serve-artifacts", "--artifacts-destination", str(folder / "artifacts")]
    with running(command, f"http://127.0.0.1:{port}/health", folder, **variables) as url:
        yield url


@contextmanager
def postgresql() -> Iterator[str]:
    """A new PostgreSQL, for whoever comes from this machine; gives its address."""
    programs = _programs()
    user = "postgres" if os.getuid() == 0 else None  # it refuses to be root
    if user and not any(entry.pw_name == user for entry in pwd.getpwall()):
        pytest.skip("PostgreSQL does not run as root, and there is no user `postgres`.")
    folder = Path(tempfile.mkdtemp())
    try:
        if user:
            shutil.chown(folder, user)
        port = free_port()
        places = {"cwd": folder, "user": user, "check": True, "stdout": subprocess.DEVNULL}
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-U", "test", "-A", "trust", "--no-sync"], **places
        )
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [programs / "pg_ctl", "-D", folder / "data", "-w"]
        subprocess.run([*control, "-l", folder / "log", "-o", options, "start"], **places)
        try:
            yield f"postgresql://test@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **places)
    finally:
        shutil.rmtree(folder)


def with_driver(folder: Path) -> Mapping[str, str]:
    """Variables with which an interpreter finds a driver for PostgreSQL, which is none of ours."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    done = subprocess.run([*command, "psycopg2-binary"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"psycopg2-binary cannot be had here: {done.stderr[-200:]}")
    return {"PYTHONPATH": f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}


def _programs() -> Path:
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").is_file() and (place / "pg_ctl").is_file():
            return place
    pytest.skip("there is no PostgreSQL here.")


def _await(url: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text()[-3000:]}")
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.2)
    raise TimeoutError(log.read_text()[-3000:])
