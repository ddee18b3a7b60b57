"""One training as a run of MLflow's; whatever goes wrong with it, the training goes on."""

from __future__ import annotations

import os
import platform
import socket
import sys
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from types import TracebackType
from typing import TYPE_CHECKING, Any

from nlp_rnn.integrations import store

if TYPE_CHECKING:
    from mlflow import MlflowClient

HOST, PROCESS = "nlp_rnn.host", "nlp_rnn.process"  # tags: who writes a run that is not finished
PARENT = "mlflow.parentRunId"  # MLflow's own tag, which its pages read
ENVIRONMENT = "environment.json"  # what a run keeps of the software and the processor it ran on
LIBRARIES = (
    "nlp-rnn",
    "datasets",
    "dvc",
    "great-expectations",
    "mlflow",
    "numba",
    "numpy",
    "onnx",
    "onnxruntime",
    "pandas",
    "prefect",
    "tokenizers",
    "torch",
)


class Tracker:
    """A context whose end also ends MLflow's run: as failed, unless :meth:`finish` came first."""

    def __init__(self) -> None:
        self._client: MlflowClient | None = None  # None before the start, and after a failure
        self._run_id = ""

    def __enter__(self) -> Tracker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        interrupted = kind is not None and not issubclass(kind, Exception)
        self._end("KILLED" if interrupted else "FAILED")

    def epoch(self, step: int, metrics: Mapping[str, float]) -> None:
        """Logs the figures of one epoch."""
        self._attempt(lambda client: log_metrics(client, self._run_id, metrics, step=step))

    def finish(self, package: str | None = None) -> None:
        """Ends the run well and ties it to the package, by its digest, if the training made one."""
        if package is not None:
            self._attempt(lambda client: client.set_tag(self._run_id, store.PACKAGE, package))
        self._end("FINISHED")

    def nested(self, name: str, params: Mapping[str, Any], *, called: str) -> Tracker:
        """Begins a run inside of this one; a silent one where this one has fallen silent.

        Args:
            name, params, called: as :func:`start` has them.
        """
        if self._client is None:
            return Tracker()
        return start(name, params, {PARENT: self._run_id}, called=called)

    def _begin(self, name: str, called: str, params: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        self._client = store.client()
        experiment = store.experiment(self._client, name)
        _end_abandoned(self._client, experiment)
        run = self._client.create_run(experiment, run_name=called, tags={**owner(), **tags})
        self._run_id = run.info.run_id
        log_params(self._client, self._run_id, params)
        self._client.log_dict(self._run_id, environment(), ENVIRONMENT)

    def _end(self, status: str) -> None:
        self._attempt(lambda client: client.set_terminated(self._run_id, status))
        self._client = None

    def _attempt(self, action: Callable[[MlflowClient], object]) -> None:
        if self._client is None:
            return
        try:
            action(self._client)
        except Exception as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._client = None
        print(
            f"nlp-rnn: MLflow at {store.address()} failed, so this training is not tracked any further; "
            f"it goes on, and `nlp-rnn register` logs its figures later ({store.problem(error)})",
            file=sys.stderr,
        )


def start(
    name: str, params: Mapping[str, Any], tags: Mapping[str, str] | None = None, *, called: str | None = None
) -> Tracker:
    """Begins a run in the experiment of the same name.

    Where that fails, one warning goes to standard error and the tracker stays silent.

    Args:
        name: the run's name in params.yaml.
        params: its resolved parameters; nested ones get dotted names.
        tags: more to say of it.
        called: what a list of runs calls this one, rather than :func:`title`.
    """
    tracker = Tracker()
    try:
        tracker._begin(name, called or title(name, params), params, tags or {})
    except Exception as error:
        tracker._give_up(error)
    return tracker


def log_metrics(client: MlflowClient, run_id: str, metrics: Mapping[str, float], *, step: int = 0) -> None:
    """Logs metrics in one call."""
    from mlflow.entities import Metric

    now = time.time_ns() // 1_000_000
    client.log_batch(run_id, metrics=[Metric(key, float(value), now, step) for key, value in metrics.items()])


def log_params(client: MlflowClient, run_id: str, params: Mapping[str, Any]) -> None:
    """Logs nested parameters under dotted names, in one call."""
    from mlflow.entities import Param

    client.log_batch(run_id, params=[Param(key, str(value)) for key, value in flat(params).items()])


def flat(params: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"model": {"cell": "lstm"}}`` -> ``{"model.cell": "lstm"}``."""
    result: dict[str, Any] = {}
    for key, value in params.items():
        result.update(
            flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
        )
    return result


def owner() -> dict[str, str]:
    """Tags that say who writes a run: a user, and a process that should be alive while the run is."""
    import getpass

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return {"mlflow.user": user, HOST: socket.gethostname(), PROCESS: str(os.getpid())}


def title(name: str, params: Mapping[str, Any]) -> str:
    """What a list of runs calls one of them."""
    values = flat(params)
    return f"{name} cell={values.get('model.cell')} seed={values.get('seed')}"


def environment() -> dict[str, Any]:
    """The software and the processor that this process runs on."""
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "libraries": versions,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def _end_abandoned(client: MlflowClient, experiment: str) -> None:
    """Marks runs as killed whose process, on this machine, is gone: it had no time to do so itself."""
    running = client.search_runs(
        [experiment], f"attributes.status = 'RUNNING' and tags.`{HOST}` = '{socket.gethostname()}'"
    )
    for run in running:
        if not _is_alive(int(run.data.tags[PROCESS])):
            client.set_terminated(run.info.run_id, "KILLED")


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)  # which sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
