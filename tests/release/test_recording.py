import json
from pathlib import Path

from nlp_rnn.inference import package as packages
from nlp_rnn.integrations import recording, store, tracking

NAME = "toy"


def record(workspace) -> str:
    return recording.record_evaluation(
        NAME,
        package=workspace.package,
        report=workspace.metrics.parent,
        history=workspace.history,
        examples=workspace.test_set.parent,
        source={"address": "demo"},
        others=[Path("data/validation/toy/report.json"), Path("no/such/file")],
    )


def test_evaluation_joins_the_run_of_its_training(workspace) -> None:
    with tracking.start(NAME, workspace.resolved) as tracker:
        tracker.finish(packages.verify(workspace.package))
    run_id = record(workspace)
    client = store.client()
    (run,) = client.search_runs([store.experiment(client, NAME)])
    assert run.info.run_id == run_id
    assert "nlp_rnn.rebuilt" not in run.data.tags
    metrics = run.data.metrics
    assert metrics["test_accuracy"] == 0.3
    assert metrics["baseline_score"] == 0.4
    assert metrics["best_dev_accuracy"] == 0.7
    assert metrics["f1/positive"] == metrics["f1/A_B"] == 0.5
    assert metrics["test_examples"] == 100


def test_run_is_rebuilt_from_files_once(workspace) -> None:
    run_id = record(workspace)
    assert record(workspace) == run_id
    client = store.client()
    (run,) = client.search_runs([store.experiment(client, NAME)])
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "toy cell=gru seed=1"
    assert run.data.params["model.cell"] == "gru"
    assert run.data.tags["nlp_rnn.rebuilt"] == "true"
    losses = client.get_metric_history(run_id, "train_loss")
    assert [(metric.step, metric.value) for metric in losses] == [(1, 0.9), (2, 0.4)]
    assert len(client.get_metric_history(run_id, "test_accuracy")) == 1
    contexts = {entry.tags[0].value: entry.dataset for entry in run.inputs.dataset_inputs}
    assert set(contexts) == {"train", "dev", "test"}
    digest = packages.digest(workspace.test_set)
    assert contexts["test"].digest == digest[:32]
    assert json.loads(contexts["test"].source)["sha256"] == digest
    assert json.loads(contexts["test"].source)["fetched"] == {"address": "demo"}
    assert json.loads(contexts["test"].profile) == {"num_rows": 100}
    files = {file.path for file in client.list_artifacts(run_id)}
    assert files == {"figures", "package", "report", "report.json", "toy.csv"}
    pictures = {file.path for file in client.list_artifacts(run_id, "figures")}
    drawn = ("behaviour", "classes", "confusion", "learning_curve")
    assert pictures == {f"figures/{name}.png" for name in drawn}


def test_new_report_on_the_same_package_is_logged_too(workspace) -> None:
    run_id = record(workspace)
    workspace.report(0.65)
    assert record(workspace) == run_id
    assert store.client().get_run(run_id).data.metrics["test_accuracy"] == 0.65
