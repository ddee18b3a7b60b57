"""One writer at a time: the workspace lock, and how a flow's own stages pass through it.

The lock is the kernel's (``flock`` on ``.nlp-rnn.lock``), so it ends with its holder, however that ends.
The file's text says who holds it, for the one who waits.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from nlp_rnn.schema import UsageError, WorkspaceBusy

LOCK = ".nlp-rnn.lock"
HOLDER = "NLP_RNN_WORKSPACE_HOLDER"  # the variable that names the holder to the processes it starts
WAIT_SECONDS = 10.0


def _say(message: str) -> None:
    print(f"nlp-rnn: {message}", file=sys.stderr, flush=True)


@contextmanager
def locked(
    root: Path,
    command: str | None = None,
    wait_seconds: float | None = None,
    tell: Callable[[str], None] = _say,
) -> Iterator[None]:
    """Holds the workspace while the block runs; what the block starts, or calls, passes through.

    Args:
        root: the project's folder.
        command: what the holder does, for the one who waits; this process's command line by default.
        wait_seconds: how long to wait for another holder; WAIT_SECONDS by default.
        tell: gets one sentence when there is something to wait for.

    Raises:
        WorkspaceBusy: another process holds it still, or the one that started this process does not any more.
    """
    path = root / LOCK
    token = os.environ.get(HOLDER)
    if token is not None:
        _pass_through(path, token)
        yield
        return
    with _open(path) as file:
        _wait(file.fileno(), path, WAIT_SECONDS if wait_seconds is None else wait_seconds, tell)
        token = f"{os.getpid()}-{os.urandom(8).hex()}"
        _write(
            file.fileno(),
            {"token": token, "pid": os.getpid(), "command": command or _command(), "since": _now()},
        )
        os.environ[HOLDER] = token
        try:
            yield
        finally:
            os.environ.pop(HOLDER, None)
            _write(
                file.fileno(), {}
            )  # closing the file ends the lock; its name stays, or two could hold two files


def holder(root: Path) -> Mapping[str, Any] | None:
    """Who holds the workspace now: ``pid``, ``command``, ``since``; None where nobody does."""
    path = root / LOCK
    return _read(path) if _is_held(path) else None


def die_with_parent() -> None:
    """Ends this process with SIGTERM when the thread that started it ends, killed or not (Linux only).

    A killed `dvc` leaves its stage behind otherwise, and the next one starts a second writer.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)  # 1 is PR_SET_PDEATHSIG


def mend_rwlock(root: Path) -> bool:
    """Removes DVC's file of path locks where a kill left it unreadable, which blocks every `dvc` command.

    Returns:
        Whether there was something to mend.
    """
    folder = root / ".dvc" / "tmp"
    path = folder / "rwlock"
    if not path.exists() or _is_json(path):
        return False
    with (folder / "rwlock.lock").open("a+") as guard:  # DVC holds it while it writes the file
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not path.exists() or _is_json(path):
            return False
        path.unlink()
        return True


def _open(path: Path) -> IO[str]:
    try:
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path.resolve()}: {error.strerror}; the project's folder must be writable."
        ) from None


def _pass_through(path: Path, token: str) -> None:
    record = _read(path)
    if record.get("token") != token or not _is_alive(record) or not _is_held(path):
        raise WorkspaceBusy(
            f"the process that started this one ({token.split('-')[0]}) no longer holds the workspace; "
            f"start it again (where no process started it, unset {HOLDER})."
        )


def _wait(descriptor: int, path: Path, seconds: float, tell: Callable[[str], None]) -> None:
    deadline = time.monotonic() + seconds
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            pass
        if time.monotonic() >= deadline:
            raise WorkspaceBusy(
                f"{_describe(_read(path))} holds the workspace {path.parent.resolve()}, and still did after "
                f"{seconds:.0f} s of waiting; try again when it is done."
            )
        if not told:
            tell(f"waiting for {_describe(_read(path))}")
            told = True
        time.sleep(0.1)


def _describe(record: Mapping[str, Any]) -> str:
    if "pid" not in record:
        return "another process"
    return f"process {record['pid']} (`{record['command']}`, since {record['since']})"


def _is_held(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _is_alive(record: Mapping[str, Any]) -> bool:
    try:
        os.kill(record["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):  # nobody has held it yet, or one is just being written
        return {}


def _write(descriptor: int, record: Mapping[str, Any]) -> None:
    os.ftruncate(descriptor, 0)
    os.write(descriptor, (json.dumps(record) + "\n").encode())


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True


def _command() -> str:
    name = Path(sys.argv[0]).name
    return shlex.join(["nlp-rnn" if name == "__main__.py" else name, *sys.argv[1:]])


def _now() -> str:
    return datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
