"""The base install, in an environment of its own: how much it is, how soon it answers, and what it says."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from benchmarks import environments, footprint
from tests.release.conftest import Workspace


def test_differences_are_found_wherever_they_are() -> None:
    row = {"text": "a", "scores": {"positive": 0.5, "negative": 0.5}}
    other = {"text": "a", "scores": {"positive": 0.5, "negative": 0.4}}
    assert footprint._difference([row], [row]) == 0
    assert footprint._difference([row], [other]) == pytest.approx(0.1)
    assert footprint._difference([row], []) == float("inf")
    assert footprint._difference([row], [{"text": "a"}]) == float("inf")
    assert footprint._difference([{"label": "a"}], [{"label": "b"}]) == float("inf")


@pytest.mark.slow
@pytest.mark.parametrize("task", ["ner", "sentiment"])
def test_the_base_install_predicts_the_same_is_small_and_starts_soon(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = Workspace(task)
    made.train(seed=1)
    (tmp_path / "work").mkdir()
    try:
        found = footprint.take(made.package.resolve(), tmp_path / "work")
    except environments.Unobtainable as error:
        pytest.skip(f"no environment can be made here: {error}")
    assert found.unwanted == set()
    assert max(found.difference, found.older) <= footprint.CLOSE
    assert found.megabytes["all"] < footprint.LARGEST
    for name, ratios in found.ratios.items():
        assert statistics.median(ratios) <= footprint.SLOWEST, name
    assert f"| {found.bare:.3f} |" in footprint.table(found)
