"""The graph and the staleness that real DVC reports for the toy pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import graph
from nlp_rnn.schema import NlpRnnError, UsageError

ONE = {"ingest@one", "validate@one", "fit@one"}


def stale(stages: tuple[graph.Stage, ...]) -> set[str]:
    return {stage.name for stage in stages if stage.stale}


def test_order_and_needs(toy: Path) -> None:
    stages = graph.read(toy)
    places = {stage.name: place for place, stage in enumerate(stages)}
    assert set(places) == ONE | {"ingest@two", "validate@two", "fit@two"}
    assert all(places[need] < places[stage.name] for stage in stages for need in stage.needs)
    fit = stages[places["fit@one"]]
    assert (fit.verb, fit.run, fit.needs) == ("fit", "one", ("ingest@one", "validate@one"))
    assert stale(stages) == set()


def test_what_lies_below_a_stale_stage_is_stale(toy: Path) -> None:
    (toy / "inputs" / "one").write_text("other text\n")
    assert stale(graph.read(toy)) == ONE
    assert stale(graph.read(toy, ["two"])) == set()


def test_a_lost_output_is_stale(toy: Path) -> None:
    (toy / "data" / "fitted" / "two").unlink()
    assert stale(graph.read(toy)) == {"fit@two"}


def test_some_runs(toy: Path) -> None:
    assert {stage.name for stage in graph.read(toy, ["one"])} == ONE
    assert graph.read(toy, ["three"]) == ()


def test_a_stage_for_all_runs(toy: Path) -> None:
    with (toy / "dvc.yaml").open("a") as pipeline:
        pipeline.write("  compare:\n    cmd: 'true'\n    deps: [data/fitted/one, data/fitted/two]\n")
    compare = graph.read(toy)[-1]
    assert (compare.name, compare.run, compare.needs) == ("compare", None, ("fit@one", "fit@two"))
    assert {stage.name for stage in graph.read(toy, ["one"])} == ONE


def test_a_lock_file_that_a_kill_left_empty_is_no_obstacle(toy: Path) -> None:
    (toy / ".dvc" / "tmp" / "rwlock").write_text("")
    assert stale(graph.read(toy)) == set()


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a DVC repository; run `dvc init`"):
        graph.read(tmp_path)


def test_a_pipeline_that_dvc_cannot_read(toy: Path) -> None:
    (toy / "dvc.yaml").write_text("stages: {fit: {cmd: 'true', out: [x]}}")
    with pytest.raises(NlpRnnError, match=r"dvc: .*dvc\.yaml.*extra keys not allowed"):
        graph.read(toy)
