"""Stages as child processes: each in its own process group, its output line by line, none left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Literal

from flows.graph import command
from nlp_rnn.operations.workspace import die_with_parent
from nlp_rnn.schema import NlpRnnError

Outcome = Literal["executed", "restored", "up to date"]
GRACE_SECONDS = 10.0  # a stage that is told to stop writes a checkpoint first
TAIL = 3  # lines of output that an error repeats
LINE = 2000  # characters; no log needs more of one line
# What DVC says behind each stage, as to a person who would commit now.
HINT = re.compile(
    r"(Generating|Updating) lock file|To (track|enable)|git add |dvc config core|Use `dvc push`"
)
# DVC's word about a stage that failed: why, and the exit code where the stage did start.
VERDICT = re.compile(r"ERROR: failed to reproduce '[^']*': (.*?)(?:, exited with (-?\d+))?$")


class StageFailed(NlpRnnError):
    """A stage that ended badly: which, with what exit code, and the last that it said."""

    def __init__(self, stage: str, code: int | None, last: Sequence[str], refused: bool) -> None:
        how = "failed" if code is None else f"failed with exit code {code}"
        super().__init__(f"stage {stage} {how}: {' | '.join(last) or 'it said nothing'}")
        self.stage = stage
        self.code = code  # the stage's own, which DVC hides behind its 255; None where it never started
        self.refused = refused  # validation read the data and refuses it


class Stopped(NlpRnnError):
    """The flow is ending: no further stage starts."""


class Processes:
    """The stages that run now, from any number of threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, stage: str, tell: Callable[[str], None]) -> Outcome:
        """Brings one stage up to date, and waits for it.

        Args:
            stage: its name in DVC.
            tell: gets each line of its output.

        Raises:
            StageFailed: it ended with another exit code than 0.
            Stopped: :meth:`stop` was called.
        """
        report = self._root / "data" / "validation" / stage.partition("@")[2] / "report.json"
        before = _stamp(report)
        process = self._start(stage)
        try:
            assert process.stdout is not None
            outcome, code, last = _follow(process.stdout, tell)
            failed = process.wait() != 0
        finally:
            with self._lock:
                self._running.discard(process)
            if process.poll() is None:  # this thread was interrupted
                _end([process])
        if self._stopped:
            raise Stopped(f"stage {stage} was stopped.")
        if failed:
            refused = stage.startswith("validate@") and _stamp(report) != before and _is_refusal(report)
            raise StageFailed(stage, code, last, refused)
        return outcome

    def stop(self) -> None:
        """Ends all that runs, politely and then not, and lets nothing else start."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        _end(running)

    def _start(self, stage: str) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise Stopped(f"stage {stage} was not started: the flow is ending.")
            process = subprocess.Popen(
                command(stage),
                cwd=self._root,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
            self._running.add(process)
        return process


def _follow(stream: IO[bytes], tell: Callable[[str], None]) -> tuple[Outcome, int | None, Sequence[str]]:
    """Passes on what DVC and the stage say, and reads from it how the stage ended and its last lines."""
    outcome: Outcome = "up to date"
    code: int | None = None
    last: deque[str] = deque(maxlen=TAIL)
    for line in _lines(stream):
        if HINT.match(line):
            continue
        tell(line)
        if verdict := VERDICT.match(line):
            code = int(verdict[2]) if verdict[2] else None
            if code is None:
                last.append(verdict[1])
        elif line.startswith("Running stage "):
            outcome = "executed"
        elif line.startswith("Stage ") and "is cached - skipping run" in line:
            outcome = "restored"
        elif not line.startswith("> "):
            last.append(line)
    return outcome, code, last


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """The lines that hold something; of a progress bar that redraws itself, only its last state."""
    for raw in stream:
        text = raw.decode("utf-8", errors="replace").rstrip().rpartition("\r")[2]
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).strip()  # colours and cursor movements
        if text:
            yield text[:LINE]


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + GRACE_SECONDS
        for process in processes:
            _signal(process, number)
        while processes and time.monotonic() < deadline:
            processes = [process for process in processes if _signal(process, 0)]
            time.sleep(0.05)


def _signal(process: subprocess.Popen[bytes], number: int) -> bool:
    """Sends a signal to the whole group; False where there is no group any more."""
    process.poll()  # or its zombie would keep the group alive
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def _is_refusal(report: Path) -> bool:
    try:
        return json.loads(report.read_bytes()).get("success") is False
    except (OSError, ValueError, AttributeError):
        return False
