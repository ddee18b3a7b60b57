"""Stages as processes: what they say, how they fail, and that none is left behind."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.processes import Processes, StageFailed, Stopped, _lines


def test_a_progress_bar_is_one_line() -> None:
    said = io.BytesIO("one\n1 %\r50 %\r\x1b[32m100 %\x1b[0m\n\n  \ntwo\r\n\xff three".encode("latin-1"))
    assert list(_lines(said)) == ["one", "100 %", "two", "\N{REPLACEMENT CHARACTER} three"]


def test_a_line_has_a_bound() -> None:
    assert [len(line) for line in _lines(io.BytesIO(b"x" * 10_000))] == [2000]


def test_executed_then_up_to_date_then_restored(toy: Path) -> None:
    text = (toy / "inputs" / "one").read_text()
    lines: list[str] = []
    (toy / "inputs" / "one").write_text("other text\n")
    assert Processes(toy).run("ingest@one", lines.append) == "executed"
    assert "Running stage 'ingest@one':" in lines
    assert Processes(toy).run("ingest@one", lines.append) == "up to date"
    (toy / "inputs" / "one").write_text(text)
    assert Processes(toy).run("ingest@one", lines.append) == "restored"
    assert (toy / "log.txt").read_text() == "ingest@one\n"


def test_a_failure_has_a_name_a_code_and_last_words(toy: Path) -> None:
    (toy / "inputs" / "one").write_text("break ingest\n")
    with pytest.raises(StageFailed) as caught:
        Processes(toy).run("ingest@one", print)
    assert str(caught.value) == "stage ingest@one failed with exit code 5: the disk is on fire"
    assert (caught.value.stage, caught.value.code, caught.value.refused) == ("ingest@one", 5, False)


def test_a_stage_that_never_started(toy: Path) -> None:
    (toy / "inputs" / "one").unlink()
    with pytest.raises(
        StageFailed, match=r"^stage ingest@one failed: .*No such file.*data/inputs/one"
    ) as caught:
        Processes(toy).run("ingest@one", print)
    assert caught.value.code is None


def test_a_refusal_is_told_from_a_failure(toy: Path) -> None:
    report = toy / "data" / "validation" / "one" / "report.json"
    (toy / "data" / "raw" / "one").write_text("refuse\n")
    with pytest.raises(StageFailed) as caught:
        Processes(toy).run("validate@one", print)
    assert (caught.value.code, caught.value.refused) == (3, True)
    assert report.exists()
    # The report of that attempt says nothing about one that did not come so far.
    (toy / "data" / "raw" / "one").unlink()
    with pytest.raises(StageFailed) as caught:
        Processes(toy).run("validate@one", print)
    assert caught.value.refused is False


def test_stop_ends_what_runs_and_lets_nothing_start(
    toy: Path, await_stage: Callable[[], int], is_running: Callable[[int], bool]
) -> None:
    (toy / "inputs" / "one").write_text("sleep in ingest\n")
    processes, errors = Processes(toy), []

    def run() -> None:
        try:
            processes.run("ingest@one", print)
        except Stopped as error:
            errors.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    stage = await_stage()
    processes.stop()
    thread.join(timeout=60)
    assert errors == ["stage ingest@one was stopped."]
    assert not is_running(stage)
    with pytest.raises(Stopped, match="ingest@two was not started"):
        processes.run("ingest@two", print)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent ended")
def test_dvc_does_not_outlive_a_killed_flow(
    toy: Path, await_stage: Callable[[], int], is_running: Callable[[int], bool]
) -> None:
    (toy / "inputs" / "one").write_text("sleep in ingest\n")
    code = "from pathlib import Path; from flows.processes import Processes; "
    flow = subprocess.Popen(
        [sys.executable, "-c", code + "Processes(Path.cwd()).run('ingest@one', print)"],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "SHELL": "/bin/sh"},  # which DVC runs stages with; dash stays their parent
    )
    stage = await_stage()
    found = subprocess.run(
        ["ps", "-o", "ppid=", "-p", str(stage)], capture_output=True, text=True, check=True
    )
    dvc = int(found.stdout)
    assert is_running(dvc)
    flow.kill()
    flow.wait()
    try:
        for _ in range(600):
            if not is_running(dvc):
                return
            time.sleep(0.05)
        pytest.fail("dvc outlived the flow")
    finally:
        os.kill(stage, signal.SIGKILL)  # the toy's own stages do not look after themselves
