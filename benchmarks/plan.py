"""What there is to measure, and what is measured already: one record, one file, for each job."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.datasets import DATASETS
from benchmarks.system import EXHAUSTED, OURS, WITH_TEXT

TASKS: Mapping[str, tuple[str, ...]] = {
    OURS: ("ner", "sentiment"),
    WITH_TEXT: ("ner", "sentiment"),
    "crfsuite": ("ner",),
    "svm": ("sentiment",),
    "spacy": ("ner", "sentiment"),
    "flair": ("ner", "sentiment"),
}
ONE_SEED = ("crfsuite", "svm")  # another seed gives the same model
FIRST_SEED = 13


@dataclass(frozen=True)
class Job:
    """One training and its measurements."""

    system: str
    dataset: str
    seed: int

    def path(self, records: Path) -> Path:
        """Its record."""
        return records / f"{self.dataset}-{self.system}-{self.seed}.json"


def plan(datasets: Iterable[str], systems: Sequence[str], *, seeds: int, peer_seeds: int) -> list[Job]:
    """All jobs in their order: set by set, this project first, for a peer's time follows from ours."""
    jobs = []
    for dataset in datasets:
        for system in sorted(systems, key=lambda name: name != OURS):
            fits = DATASETS[dataset].task in TASKS[system]
            if fits and (system != WITH_TEXT or DATASETS[dataset].unlabeled):
                count = 1 if system in ONE_SEED else seeds if system in (OURS, WITH_TEXT) else peer_seeds
                jobs += [Job(system, dataset, FIRST_SEED + i) for i in range(count)]
    return jobs


def read(job: Job, records: Path) -> dict[str, Any] | None:
    """A job's record, or None where there is no whole one."""
    try:
        return json.loads(job.path(records).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def least_seconds(dataset: str, jobs: Iterable[Job], records: Path) -> float:
    """CPU-seconds that every peer must get on a set: those of our slowest seed that has a record."""
    ours = [read(job, records) for job in jobs if job.system == OURS and job.dataset == dataset]
    return max((record["train_cpu_s"] for record in ours if record is not None), default=0.0)


def is_done(job: Job, records: Path, *, least: float) -> bool:
    """Whether a job has a record, and a peer as much time as we take now."""
    record = read(job, records)
    if record is None or job.system in (OURS, WITH_TEXT):
        return record is not None
    return record["ended"] == EXHAUSTED or record["total_cpu_s"] >= least
