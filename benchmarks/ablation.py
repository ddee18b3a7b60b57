"""The study behind docs/ablation.md: the default recipe of each set with one thing changed, on dev alone."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import child, document, measure
from benchmarks.datasets import DATASETS
from benchmarks.plan import FIRST_SEED
from benchmarks.run import PROJECT, WORK, environment, has_text, prepare

DOCUMENT = PROJECT / "docs/ablation.md"
Changes = Mapping[str, Mapping[str, Any]]  # by block of params.yaml
DEFAULT = "the default"
RAW_TEXT = "with vectors from raw text"  # of the run that has it, without its language model
RANDOM_START: Changes = {"training": {"embeddings": "random"}}
NO_AVERAGE: Changes = {"training": {"averaging": 0.0}}
NO_WIDE: Changes = {"tokenizer": {"ngrams": 0}}
STUDIES: Mapping[str, Mapping[str, Changes]] = {
    "resume": {
        DEFAULT: {},
        "without pairs of characters": {"tokenizer": {"bigrams": 0}},
        "without entity replacement": {"training": {"entity_replacement": 0.0}},
        "without adversarial training": {"training": {"adversarial": 0.0}},
        "word dropout 0.2, as in English": {"training": {"word_dropout": 0.2}},
        "without an average of the weights": NO_AVERAGE,
        "words start at random": RANDOM_START,
        "with a segmenter's words": {"tokenizer": {"segmenter": "jieba"}},
    },
    "wnut17": {
        DEFAULT: {},
        "words start at random": RANDOM_START,
        "without characters": {"model": {"character_filters": 0}},
        "characters by an LSTM": {"model": {"character_encoder": "recurrent"}},
        "without shapes": {"model": {"shape_size": 0}},
        "without word dropout": {"training": {"word_dropout": 0.0}},
        "without an average of the weights": NO_AVERAGE,
        "with hashed subwords": {"tokenizer": {"subwords": 32768}},
        "with entity replacement 0.3": {"training": {"entity_replacement": 0.3}},
        "with adversarial training": {"training": {"adversarial": 0.7}},
        RAW_TEXT: {"pretraining": {"epochs": 0}},
    },
    "sst2": {
        DEFAULT: {},
        "without the wide part": NO_WIDE,
        "words start at random": RANDOM_START,
        "without word dropout": {"training": {"word_dropout": 0.0}},
        "without an average of the weights": NO_AVERAGE,
    },
    "chnsenticorp": {
        DEFAULT: {},
        "without the wide part": NO_WIDE,
        "words start at random": RANDOM_START,
    },
}


@dataclass(frozen=True)
class Job:
    """One training."""

    dataset: str
    variant: str
    seed: int

    def path(self, records: Path) -> Path:
        """Its record."""
        number = [*STUDIES[self.dataset]].index(self.variant)
        return records / f"{self.dataset}-{number}-{self.seed}.json"


def main() -> None:
    """``python -m benchmarks.ablation``; see ``--help``."""
    given = _arguments()
    if given.job is not None:
        dataset, number, seed = given.job
        _train(Job(dataset, [*STUDIES[dataset]][int(number)], int(seed)), given.records.resolve(), given.core)
        return
    work = WORK / "full"
    records = given.records or work / "ablation"
    records.mkdir(parents=True, exist_ok=True)
    prepare(work / "workspace", given.datasets, small=False)
    jobs = [
        Job(dataset, variant, FIRST_SEED + i)
        for dataset in given.datasets
        for variant in STUDIES[dataset]
        if variant != RAW_TEXT or has_text([dataset], variant)
        for i in range(given.seeds)
    ]
    for number, job in enumerate(jobs, 1):
        if not job.path(records).is_file():
            print(f"[{number}/{len(jobs)}] {job.dataset}: {job.variant}, seed {job.seed}", flush=True)
            _start(job, records, work / "workspace", measure.one_core(given.core))
    text = tables([json.loads(job.path(records).read_text(encoding="utf-8")) for job in jobs])
    print(f"\n{text}")
    if given.datasets == [*STUDIES]:
        document.insert(DOCUMENT, "results", text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__)
    parser.add_argument("--datasets", nargs="+", choices=STUDIES, default=[*STUDIES])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--records", type=Path, help="their folder")
    parser.add_argument("--core", type=int, help="the core to use; the first by default")
    parser.add_argument("--job", nargs=3, help=argparse.SUPPRESS)  # one training, in the working folder
    return parser.parse_args()


def _start(job: Job, records: Path, workspace: Path, core: int) -> None:
    """Trains in a process of its own."""
    place = job.path(records.resolve())
    _, number, seed = place.stem.rsplit("-", 2)
    command = [sys.executable, "-m", "benchmarks.ablation", "--job", job.dataset, number, seed]
    command += ["--records", str(place.parent), "--core", str(core)]
    with place.with_suffix(".log").open("w", encoding="utf-8") as log:
        ended = subprocess.run(
            command, cwd=workspace, env=environment(), stdout=log, stderr=subprocess.STDOUT, check=False
        )
    if ended.returncode:
        sys.exit(f"benchmarks: failed: {job}; its output is in {log.name}. What is done stays done.")


def _train(job: Job, records: Path, core: int) -> None:
    from benchmarks import ours
    from benchmarks.ours_with_text import run_name
    from benchmarks.system import Budget

    measure.one_core(core)
    dataset = DATASETS[job.dataset]
    trained = ours.train(
        run_name(job.dataset) if job.variant == RAW_TEXT else job.dataset,
        {},
        language=dataset.language,
        task=dataset.task,
        seed=job.seed,
        budget=Budget(),
        changes=STUDIES[job.dataset][job.variant],
    )
    content = {
        "dataset": job.dataset,
        "variant": job.variant,
        "seed": job.seed,
        "dev": max(point.dev for point in trained.curve),
        "train_cpu_s": trained.cpu_s,
    }
    child.save(job.path(records), content)


def tables(records: Sequence[Mapping[str, Any]]) -> str:
    """One table for each set, its default first."""
    parts = []
    for dataset in dict.fromkeys(record["dataset"] for record in records):
        chosen = [record for record in records if record["dataset"] == dataset]
        lines = ["| recipe | dev | against the default | training, CPU-s |", "| --- | --- | --- | --- |"]
        usual = statistics.fmean(record["dev"] for record in chosen if record["variant"] == DEFAULT)
        for variant in dict.fromkeys(record["variant"] for record in chosen):
            group = [record for record in chosen if record["variant"] == variant]
            scores = [record["dev"] for record in group]
            mean, seconds = statistics.fmean(scores), statistics.fmean(r["train_cpu_s"] for r in group)
            spread = f" ± {statistics.stdev(scores):.4f}" if len(scores) > 1 else ""
            change = "" if variant == DEFAULT else f"{mean - usual:+.4f}"
            lines.append(f"| {variant} | {mean:.4f}{spread} | {change} | {seconds:.0f} |")
        parts.append(f"`{dataset}`:\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
