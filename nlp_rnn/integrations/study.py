"""A study as one run of MLflow's with a nested run for each of its trials."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_rnn.integrations import store, tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient

STUDY = "nlp_rnn.study"  # the tag with a study's digest: how it is found again
_AT_ONCE = 1000  # metrics in one call, at most


@dataclass(frozen=True)
class Trial:
    """One training among others."""

    title: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    series: Mapping[str, Sequence[float]] = field(default_factory=dict)  # values by step, from 0


def record(name: str, trials: Sequence[Trial], *, digest: str, files: Sequence[Path] = ()) -> str:
    """Logs a study once; the same digest finds what is there.

    Args:
        name: the experiment's.
        trials: each becomes a nested run.
        digest: of all that is logged.
        files: kept with the outer run.

    Returns:
        the id of the outer run.

    Raises:
        NlpRnnError: a store that fails.
    """
    with store.explained():
        client = store.client()
        experiment = store.experiment(client, name)
        found = client.search_runs(
            [experiment], f"tags.`{STUDY}` = '{digest}' and attributes.status = 'FINISHED'", max_results=1
        )
        if found:
            return found[0].info.run_id
        outer = client.create_run(experiment, run_name=name, tags=tracking.owner()).info.run_id
        client.log_dict(outer, tracking.environment(), "environment.json")
        for trial in trials:
            _log(client, experiment, outer, trial)
        for path in files:
            client.log_artifact(outer, str(path))
        client.set_tag(outer, STUDY, digest)
        client.set_terminated(outer)
    return outer


def _log(client: MlflowClient, experiment: str, outer: str, trial: Trial) -> None:
    from mlflow.entities import Metric

    tags = {tracking.PARENT: outer, **tracking.owner()}
    run_id = client.create_run(experiment, run_name=trial.title, tags=tags).info.run_id
    tracking.log_params(client, run_id, trial.params)
    tracking.log_metrics(client, run_id, trial.metrics)
    now = time.time_ns() // 1_000_000
    points = [
        Metric(key, float(value), now, step)
        for key, values in trial.series.items()
        for step, value in enumerate(values)
    ]
    for start in range(0, len(points), _AT_ONCE):
        client.log_batch(run_id, metrics=points[start : start + _AT_ONCE])
    client.set_terminated(run_id)
