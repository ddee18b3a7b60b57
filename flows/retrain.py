"""The flow: every stage of dvc.yaml as a task of the same name, then register, then promote.

What is stale, and in what order things run, is DVC's word alone (:mod:`flows.graph`); Prefect's part is when,
side by side, what happens on failure, and what a person sees of it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectConcurrentFuture
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from flows import plan as plans
from flows import scores
from flows.processes import Processes, StageFailed
from nlp_rnn import environment
from nlp_rnn.operations import workspace
from nlp_rnn.schema import DataRefused, NlpRnnError, UsageError

PATIENCE = 6 * 3600.0  # seconds: two runs' schedules may fire at once, and the second waits for the first
WORKERS = os.cpu_count() or 1
_registry = threading.Lock()  # MLflow's store is one for all runs
_runner: Any = ThreadPoolTaskRunner(max_workers=WORKERS)


@dataclass(frozen=True, slots=True)
class Step:
    """One task of the flow."""

    name: str
    needs: Sequence[str]  # names of steps before it
    action: Callable[[], State[Any]]


@flow(name="retrain", task_runner=_runner)
def retrain(runs: list[str] | None = None) -> State[Any]:
    """Brings the pipeline up to date and decides on every new model, in the current folder.

    Args:
        runs: names of params.yaml; all by default.
    """
    environment.quiet()
    environment.own_commands_first()
    root, log = Path.cwd(), get_run_logger()
    try:
        with workspace.locked(root, f"the flow for {', '.join(runs or ['all runs'])}", PATIENCE, log.info):
            plan = plans.make(root, runs)
            if plan.is_idle:
                return Completed(message="nothing to do")
            executed = _carry_out(plan, root)
    except NlpRnnError as error:  # returned, not raised: what a person can mend needs no traceback
        return Failed(message=str(error), data=error)
    return Completed(message=f"executed {executed or 'no stages'}")


def _carry_out(plan: plans.Plan, root: Path) -> str:
    """Runs all steps, whatever fails; then raises what failed, or says what was executed."""
    if plan.unsettled or any(stage.verb == "train" for stage in plan.stale):
        from nlp_rnn.integrations import store

        store.prepare()  # of two processes that create it at once, one dies
    processes = Processes(root)
    try:
        futures = _run_as_ready(_steps(plan, root, processes))
    except BaseException:  # SIGTERM and Ctrl-C among them: no stage may outlive the flow
        processes.stop()
        raise
    create_markdown_artifact(key="scores", markdown=scores.table(plan.runs, root), description="Test scores")
    states = {name: future.state for name, future in futures.items()}
    failures = {name: state for name, state in states.items() if state.is_failed() or state.is_crashed()}
    if failures:
        raise _failure(failures)
    return ", ".join(name for name, state in states.items() if state.name == "Completed")


def _steps(plan: plans.Plan, root: Path, processes: Processes) -> list[Step]:
    """What there is to run, each step behind all that it needs."""
    steps = [
        Step(stage.name, stage.needs, partial(_stage, stage.name, stage.stale, processes))
        for stage in plan.stages
    ]
    for run in plan.runs:
        own = [stage.name for stage in plan.stages if stage.run == run]
        steps.append(Step(f"register@{run}", own, partial(_register, run, root)))
        steps.append(Step(f"promote@{run}", [f"register@{run}"], partial(_promote, run, root)))
    return steps


def _run_as_ready(steps: Sequence[Step]) -> dict[str, PrefectConcurrentFuture[Any]]:
    """Submits each step once all that it needs has ended, so that no worker sits waiting for another."""
    futures: dict[str, PrefectConcurrentFuture[Any]] = {}
    done: set[str] = set()
    while len(done) < len(steps):
        for step in steps:
            if step.name not in futures and done.issuperset(step.needs):
                named: Any = _step.with_options(name=step.name, task_run_name=step.name)
                futures[step.name] = named.submit(
                    step.action, wait_for=[futures[need] for need in step.needs]
                )
        running = [future.wrapped_future for name, future in futures.items() if name not in done]
        wait(running, return_when=FIRST_COMPLETED)
        done = {name for name, future in futures.items() if future.wrapped_future.done()}
    return futures


def _is_worth_retrying(task: Any, task_run: Any, state: State[Any]) -> bool:
    """Only reading from outside fails by chance; wrong usage and refused data stay what they are."""
    error = state.data
    if not isinstance(error, StageFailed) or not error.stage.startswith("ingest@"):
        return False
    return error.code not in (None, UsageError.exit_code, DataRefused.exit_code)


@task(
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=_is_worth_retrying,
)
def _step(action: Callable[[], State[Any]]) -> State[Any]:
    try:
        return action()
    except NlpRnnError as error:
        return Failed(message=str(error), data=error)
    except Exception:
        get_run_logger().exception("an error that nobody foresaw")
        raise


def _stage(name: str, stale: bool, processes: Processes) -> State[Any]:
    if not stale:
        return Completed(name="Skipped", message="up to date")
    outcome = processes.run(name, get_run_logger().info)
    return Completed(name="Completed" if outcome == "executed" else "Skipped", message=outcome)


def _register(run: str, root: Path) -> State[Any]:
    if plans.is_settled(root, run):
        return Completed(name="Skipped", message="no new package")
    from nlp_rnn.operations import release

    with _registry:
        registered = release.register(run, flow_run=flow_run.id)
    how = "registered" if registered.created else "was registered before"
    return Completed(message=f"version {registered.version} {how}")


def _promote(run: str, root: Path) -> State[Any]:
    if plans.is_settled(root, run):
        return Completed(name="Skipped", message="no new package")
    from nlp_rnn.operations import release

    with _registry:
        decision = release.promote(run)
    return Completed(message=decision.reason)


def _failure(states: Mapping[str, State[Any]]) -> NlpRnnError:
    """One error for all that failed; a refusal of data only if nothing else failed."""
    errors = {name: state.result(raise_on_failure=False) for name, state in states.items()}
    text = "\n".join(
        str(error) if isinstance(error, StageFailed) else f"{name} failed: {error}"
        for name, error in errors.items()
    )
    if all(isinstance(error, StageFailed) and error.refused for error in errors.values()):
        return DataRefused(text)
    return NlpRnnError(text)
