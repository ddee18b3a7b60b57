import subprocess
from pathlib import Path

import pytest

from nlp_rnn.integrations import store, tracking

PARAMS = {"name": "toy", "seed": 7, "model": {"cell": "lstm"}, "training": {"seed": None}}


def only_run():
    client = store.client()
    (run,) = client.search_runs([store.experiment(client, "toy")])
    return client, run


def test_whole_training(folder: Path) -> None:
    with tracking.start("toy", PARAMS, tags={"stage": "train"}) as tracker:
        for step in (1, 2):
            tracker.epoch(step, {"train_loss": 1 / step, "dev_f1": 0.25 * step})
        tracker.finish("abc")
    client, run = only_run()
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "toy cell=lstm seed=7"
    assert run.data.params == {"name": "toy", "seed": "7", "model.cell": "lstm", "training.seed": "None"}
    assert run.data.tags[store.PACKAGE] == "abc"
    assert run.data.tags["stage"] == "train"
    history = client.get_metric_history(run.info.run_id, "dev_f1")
    assert [(metric.step, metric.value) for metric in history] == [(1, 0.25), (2, 0.5)]
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["environment.json"]
    assert list(Path("mlruns/artifacts/toy").iterdir())


def test_training_that_makes_no_package(folder: Path) -> None:
    with tracking.start("toy", PARAMS, called="toy language model") as tracker:
        tracker.epoch(1, {"perplexity": 90.5})
        tracker.finish()
    _, run = only_run()
    assert (run.info.status, run.info.run_name) == ("FINISHED", "toy language model")
    assert run.data.metrics == {"perplexity": 90.5}
    assert store.PACKAGE not in run.data.tags


def test_a_run_inside_of_another(folder: Path) -> None:
    with tracking.start("toy", PARAMS) as outer:
        with outer.nested("toy", {"seed": 8}, called="toy seed=8") as inner:
            inner.epoch(1, {"dev_f1": 0.5})
            inner.finish()
        outer.finish("abc")
    client = store.client()
    runs = client.search_runs([store.experiment(client, "toy")])
    one, other = sorted(runs, key=lambda run: run.info.run_name)
    assert (one.info.run_name, other.info.run_name) == ("toy cell=lstm seed=7", "toy seed=8")
    assert other.data.tags[tracking.PARENT] == one.info.run_id
    assert (other.data.params, other.data.metrics) == ({"seed": "8"}, {"dev_f1": 0.5})
    assert {run.info.status for run in runs} == {"FINISHED"}


def test_inside_of_a_silent_run_all_is_silent(folder: Path) -> None:
    with tracking.Tracker() as silent, silent.nested("toy", PARAMS, called="toy seed=7") as inner:
        inner.epoch(1, {"dev_f1": 0.5})
        inner.finish()
    client = store.client()
    assert not client.search_runs([store.experiment(client, "toy")])


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError, "FAILED"), (SystemExit, "KILLED"), (KeyboardInterrupt, "KILLED")]
)
def test_training_that_ends_badly(folder: Path, error: type[BaseException], status: str) -> None:
    with pytest.raises(error), tracking.start("toy", PARAMS):
        raise error
    assert only_run()[1].info.status == status


def test_abandoned_run_is_marked_as_killed(folder: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    client = store.client()
    mine = tracking.owner()
    client.create_run(store.experiment(client, "toy"), tags={**mine, tracking.PROCESS: str(ended.pid)})
    client.create_run(store.experiment(client, "toy"), tags={**mine, tracking.HOST: "elsewhere"})
    client.create_run(store.experiment(client, "toy"), tags=mine)
    with tracking.start("toy", PARAMS) as tracker:
        tracker.finish("abc")
    runs = client.search_runs([store.experiment(client, "toy")], order_by=["attributes.start_time ASC"])
    assert [run.info.status for run in runs] == ["KILLED", "RUNNING", "RUNNING", "FINISHED"]


def test_store_that_does_not_answer_is_one_warning(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # where nobody listens
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with tracking.start("toy", PARAMS) as tracker:
        tracker.epoch(1, {"train_loss": 1.0})
        tracker.finish("abc")
    warnings = [line for line in capfd.readouterr().err.splitlines() if "not tracked" in line]
    assert len(warnings) == 1
    assert "http://127.0.0.1:9" in warnings[0]


def test_store_that_fails_midway_is_one_warning(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with tracking.start("toy", PARAMS) as tracker:
        tracker.epoch(1, {"train_loss": 1.0})
        store.client().delete_run(only_run()[1].info.run_id)  # MLflow takes no metrics for it now
        tracker.epoch(2, {"train_loss": 0.5})
        tracker.epoch(3, {"train_loss": 0.2})
        tracker.finish("abc")
    assert capfd.readouterr().err.count("not tracked") == 1
