"""One writer at a time, whatever becomes of the holder; real processes throughout."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nlp_rnn.operations import workspace
from nlp_rnn.schema import UsageError, WorkspaceBusy

HOLD = """
import sys, time
from pathlib import Path
from nlp_rnn.operations import workspace
with workspace.locked(Path.cwd(), command="nlp-rnn train ner-en"):
    print(__import__("os").environ[workspace.HOLDER], flush=True)
    time.sleep(60)
"""
TAKE = """
from pathlib import Path
from nlp_rnn.operations import workspace
with workspace.locked(Path.cwd(), wait_seconds=0):
    print("taken")
"""
PARAMS = (
    "seed: 13\nthreads: 1\n"
    "runs: {one: {task: ner, language: en, data: {source: demo}, "
    "tokenizer: {}, pretraining: {}, model: {}, training: {}}}"
)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts Python code in the workspace; what is still running at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_second_process_is_refused_and_told_who_holds(tmp_path: Path, elsewhere: Callable) -> None:
    holder = elsewhere(HOLD)
    first_line(holder)
    told: list[str] = []
    with (
        pytest.raises(
            WorkspaceBusy, match=rf"process {holder.pid} \(`nlp-rnn train ner-en`, since 2"
        ) as caught,
        workspace.locked(tmp_path, wait_seconds=0.2, tell=told.append),
    ):
        pass
    assert caught.value.exit_code == 75
    assert len(told) == 1
    assert f"process {holder.pid}" in told[0]
    assert pid_of_holder(tmp_path) == holder.pid


def test_waiting_ends_when_the_holder_is_killed(tmp_path: Path, elsewhere: Callable) -> None:
    holder = elsewhere(HOLD)
    first_line(holder)
    holder.kill()
    with workspace.locked(tmp_path, wait_seconds=30):
        assert pid_of_holder(tmp_path) == os.getpid()
    assert workspace.holder(tmp_path) is None
    assert workspace.HOLDER not in os.environ


def test_what_the_holder_calls_and_starts_passes_through(tmp_path: Path, elsewhere: Callable) -> None:
    with workspace.locked(tmp_path), workspace.locked(tmp_path, wait_seconds=0):
        out, err = elsewhere(TAKE).communicate(timeout=60)
        assert (out, err) == ("taken\n", "")
    assert workspace.holder(tmp_path) is None


def test_a_token_of_a_dead_holder_is_refused(tmp_path: Path, elsewhere: Callable) -> None:
    holder = elsewhere(HOLD)
    token = first_line(holder)
    assert elsewhere(TAKE, **{workspace.HOLDER: token}).communicate(timeout=60)[0] == "taken\n"
    holder.kill()
    holder.wait()
    out, err = elsewhere(TAKE, **{workspace.HOLDER: token}).communicate(timeout=60)
    assert out == ""
    assert "no longer holds the workspace" in err


def test_a_token_of_another_holder_is_refused(
    tmp_path: Path, elsewhere: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = elsewhere(HOLD)
    token = first_line(holder)
    forged = f"{holder.pid}-{'0' * 16}"
    assert forged != token
    monkeypatch.setenv(workspace.HOLDER, forged)
    with pytest.raises(WorkspaceBusy, match="no longer holds"), workspace.locked(tmp_path):
        pass


def test_a_stage_by_hand_waits_its_turn(tmp_path: Path, elsewhere: Callable) -> None:
    (tmp_path / "params.yaml").write_text(PARAMS)
    holder = elsewhere(HOLD)
    first_line(holder)
    stage = elsewhere(
        "from nlp_rnn.operations import workspace; from nlp_rnn import cli; import sys;"
        "workspace.WAIT_SECONDS = 0.1;"
        "sys.argv = ['nlp-rnn', 'tokenize', 'one']; cli.main()"
    )
    _, err = stage.communicate(timeout=60)
    assert stage.returncode == 75
    assert f"process {holder.pid}" in err
    assert "Traceback" not in err


def test_a_folder_without_write_permission(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match=r"missing/\.nlp-rnn\.lock.*No such file"),
        workspace.locked(tmp_path / "missing"),
    ):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent ended")
def test_a_stage_dies_with_the_process_that_started_it(elsewhere: Callable) -> None:
    child = (
        "from nlp_rnn.operations import workspace; import os, time;"
        "workspace.die_with_parent(); print(os.getpid(), flush=True); time.sleep(60)"
    )
    parent = elsewhere(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])")
    pid = int(first_line(parent))
    parent.send_signal(signal.SIGKILL)
    for _ in range(600):
        if not is_running(pid):
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the stage outlived its parent")


@pytest.mark.parametrize("content", ["", "{", "\0" * 20])
def test_a_broken_rwlock_is_mended(tmp_path: Path, content: str) -> None:
    path = tmp_path / ".dvc" / "tmp" / "rwlock"
    path.parent.mkdir(parents=True)
    assert not workspace.mend_rwlock(tmp_path)
    path.write_text("{}")
    assert not workspace.mend_rwlock(tmp_path)
    path.write_text(content)
    assert workspace.mend_rwlock(tmp_path)
    assert not path.exists()


def pid_of_holder(root: Path) -> int:
    return int((workspace.holder(root) or {})["pid"])


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
