"""`nlp-rnn schedule`: serves the flow for each run that has a schedule, against a standing Prefect server."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.runner import Runner
from pydantic import ValidationError

from flows import server
from flows.retrain import retrain
from nlp_rnn import params
from nlp_rnn.schema import UsageError


def main() -> None:
    """Serves until it is stopped.

    Raises:
        UsageError: no run has a schedule, one cannot be understood, or no server answers.
    """
    runs = [run for run in params.load_all().values() if run.schedule is not None]
    if not runs:
        raise UsageError(
            f"{params.PATH}: no run has a schedule; add one to a run's block, such as "
            '`schedule: {cron: "0 3 * * *", timezone: Europe/Berlin}`.'
        )
    deployments = [deployment(run.name, cron(run)) for run in runs]
    server.check()
    serve(deployments)


def serve(deployments: Sequence[RunnerDeployment]) -> None:
    """Serves deployments until SIGTERM or Ctrl-C, which end the flows that run, too."""
    number = asyncio.run(_serve(deployments))
    if number is not None:
        raise SystemExit(128 + number)


async def _serve(deployments: Sequence[RunnerDeployment]) -> int | None:
    """The signal that ended it."""
    runner = Runner(name="nlp-rnn")
    for each in deployments:
        await runner.aadd_deployment(each)
    serving = asyncio.create_task(runner.start())
    await asyncio.sleep(0)  # it starts, and takes SIGTERM for itself: as a sudden end, which loses flow runs
    received: list[int] = []
    stopping: list[asyncio.Task[None]] = []

    def stop(number: int) -> None:
        received.append(number)
        stopping.append(asyncio.create_task(runner.astop()))

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    print(f"nlp-rnn: serving {', '.join(each.name for each in deployments)}; Ctrl-C ends it", flush=True)
    await serving
    return received[0] if received else None


def deployment(run: str, schedule: CronSchedule | IntervalSchedule) -> RunnerDeployment:
    """The flow for one run; while it runs, a further slot is cancelled."""
    made: Any = retrain.to_deployment(
        name=run,
        schedules=[schedule],
        parameters={"runs": [run]},
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
    )
    return made


def cron(run: params.Run) -> CronSchedule:
    """A run's schedule as Prefect knows it.

    Raises:
        UsageError: a cron expression or a time zone that does not exist.
    """
    assert run.schedule is not None
    for key in ("timezone", "cron"):
        given = {"cron": "0 0 * * *", key: getattr(run.schedule, key)}
        try:
            CronSchedule(**given)
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            where = f"{params.PATH}:{_line(run.name, key)}: `runs.{run.name}.schedule.{key}`"
            raise UsageError(f"{where} is {given[key]!r}: {reason}.") from None
    return CronSchedule(cron=run.schedule.cron, timezone=run.schedule.timezone)


def _line(run: str, key: str, path: Path = params.PATH) -> int:
    from ruamel.yaml import YAML

    block = YAML(typ="rt").load(path)["runs"][run]["schedule"]
    return int(block.lc.key(key)[0]) + 1
