"""The flow on a real Prefect server and real DVC: order, skipping, failure, refusal, retries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
)
from prefect.client.schemas.objects import State

from flows.processes import StageFailed
from flows.retrain import _is_worth_retrying, retrain
from nlp_rnn.schema import DataRefused, NlpRnnError, UsageError

pytestmark = [pytest.mark.usefixtures("server"), pytest.mark.xdist_group("prefect")]


def run_flow(runs: list[str] | None = None) -> tuple[State[Any], dict[str, tuple[str, str]]]:
    """The flow's final state, and the name and message of each task's."""
    state = retrain(runs=runs, return_state=True)
    flow_run = state.state_details.flow_run_id
    assert flow_run is not None
    with get_client(sync_client=True) as client:
        tasks = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run])))
    states = {task.name: task.state for task in tasks}
    return state, {name: (state.name or "", state.message or "") for name, state in states.items() if state}


def scores_of(state: State[Any]) -> str:
    """The table that the flow left in Prefect."""
    flow_run = state.state_details.flow_run_id
    assert flow_run is not None
    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run]))
    with get_client(sync_client=True) as client:
        (artifact,) = client.read_artifacts(artifact_filter=wanted)
    return str(artifact.data)


def names(tasks: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {name: state for name, (state, _) in tasks.items()}


def test_nothing_to_do(toy: Path) -> None:
    state, tasks = run_flow()
    assert (state.name, state.message, tasks) == ("Completed", "nothing to do", {})


def test_stale_stages_run_in_order_and_fresh_ones_are_skipped(toy: Path) -> None:
    (toy / "inputs" / "one").write_text("other text\n")
    state, tasks = run_flow()
    assert state.message == "executed ingest@one, validate@one, fit@one"
    assert (toy / "log.txt").read_text().split() == ["ingest@one", "validate@one", "fit@one"]
    assert names(tasks) == {
        "ingest@one": "Completed",
        "validate@one": "Completed",
        "fit@one": "Completed",
        "register@one": "Skipped",
        "promote@one": "Skipped",
        "ingest@two": "Skipped",
        "validate@two": "Skipped",
        "fit@two": "Skipped",
        "register@two": "Skipped",
        "promote@two": "Skipped",
    }
    assert tasks["fit@two"] == ("Skipped", "up to date")
    assert "| one |" in scores_of(state)
    assert run_flow()[0].message == "nothing to do"


def test_a_failure_stops_what_needs_it_and_nothing_else(toy: Path) -> None:
    (toy / "inputs" / "one").write_text("break validate\n")
    (toy / "inputs" / "two").write_text("other text\n")
    state, tasks = run_flow()
    assert (state.name, state.message) == (
        "Failed",
        "stage validate@one failed with exit code 5: the disk is on fire",
    )
    assert names(tasks) == {
        "ingest@one": "Completed",
        "validate@one": "Failed",
        "fit@one": "NotReady",
        "register@one": "NotReady",
        "promote@one": "NotReady",
        "ingest@two": "Completed",
        "validate@two": "Completed",
        "fit@two": "Completed",
        "register@two": "Skipped",
        "promote@two": "Skipped",
    }
    with pytest.raises(NlpRnnError) as caught:
        state.result()
    assert type(caught.value) is NlpRnnError


def test_refused_data(toy: Path) -> None:
    (toy / "inputs" / "one").write_text("refuse\n")
    state, tasks = run_flow(["one"])
    assert names(tasks)["validate@one"] == "Failed"
    with pytest.raises(DataRefused, match="stage validate@one failed with exit code 3"):
        state.result()


def test_an_unknown_run(toy: Path) -> None:
    state, _ = run_flow(["three"])
    with pytest.raises(UsageError, match="no run 'three'; there are: one, two"):
        state.result()


def test_reading_data_is_tried_again(toy: Path) -> None:
    (toy / "inputs" / "one").write_text("stumble in ingest\n")
    state, _ = run_flow(["one"])
    assert state.is_completed()
    assert (toy / "log.txt").read_text().split() == ["ingest@one", "ingest@one", "validate@one", "fit@one"]


@pytest.mark.parametrize(
    ("stage", "code", "expected"),
    [
        ("ingest@one", 1, True),
        ("ingest@one", -9, True),
        ("ingest@one", None, False),
        ("ingest@one", 2, False),
        ("ingest@one", 3, False),
        ("train@one", 1, False),
    ],
)
def test_what_is_tried_again(stage: str, code: int | None, expected: bool) -> None:
    from prefect.states import Failed

    error = StageFailed(stage, code, [], refused=False)
    assert _is_worth_retrying(None, None, Failed(data=error)) is expected
