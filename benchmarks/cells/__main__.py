"""The study behind docs/cells.md: each cell on each set and on a made-up task, one record each."""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import document, measure
from benchmarks.cells import report
from benchmarks.cells.child import CELLS, DEPENDENCY
from benchmarks.datasets import DATASETS
from benchmarks.plan import FIRST_SEED
from benchmarks.run import PROJECT, WORK, environment, prepare
from nlp_rnn.integrations import study

STEPS, SMALL_STEPS = 1000, 100  # of each distance of the made-up task, at most
DOCUMENT = PROJECT / "docs/cells.md"


@dataclass(frozen=True)
class Job:
    """One training."""

    cell: str
    dataset: str
    seed: int

    def path(self, records: Path) -> Path:
        """Its record."""
        return records / f"{self.dataset}-{self.cell}-{self.seed}.json"


def main() -> None:
    """``python -m benchmarks.cells``; see ``--help``."""
    given = _arguments()
    work = WORK / ("small" if given.small else "full")
    workspace, records = work / "workspace", given.records or work / "cells"
    records.mkdir(parents=True, exist_ok=True)
    core = measure.one_core(given.core)
    jobs = [
        Job(cell, dataset, FIRST_SEED + i)
        for dataset in given.datasets
        for cell in given.cells
        for i in range(given.seeds)
    ]
    if given.fresh:
        for job in jobs:
            job.path(records).unlink(missing_ok=True)
    prepare(workspace, [name for name in given.datasets if name in DATASETS], small=given.small)
    for number, job in enumerate(jobs, 1):
        if not job.path(records).is_file():
            print(f"[{number}/{len(jobs)}] {job.dataset}: {job.cell}, seed {job.seed}", flush=True)
            _train(job, records, workspace, core, steps=SMALL_STEPS if given.small else STEPS)
    content = [json.loads(job.path(records).read_text(encoding="utf-8")) for job in jobs]
    _write(content, work if given.small else None)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cells", description=__doc__)
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS))
    every = [*DATASETS, DEPENDENCY]
    parser.add_argument("--datasets", nargs="+", choices=every, default=every)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="parts of the sets; the document stays as it is")
    parser.add_argument("--fresh", action="store_true", help="train anew what has a record already")
    parser.add_argument("--records", type=Path, help="their folder")
    parser.add_argument("--core", type=int, help="the core to use; the first by default")
    return parser.parse_args()


def _train(job: Job, records: Path, workspace: Path, core: int, *, steps: int) -> None:
    command = [
        *(sys.executable, "-m", "benchmarks.cells.child", job.cell, job.dataset, "--seed", str(job.seed)),
        *("--workspace", str(workspace), "--record", str(job.path(records))),
        *("--core", str(core), "--steps", str(steps)),
    ]
    with job.path(records).with_suffix(".log").open("w", encoding="utf-8") as log:
        ended = subprocess.run(
            command, cwd=PROJECT, env=environment(), stdout=log, stderr=subprocess.STDOUT, check=False
        )
    if ended.returncode:
        sys.exit(f"benchmarks: failed: {job}; its output is in {log.name}. What is done stays done.")


def _write(records: Sequence[Mapping[str, Any]], small: Path | None) -> None:
    """Puts tables and picture into docs/, or a small study's into its own folder, and logs the study."""
    text = report.tables(records)
    picture = DOCUMENT.with_suffix(".png") if small is None else small / "cells.png"
    report.draw(records, picture)
    if small is None:
        document.insert(DOCUMENT, "results", text)
    digest = hashlib.sha256(json.dumps(records, sort_keys=True).encode()).hexdigest()
    name = "cells" if small is None else "cells-small"
    study.record(name, [trial(record) for record in records], digest=digest, files=[picture])
    print(f"\n{text}\nthe picture is {picture}; MLflow has the runs under {name!r}")


def trial(record: Mapping[str, Any]) -> study.Trial:
    """A record as MLflow gets it."""
    params = {key: record[key] for key in ("cell", "dataset", "seed")}
    title = f"{record['dataset']} {record['cell']} seed={record['seed']}"
    metrics = {"train_cpu_s": record["train_cpu_s"]}
    if "accuracy" in record:
        metrics |= {f"accuracy_{distance}": value for distance, value in record["accuracy"].items()}
        return study.Trial(title, params, metrics)
    metrics |= {f"dev_{record['metric']}": record["dev"], f"test_{record['metric']}": record["test"]}
    series = {
        "gradient_norm_by_distance": record["gradient_norms"],
        f"dev_{record['metric']}_by_epoch": [point["dev"] for point in record["curve"]],
    }
    return study.Trial(title, params, metrics, series)


if __name__ == "__main__":
    main()
