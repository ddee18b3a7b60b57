"""Schedules: what is refused, what is deployed, and slots that really fire.

The longer test, on a cron expression and the real pipeline, takes some minutes and prints what happens:
``python -m pytest -m slow -s tests/flows/test_schedule.py``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from prefect.cli.deploy._config import _load_deploy_configs_and_actions
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.schedules import CronSchedule
from prefect.flows import load_flow_from_entrypoint
from prefect.settings import PREFECT_API_URL, temporary_settings
from rich.console import Console

from flows import schedule
from nlp_rnn import params
from nlp_rnn.operations import workspace
from nlp_rnn.schema import UsageError

PROJECT = Path(__file__).parents[2]
EVERY_FOUR_SECONDS = """
from datetime import timedelta
from flows.schedule import deployment, serve
from prefect.client.schemas.schedules import IntervalSchedule
serve([deployment("one", IntervalSchedule(interval=timedelta(seconds=4)))])
"""
SMALL_RUN = """
seed: 13
threads: 1
runs:
  ner-en:
    task: ner
    language: en
    data: {source: "file:corpus"}
    tokenizer: {}
    pretraining: {}
    model: {hidden_size: 32}
    training: {epochs: 4}
    schedule: {cron: "* * * * *"}
"""
TOO_SOON = "Deployment concurrency limit reached."


def add_schedule(root: Path, block: str, run: str = "one") -> None:
    text = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(text.replace(f"  {run}:\n", f"  {run}:\n    schedule:\n{block}", 1))


def test_no_run_has_a_schedule(toy: Path) -> None:
    with pytest.raises(
        UsageError, match=r'no run has a schedule; add one .*`schedule: \{cron: "0 3 \* \* \*"'
    ):
        schedule.main()


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (
            "      cron: every night\n",
            r"params\.yaml:7: `runs\.one\.schedule\.cron` is 'every night': .*cron",
        ),
        (
            '      timezone: Europe/Atlantis\n      cron: "0 3 * * *"\n',
            r"params\.yaml:7: `runs\.one\.schedule\.timezone` is 'Europe/Atlantis': .*timezone",
        ),
    ],
)
def test_a_schedule_that_cannot_be_understood(toy: Path, block: str, message: str) -> None:
    add_schedule(toy, block)
    with pytest.raises(UsageError, match=message):
        schedule.main()


def test_no_server(toy: Path) -> None:
    add_schedule(toy, '      cron: "0 3 * * *"\n')
    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(UsageError, match=r"no Prefect server; start one with `prefect server start`, and set"),
    ):
        schedule.main()
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        pytest.raises(UsageError, match=r"no Prefect server answers at http://127\.0\.0\.1:9/api"),
    ):
        schedule.main()


def test_what_is_deployed(toy: Path) -> None:
    add_schedule(toy, '      cron: "0 3 * * *"\n      timezone: Europe/Berlin\n')
    run = params.load("one")
    made = schedule.deployment(run.name, schedule.cron(run))
    assert (made.name, made.parameters) == ("one", {"runs": ["one"]})
    assert made.concurrency_limit == 1
    assert made.concurrency_options
    assert made.concurrency_options.collision_strategy.value == "CANCEL_NEW"
    assert made.schedules
    assert [slot.schedule for slot in made.schedules] == [
        CronSchedule(cron="0 3 * * *", timezone="Europe/Berlin")
    ]


def test_the_deployments_for_a_work_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    said = StringIO()
    configured, _ = _load_deploy_configs_and_actions(Path("prefect.yaml"), console=Console(file=said))
    assert said.getvalue() == ""
    assert {"all", "ner-en", "ner-zh", "sentiment-en", "sentiment-zh"} <= {
        each["name"] for each in configured
    }
    for each in configured:
        flow: Any = load_flow_from_entrypoint(each["entrypoint"])
        given = flow.validate_parameters(each["parameters"])
        assert given == {"runs": None if each["name"] == "all" else [each["name"]]}
        assert each["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
        assert each["work_pool"]["name"] == "nlp-rnn"


@pytest.mark.xdist_group("prefect")
def test_slots_fire_one_at_a_time(toy: Path, server: str) -> None:
    """A slot after a change does the work, those meanwhile are cancelled, and the next finds nothing."""
    (toy / "inputs" / "one").write_text("other text\n")
    with serving("-c", EVERY_FOUR_SECONDS, url=server):
        runs = await_runs("one", lambda runs: {"nothing to do", TOO_SOON} <= set(messages(runs)))
    assert messages(completed(runs))[:2] == ["executed ingest@one, validate@one, fit@one", "nothing to do"]
    assert {run.state_name for run in runs if TOO_SOON in messages([run])} == {"Cancelled"}
    assert (toy / "log.txt").read_text().split() == ["ingest@one", "validate@one", "fit@one"]


@pytest.mark.slow
@pytest.mark.xdist_group("prefect")
def test_the_end_of_serving_is_the_end_of_what_runs(
    toy: Path, server: str, await_stage: Callable[[], int], is_running: Callable[[int], bool]
) -> None:
    (toy / "inputs" / "two").write_text("sleep in ingest\n")
    command = [sys.executable, "-c", EVERY_FOUR_SECONDS.replace('"one"', '"two"')]
    process = subprocess.Popen(command, env={**os.environ, "PREFECT_API_URL": server})
    stage = await_stage()
    process.terminate()
    assert process.wait(timeout=60) == 143
    assert not is_running(stage)
    assert workspace.holder(toy) is None
    await_runs("two", lambda runs: not any(run.state_name in ("Running", "Pending") for run in runs))


@pytest.mark.slow
@pytest.mark.xdist_group("prefect")
def test_a_schedule_of_every_minute(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real pipeline: a slot after a change to the data trains and decides, the next finds nothing."""
    monkeypatch.chdir(tmp_path)
    copy_project(tmp_path)
    write_corpus(tmp_path, seed=1)
    with serving("-m", "nlp_rnn", "schedule", url=server), capsys.disabled():
        await_runs("ner-en", lambda runs: outcomes(runs) == ["work", "nothing to do"], seconds=900)
        print("the data change")
        write_corpus(tmp_path, seed=2)
        expected = ["work", "nothing to do", "work", "nothing to do"]
        runs = await_runs("ner-en", lambda runs: outcomes(runs) == expected, seconds=900)
        for run in ended(runs):
            print(f"{run.expected_start_time:%H:%M} {run.state_name}: {messages([run])[0]}")
    assert len((tmp_path / "mlruns" / "decisions.jsonl").read_text().splitlines()) == 2
    assert most_at_once(runs) == 1


