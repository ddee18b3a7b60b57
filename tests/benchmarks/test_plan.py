"""What is measured, what is not measured twice, and the tables that come of it, on made-up records."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks import claims, document, plot, run, table
from benchmarks.plan import Job, is_done, least_seconds, plan, read
from benchmarks.system import BUDGET, EXHAUSTED, NATURAL, OURS, WITH_TEXT
from nlp_rnn.schema import UsageError

ALL = [OURS, "crfsuite", "svm", "spacy", "flair"]


def record(system: str, dataset: str, seed: int = 13, **changed: object) -> dict:
    return {
        "system": system,
        "dataset": dataset,
        "seed": seed,
        "metric": "f1",
        "dev": 0.93,
        "test": 0.9,
        "train_cpu_s": 40.0,
        "total_cpu_s": 40.0,
        "whole_cpu_s": 50.0,
        "ended": NATURAL,
        "curve": [{"step": "1", "cpu_s": 10.0, "dev": 0.5}, {"step": "2", "cpu_s": 40.0, "dev": 0.93}],
        "predict": {"tokens_per_cpu_s": 30000.0, "cpu_s": 1.0, "batch": 32},
        "latency": {"p50_cpu_ms": 1.0, "p99_cpu_ms": 2.0, "p50_wall_ms": 1.5, "p99_wall_ms": 3.0},
        "model_bytes": 4_000_000,
        "training_peak_bytes": 500_000_000,
        "versions": {"python": "3.12"},
        "processor": "a processor",
        **changed,
    }


def save(folder: Path, content: dict) -> None:
    job = Job(content["system"], content["dataset"], content["seed"])
    job.path(folder).write_text(json.dumps(content))


def test_ours_comes_first_and_each_system_only_where_it_fits() -> None:
    jobs = plan(["wnut17", "sst2"], ["flair", "svm", "crfsuite", OURS], seeds=2, peer_seeds=2)
    assert [(job.dataset, job.system, job.seed) for job in jobs] == [
        ("wnut17", OURS, 13),
        ("wnut17", OURS, 14),
        ("wnut17", "flair", 13),
        ("wnut17", "flair", 14),
        ("wnut17", "crfsuite", 13),
        ("sst2", OURS, 13),
        ("sst2", OURS, 14),
        ("sst2", "flair", 13),
        ("sst2", "flair", 14),
        ("sst2", "svm", 13),
    ]


def test_raw_text_is_used_for_a_set_that_has_such() -> None:
    jobs = plan(["wnut17", "sst2"], [WITH_TEXT, OURS], seeds=2, peer_seeds=1)
    assert [(job.dataset, job.system) for job in jobs] == [
        *[("wnut17", OURS)] * 2,
        *[("wnut17", WITH_TEXT)] * 2,
        *[("sst2", OURS)] * 2,
    ]


def test_a_peer_gets_the_time_of_our_slowest_seed(tmp_path: Path) -> None:
    jobs = plan(["resume"], ALL, seeds=2, peer_seeds=1)
    assert least_seconds("resume", jobs, tmp_path) == 0
    save(tmp_path, record(OURS, "resume", 13, train_cpu_s=40.0))
    save(tmp_path, record(OURS, "resume", 14, train_cpu_s=60.0))
    assert least_seconds("resume", jobs, tmp_path) == 60


@pytest.mark.parametrize(
    ("ended", "spent", "done"),
    [(NATURAL, 70.0, True), (NATURAL, 50.0, False), (BUDGET, 50.0, False), (EXHAUSTED, 5.0, True)],
)
def test_a_peer_that_had_less_time_than_ours_is_measured_again(
    tmp_path: Path, ended: str, spent: float, done: bool
) -> None:
    job = Job("spacy", "resume", 13)
    assert not is_done(job, tmp_path, least=60)
    save(tmp_path, record("spacy", "resume", ended=ended, total_cpu_s=spent))
    assert is_done(job, tmp_path, least=60) is done


def test_half_a_record_is_none(tmp_path: Path) -> None:
    job = Job(OURS, "resume", 13)
    job.path(tmp_path).write_text('{"system": ')
    assert read(job, tmp_path) is None
    assert not is_done(job, tmp_path, least=0)


def test_an_interrupted_benchmark_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child stands in for the real one: it fails for spaCy, and writes a record for the others."""
    started: list[tuple[str, str, float]] = []

    def child(command: list[str], **_: object) -> subprocess.CompletedProcess:
        system, dataset = command[3:5]
        least = float(command[command.index("--least") + 1]) if "--least" in command else 0.0
        started.append((system, dataset, least))
        if system != "spacy":
            save(tmp_path, record(system, dataset, ended=BUDGET))
        return subprocess.CompletedProcess(command, system == "spacy")

    monkeypatch.setattr(run.subprocess, "run", child)
    jobs = plan(["resume"], [OURS, "crfsuite", "spacy"], seeds=1, peer_seeds=1)

    def carry_out() -> list[Job]:
        started.clear()
        return run._carry_out(jobs, tmp_path, tmp_path, budget=20, core=0, python=Path("python"))

    failed = carry_out()
    assert started == [(OURS, "resume", 0.0), ("crfsuite", "resume", 40.0), ("spacy", "resume", 40.0)]
    assert failed == [Job("spacy", "resume", 13)]
    carry_out()
    assert started == [("spacy", "resume", 40.0)]


