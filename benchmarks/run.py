"""The benchmark: every system on every set, one process and one record each, then the table and the plot."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import claims, document, measure, plot, table
from benchmarks.datasets import DATASETS
from benchmarks.plan import Job, is_done, least_seconds, plan, read
from benchmarks.system import OURS, SYSTEMS, WITH_TEXT
from benchmarks.workspace import raw_text

PROJECT = Path(__file__).resolve().parents[1]
PEERS = PROJECT / ".venv-peers/bin/python"
WORK = PROJECT / ".bench"
RESULTS = PROJECT / "benchmarks/results"
SMALL_SENTENCES = 500
SMALL_BUDGET, BUDGET = 15.0, 300.0  # CPU-seconds


def main() -> None:
    """``python -m benchmarks.run``; see ``--help``."""
    given = _arguments()
    kind = "small" if given.small else "full"
    work, results = WORK / kind, RESULTS / "small" if given.small else RESULTS
    records = given.records or work / "records"
    for folder in (records, results):
        folder.mkdir(parents=True, exist_ok=True)
    core = measure.one_core(given.core)
    systems = [name for name in given.systems if name != WITH_TEXT or has_text(given.datasets, name)]
    jobs = plan(given.datasets, systems, seeds=given.seeds, peer_seeds=given.peer_seeds)
    failed: list[Job] = []
    if not given.only_table:
        if not (set(systems) <= {OURS, WITH_TEXT} or given.peers_python.is_file()):
            sys.exit(
                f"benchmarks: the peers have no {given.peers_python}; `make peers` makes it, or name another "
                "interpreter with --peers-python."
            )
        prepare(work / "workspace", given.datasets, small=given.small)
        if given.fresh:
            for job in jobs:
                job.path(records).unlink(missing_ok=True)
        failed = _carry_out(jobs, records, work, budget=given.budget, core=core, python=given.peers_python)
    done = [record for job in jobs if (record := read(job, records)) is not None]
    whole = set(jobs) >= set(plan(DATASETS, list(SYSTEMS), seeds=1, peer_seeds=1)) and len(done) == len(jobs)
    _write(table.rows(done), results, publish=whole and not given.small)
    for job in failed:
        print(f"benchmarks: failed: {job}; its output is in {_log(job, work)}", file=sys.stderr)
    sys.exit(1 if failed else 0)


def has_text(datasets: Sequence[str], wanted_for: str) -> bool:
    """Whether all raw text that sets have is there; says what is left out if not."""
    missing = [name for name in datasets if DATASETS[name].unlabeled and not raw_text(name)]
    for name in missing:
        print(f"benchmarks: no {DATASETS[name].unlabeled} in NLP_RNN_MIRROR: left out: {wanted_for}")
    return not missing


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--datasets", nargs="+", choices=DATASETS, default=list(DATASETS))
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--seeds", type=int, help="of this project, 3 by default")
    parser.add_argument("--peer-seeds", type=int, default=1, help="of the peers that have one")
    parser.add_argument(
        "--budget",
        type=float,
        help="CPU-seconds after which a neural peer is stopped, unless ours takes longer; 300 by default",
    )
    parser.add_argument("--small", action="store_true", help="small parts of the sets")
    parser.add_argument("--fresh", action="store_true", help="measure anew what has a record already")
    parser.add_argument("--only-table", action="store_true", help="write table and plot from the records")
    parser.add_argument("--records", type=Path, help="their folder")
    parser.add_argument("--core", type=int, help="the core to use; the first by default")
    parser.add_argument("--peers-python", type=Path, default=PEERS, help="the interpreter of the peers")
    given = parser.parse_args()
    given.seeds = given.seeds or (1 if given.small else 3)
    given.budget = given.budget or (SMALL_BUDGET if given.small else BUDGET)
    return given


def prepare(workspace: Path, datasets: Sequence[str], *, small: bool) -> None:
    """Makes the sets ready to train on, or parts of them, in a process of its own."""
    if datasets:
        most = ["--most", str(SMALL_SENTENCES)] if small else []
        command = [sys.executable, "-m", "benchmarks.workspace", str(workspace), *datasets, *most]
        if subprocess.run(command, cwd=PROJECT, env=environment(), check=False).returncode:
            sys.exit("benchmarks: the sets are not ready; see above.")


def environment() -> Mapping[str, str]:
    """What every process finds: this project first on its path, and hashes that do not vary."""
    return {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONHASHSEED": "0", "TQDM_DISABLE": "1"}


def _carry_out(
    jobs: Sequence[Job], records: Path, work: Path, *, budget: float, core: int, python: Path
) -> list[Job]:
    """Runs what has no record yet, one process at a time; returns what failed."""
    failed = []
    for number, job in enumerate(jobs, 1):
        least = least_seconds(job.dataset, jobs, records)
        if is_done(job, records, least=least):
            continue
        print(f"[{number}/{len(jobs)}] {job.dataset}: {job.system}, seed {job.seed}", flush=True)
        command = [
            sys.executable if job.system in (OURS, WITH_TEXT) else str(python),
            *("-m", "benchmarks.child", job.system, job.dataset, "--seed", str(job.seed)),
            *("--workspace", str(work / "workspace"), "--record", str(job.path(records))),
            *("--core", str(core)),
        ]
        if job.system not in (OURS, WITH_TEXT):
            command += ["--least", str(least), "--most", str(max(least, budget))]
        begun = time.monotonic()
        with _log(job, work).open("w", encoding="utf-8") as log:
            ended = subprocess.run(
                command, cwd=PROJECT, env=environment(), stdout=log, stderr=subprocess.STDOUT, check=False
            )
        record = read(job, records)
        if ended.returncode or record is None:
            failed.append(job)
            continue
        print(
            f"    test {record['test']:.4f}, dev {record['dev']:.4f}, {record['train_cpu_s']:.1f} CPU-s of "
            f"training, {time.monotonic() - begun:.0f} s in all",
            flush=True,
        )
    return failed


def _log(job: Job, work: Path) -> Path:
    folder = work / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{job.dataset}-{job.system}-{job.seed}.log"


def _write(rows: Sequence[table.Row], results: Path, *, publish: bool) -> None:
    if not rows:
        print("benchmarks: there is no record yet", file=sys.stderr)
        return
    text = f"{table.markdown(rows)}\n{claims.markdown(claims.check(rows))}"
    (results / "results.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    (results / "results.md").write_text(text, encoding="utf-8")
    plot.draw(rows, results / "curves.png")
    if publish:
        document.insert(PROJECT / "benchmarks/README.md", "results", text)
    print(f"\n{text}")


if __name__ == "__main__":
    main()
