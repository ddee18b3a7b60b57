"""`nlp-rnn run` as a person starts it: what it says, costs and leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flows import scores
from nlp_rnn.operations import workspace

NOBODY = "http://127.0.0.1:9/api"
IMPATIENT = """
from nlp_rnn import cli
from nlp_rnn.operations import workspace
workspace.WAIT_SECONDS = 0.1
cli.main()
"""


def start(*arguments: str, url: str | None = NOBODY, python: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """Starts ``nlp-rnn run`` in the current folder."""
    environment = {name: value for name, value in os.environ.items() if name != workspace.HOLDER}
    environment.pop("PREFECT_API_URL", None)
    if url:
        environment["PREFECT_API_URL"] = url
    command = [sys.executable, *(python or ("-m", "nlp_rnn")), "run", *arguments]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(*arguments: str, url: str | None = NOBODY, python: tuple[str, ...] = ()) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ``nlp-rnn run``."""
    process = start(*arguments, url=url, python=python)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def test_nothing_to_do_needs_no_server_and_no_heavy_library(toy: Path) -> None:
    code, out, err = run(python=("-X", "importtime", "-m", "nlp_rnn"))
    assert (code, out) == (0, "one: up to date, no champion\ntwo: up to date, no champion\n")
    imported = set(re.findall(r"\|\s*([a-z_]+)$", err, flags=re.MULTILINE))
    assert "dvc" in imported
    assert not imported & {"prefect", "mlflow", "torch", "great_expectations", "datasets", "pandas"}
    assert not (toy / "log.txt").exists()


def test_the_line_of_a_run(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = toy / "data" / "reports" / "one" / "metrics.json"
    report.parent.mkdir(parents=True)
    report.write_text(
        json.dumps({"primary": "f1", "score": 0.714, "baseline": {"name": "crf", "score": 0.65}})
    )
    decision = {"run": "one", "version": "3", "promote": True, "champion": None, "reason": "It is | better."}
    (toy / "mlruns").mkdir()
    (toy / "mlruns" / "decisions.jsonl").write_text(json.dumps(decision) + "\n")
    assert scores.line("one", toy, "up to date") == "one: up to date, champion one version 3, f1 0.71"
    kept = decision | {"version": "4", "promote": False, "champion": {"version": "3"}}
    with (toy / "mlruns" / "decisions.jsonl").open("a") as file:
        file.write(json.dumps(kept) + "\n")
    assert "version 3" in scores.line("one", toy, "done")
    table = scores.table(["one", "two"], toy).splitlines()
    assert table[2] == "| one | f1 | 0.7140 | 0.6500 crf | 3 | It is \\| better. | none |"
    assert table[3] == "| two |  |  |  | none | none | none |"


def test_a_run_that_does_not_exist(toy: Path) -> None:
    code, out, err = run("three")
    assert (code, out) == (2, "")
    assert err == "nlp-rnn: params.yaml: there is no run 'three'; there are: one, two.\n"


def test_a_folder_without_the_flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run()
    assert code == 2
    assert "there is no flows/retrain.py here; run this in the project's folder" in err


def test_a_server_that_does_not_answer(toy: Path) -> None:
    (toy / "inputs" / "one").write_text("other text\n")
    code, _, err = run()
    assert code == 2
    assert f"no Prefect server answers at {NOBODY}" in err
    assert "Traceback" not in err
    assert not (toy / "log.txt").exists()


def test_another_holder_is_named(toy: Path) -> None:
    with workspace.locked(toy, command="nlp-rnn schedule"):
        code, _, err = run(python=("-c", IMPATIENT))
    assert code == 75
    assert re.search(rf"process {os.getpid()} \(`nlp-rnn schedule`, since .*\) holds the workspace", err)


@pytest.mark.xdist_group("prefect")
def test_refused_data_is_exit_3(toy: Path, server: str) -> None:
    (toy / "inputs" / "one").write_text("refuse\n")
    code, out, err = run("one", url=server)
    assert (code, out) == (3, "")
    assert err.splitlines()[-1].startswith("nlp-rnn: stage validate@one failed with exit code 3")
    assert "Traceback" not in err


@pytest.mark.xdist_group("prefect")
def test_sigterm_ends_the_stage_and_frees_the_workspace(
    toy: Path, server: str, await_stage: Callable[[], int], is_running: Callable[[int], bool]
) -> None:
    (toy / "inputs" / "one").write_text("sleep in fit\n")
    process = start("one", url=server)
    stage = await_stage()
    assert (workspace.holder(toy) or {})["pid"] == process.pid
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 143
    assert not is_running(stage)
    assert workspace.holder(toy) is None


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_run_with_a_server_of_its_own(
    toy: Path, number: int, await_stage: Callable[[], int], is_running: Callable[[int], bool]
) -> None:
    (toy / "inputs" / "one").write_text("sleep in ingest\n")
    process = start("one", url=None)
    stage = await_stage()
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True)
    children = [int(pid) for pid in found.stdout.split()]
    assert len(children) == 2, "the server and dvc"
    process.send_signal(number)
    assert process.wait(timeout=60) == {signal.SIGTERM: 143, signal.SIGKILL: -9}[signal.Signals(number)]
    for _ in range(300):
        if not any(map(is_running, children)):
            break
        time.sleep(0.1)
    assert not any(map(is_running, children))
    assert workspace.holder(toy) is None
    if number == signal.SIGKILL:
        os.kill(stage, signal.SIGKILL)  # the toy's own stages do not look after themselves