def test_means_and_deviations_over_seeds() -> None:
    (row,) = table.rows([record(OURS, "resume", 13, test=0.94), record(OURS, "resume", 14, test=0.96)])
    assert row["test"] == pytest.approx(0.95)
    assert row["test_deviation"] == pytest.approx(0.0141421, rel=1e-4)
    assert row["seeds"] == 2
    assert "| nlp-rnn | 0.9500 ± 0.0141 | 0.9300 ± 0.0000 | 40.0 |" in table.markdown([row])


def test_the_best_system_stands_first_and_one_seed_has_no_deviation() -> None:
    text = table.markdown(table.rows([record("spacy", "resume", test=0.8), record(OURS, "resume", test=0.9)]))
    lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
    assert [line.split(" | ")[:2] for line in lines] == [["| nlp-rnn", "0.9000"], ["| spacy", "0.8000"]]


def test_claims_hold_or_not_by_the_figures() -> None:
    rows = table.rows(
        [
            record(OURS, "resume", test=0.951, train_cpu_s=121.0),
            record("crfsuite", "resume", test=0.94, train_cpu_s=20.0),
        ]
    )
    found = {claim.text: claim for claim in claims.check(rows)}
    assert found["`resume`: test f1 at least 0.95"].holds
    assert found["`resume`: ahead of every peer"].measured == "0.9510 against 0.9400 of crfsuite"
    assert not found["`resume`: within 6 times the CPU-seconds of CRFsuite's fit"].holds
    assert found["`resume`: dev 0.92 within 2 times"].measured == "2.00 times"
    assert not any("wnut17" in text or "spacy" in text for text in found)


def test_raw_text_has_a_claim_of_its_own_and_is_no_peer() -> None:
    rows = table.rows([record(OURS, "wnut17", test=0.2), record(WITH_TEXT, "wnut17", test=0.3)])
    found = {claim.text: claim.holds for claim in claims.check(rows)}
    assert found == {
        "`wnut17`: test f1 at least 0.17": True,
        "`wnut17` with raw text: test f1 at least 0.2": True,
    }


def test_a_curve_that_never_gets_there_does_not_hold() -> None:
    slow = [{"step": "1", "cpu_s": 1.0, "dev": 0.91}]
    rows = table.rows([record(OURS, "resume", curve=slow), record("crfsuite", "resume")])
    (quick,) = [claim for claim in claims.check(rows) if "dev 0.92" in claim.text]
    assert (quick.measured, quick.holds) == ("inf times", False)


def test_the_picture_is_written(tmp_path: Path) -> None:
    plot.draw(table.rows([record(OURS, "resume"), record("svm", "sst2")]), tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_part_of_a_document_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- results -->\nold\n<!-- end of results -->\nafter\n")
    for _ in range(2):
        document.insert(path, "results", "new\n")
        assert path.read_text() == "before\n<!-- results -->\n\nnew\n\n<!-- end of results -->\nafter\n"
    with pytest.raises(UsageError, match="there must be a line '<!-- other -->'"):
        document.insert(path, "other", "new")
