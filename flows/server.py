"""The Prefect server: one that stands, or one of our own for as long as this process lives."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from nlp_rnn.operations.workspace import die_with_parent
from nlp_rnn.schema import NlpRnnError, UsageError

START = "start one with `prefect server start`, and set PREFECT_API_URL to http://127.0.0.1:4200/api"
START_SECONDS = 180.0  # the first start makes a database, which takes long on a busy machine
STOP_SECONDS = 10.0


def url() -> str | None:
    """The address of a standing server: PREFECT_API_URL, from the environment or Prefect's profile."""
    from prefect.settings import get_current_settings

    return get_current_settings().api.url


def check() -> None:
    """Makes sure that the standing server answers.

    Raises:
        UsageError: it does not, or none was named.
    """
    if url() is None:
        raise UsageError(f"there is no Prefect server; {START}.")
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        problem = client.api_healthcheck()
    if problem is not None:
        raise UsageError(f"no Prefect server answers at {url()} ({problem}); {START}.")


def start(home: Path) -> str:
    """Starts a server that lives as long as this process; not longer even if that is killed (on Linux).

    Prefect would start one by itself, but leaves it behind when the flow's process is killed.
    To be called before Prefect is imported: then what that reports at the end still finds the server.

    Args:
        home: the folder of its database and its log.

    Returns:
        Its address.

    Raises:
        NlpRnnError: it did not start.
    """
    home.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            env={**_own_settings(), "PREFECT_HOME": str(home), "PREFECT_UI_ENABLED": "false"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the flow, which still has to report its end
            preexec_fn=die_with_parent,
        )
    atexit.register(_stop, process)
    address = f"http://127.0.0.1:{port}/api"
    _await(address, process, log)
    return address


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _own_settings() -> dict[str, str]:
    """This process's environment without what would make the server take another one for itself."""
    return {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    last = lines[-1] if lines else "it said nothing"
    raise NlpRnnError(f"the temporary Prefect server did not start ({last[:300]}); {log} says more.")