def outcomes(runs: list[FlowRun]) -> list[str]:
    """What the slots that ran did, repetitions dropped."""
    all_of_it = [
        "work" if "train@ner-en" in message and "promote@ner-en" in message else message
        for message in messages(completed(runs))
    ]
    return [now for now, before in zip(all_of_it, ["", *all_of_it], strict=False) if now != before]


def copy_project(root: Path) -> None:
    """A workspace with the real pipeline for one small run that is scheduled for every minute."""
    for name in ("nlp_rnn", "flows", "data/demo"):
        shutil.copytree(PROJECT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(PROJECT / name, root / name)
    (root / "params.yaml").write_text(SMALL_RUN)
    subprocess.run(["git", "init", "--quiet"], check=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], check=True)


def write_corpus(root: Path, seed: int) -> None:
    from nlp_rnn.data.sources import demo

    (root / "corpus").mkdir(exist_ok=True)
    link = PROJECT / "data" / "demo" / "ner-en"
    demo.fetch(root / "corpus", link, task="ner", language="en", seed=seed, sentences=300)


def most_at_once(runs: list[FlowRun]) -> int:
    """How many flow runs there were at a time, at most."""
    spans = [(run.start_time, run.end_time) for run in runs if run.start_time and run.end_time]
    return max(sum(start <= moment < end for start, end in spans) for moment, _ in spans)


@contextmanager
def serving(*command: str, url: str) -> Iterator[None]:
    """Runs Python in the current folder, against a server, and ends it afterwards."""
    process = subprocess.Popen([sys.executable, *command], env={**os.environ, "PREFECT_API_URL": url})
    try:
        yield
        assert process.poll() is None, "it ended by itself"
    finally:
        process.terminate()
        process.wait(timeout=60)


def await_runs(
    deployment: str, enough: Callable[[list[FlowRun]], bool], seconds: float = 240
) -> list[FlowRun]:
    """The flow runs of a deployment as soon as there are enough."""
    wanted = DeploymentFilter(name=DeploymentFilterName(any_=[deployment]))
    deadline = time.monotonic() + seconds
    with get_client(sync_client=True) as client:
        while True:
            runs = client.read_flow_runs(deployment_filter=wanted)
            if enough(runs):
                return runs
            assert not any(run.state and run.state.is_failed() for run in runs), messages(runs)
            assert time.monotonic() < deadline, [(run.state_name, messages([run])) for run in runs]
            time.sleep(0.5)


def ended(runs: list[FlowRun]) -> list[FlowRun]:
    """Those that are over, in the order of their slots."""
    over = [run for run in runs if run.state and run.state.is_final()]
    return sorted(over, key=lambda run: str(run.expected_start_time))


def completed(runs: list[FlowRun]) -> list[FlowRun]:
    """Those that ran to their end, in the order of their start."""
    return sorted((run for run in runs if run.state_name == "Completed"), key=lambda run: str(run.start_time))


def messages(runs: list[FlowRun]) -> list[str]:
    return [run.state.message or "" for run in runs if run.state]
