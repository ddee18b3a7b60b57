"""What an evaluation found, as part of the MLflow run of the training that made the package."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_rnn.inference import package as packages
from nlp_rnn.integrations import figures, store, tracking
from nlp_rnn.schema import SPLITS

if TYPE_CHECKING:
    from mlflow import MlflowClient

FIGURES = "figures"


def record_evaluation(
    run: str,
    *,
    package: Path,
    report: Path,
    history: Path,
    examples: Path,
    source: Mapping[str, Any],
    others: Sequence[Path] = (),
) -> str:
    """Logs test scores, data sets, files and pictures, once for each report.

    The MLflow run is the one whose training made the package. Where there is none, because DVC's cache
    gave the package back or tracking had failed, it is made from the package and its history.

    Args:
        run: the run's name in params.yaml.
        package: the package's folder.
        report: the folder that holds ``metrics.json``.
        history: the CSV of the training's epochs.
        examples: the folder with a file of examples for each split.
        source: where the data came from, as ``data/sources.lock`` says.
        others: more files to keep, such as the validation report; those that do not exist are passed over.

    Returns:
        the id of MLflow's run.

    Raises:
        NlpRnnError: a damaged package, or a store that fails.
    """
    digest = packages.verify(package)
    with store.explained():
        client = store.client()
        metrics = json.loads((report / "metrics.json").read_text(encoding="utf-8"))
        verdict = packages.digest(report / "metrics.json")
        run_id = _find(client, run, digest)
        if run_id is None:
            run_id = _rebuild(client, run, package, _rows(history), metrics["primary"], digest)
        if client.get_run(run_id).data.tags.get(store.REPORT) == verdict:
            return run_id
        tracking.log_metrics(client, run_id, _scores(metrics))
        _log_data(client, run_id, run, examples, source)
        client.log_artifacts(run_id, str(package), "package")
        client.log_artifacts(run_id, str(report), "report")
        for path in (history, *others):
            if path.is_file():
                client.log_artifact(run_id, str(path))
        for name, figure in figures.draw(
            metrics,
            history=_rows(history),
            confusion=_rows(report / "confusion.csv"),
            calibration=_rows(report / "calibration.csv"),
        ):
            client.log_figure(run_id, figure, f"{FIGURES}/{name}.png")
        client.set_tag(run_id, store.REPORT, verdict)  # last: whoever finds it finds all of the above
    return run_id


def _find(client: MlflowClient, run: str, digest: str) -> str | None:
    """The id of the oldest run that made the package."""
    found = client.search_runs(
        [store.experiment(client, run)],
        f"tags.`{store.PACKAGE}` = '{digest}'",
        order_by=["attributes.start_time ASC"],
        max_results=1,
    )
    return found[0].info.run_id if found else None


def _rebuild(
    client: MlflowClient, run: str, package: Path, history: figures.Rows, primary: str, digest: str
) -> str:
    """A run made from files, as far as they tell; its environment, for one, is not known."""
    params = packages.read_model(package)["run"]
    made = client.create_run(
        store.experiment(client, run),
        run_name=tracking.title(run, params),
        tags={"nlp_rnn.rebuilt": "true", **tracking.owner()},
    )
    run_id = made.info.run_id
    tracking.log_params(client, run_id, params)
    for row in history:
        names = ("train_loss", "dev_criterion", "gradient_norm", "learning_rate")
        metrics = {name: float(row[name]) for name in names}
        metrics[f"dev_{primary}"] = float(row["dev_score"])
        tracking.log_metrics(client, run_id, metrics, step=int(row["epoch"]))
    client.set_tag(run_id, store.PACKAGE, digest)
    client.set_terminated(run_id)
    return run_id


def _scores(metrics: Mapping[str, Any]) -> dict[str, float]:
    """metrics.json as flat metrics: ``test_f1``, ``f1/PER``, ``conlleval_f1``, ``baseline_score``, ..."""
    test = metrics["test"]
    result = {f"test_{name}": value for name, value in test.items() if isinstance(value, (int, float))}
    for name, value in test.get("conlleval", {}).items():
        result[f"conlleval_{name}"] = value
    for label, row in test["classes"].items():
        safe = re.sub(r"[^\w\- ]", "_", label)
        result.update({f"{name}/{safe}": value for name, value in row.items()})
    for name, row in metrics.get("behaviour", {}).items():  # which reports made before had not
        result[f"behaviour_failed/{name}"] = row["share"]
    for name, value in metrics.get("calibration", {}).get("test", {}).items():
        result[f"calibration_{name}"] = value
    result["baseline_score"] = metrics["baseline"]["score"]
    result["test_examples"] = metrics["examples"]["test"]
    result[f"best_dev_{metrics['primary']}"] = metrics["dev"][metrics["primary"]]
    return result


def _log_data(client: MlflowClient, run_id: str, run: str, examples: Path, source: Mapping[str, Any]) -> None:
    """Each split as a data set of MLflow's, known by the digest of its file."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    inputs = []
    for split in SPLITS:
        path = examples / f"{split}.jsonl"
        digest = packages.digest(path)
        with path.open("rb") as file:
            count = sum(1 for _ in file)
        dataset = Dataset(
            name=f"{run}-{split}",
            digest=digest[:32],  # MLflow has room for 36 characters
            source_type="local",
            source=json.dumps({"uri": path.as_posix(), "sha256": digest, "fetched": source}, default=str),
            profile=json.dumps({"num_rows": count}),
        )
        inputs.append(DatasetInput(dataset, [InputTag("mlflow.data.context", split)]))
    client.log_inputs(run_id, inputs)


def _rows(path: Path) -> list[dict[str, str]]:
    """A CSV's rows by column; none where there is no file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
