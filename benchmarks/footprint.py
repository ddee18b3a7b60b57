"""What prediction costs where nothing else is: size and start of an environment with the base install alone.

``python -m benchmarks.footprint`` builds the wheel, installs it into a new environment, lets a package
predict there, far from this project, compares its answers with those here, and writes a table.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import document, environments, measure
from benchmarks.environments import PROJECT
from nlp_rnn.inference import load
from nlp_rnn.integrations.proof import SMOKE

PAIRS = 7
LARGEST = 250  # megabytes
SLOWEST = 2.5  # times the bare import
CLOSE = 1e-6  # scores
OLDEST = "onnxruntime==1.20.1"  # that pyproject.toml allows
BARE = "import numpy, onnxruntime, tokenizers"
LIBRARY = "import sys; from nlp_rnn.inference import load; load(sys.argv[1]).predict([sys.argv[2]])"
ANSWERS = """
import json, sys
from nlp_rnn.inference import load
answers = load(sys.argv[1]).predict(json.load(sys.stdin))
print(json.dumps([answer.to_record() for answer in answers]))
"""
# What predicts does not need, and must not bring.
UNWANTED = {"torch", "mlflow", "mlflow-skinny", "pandas", "prefect", "dvc", "datasets", "great-expectations"}


@dataclass(frozen=True)
class Footprint:
    """CPU-seconds are medians of alternated starts of a process."""

    megabytes: Mapping[str, float]  # of `environments.weight`
    unwanted: set[str]
    difference: float  # the largest, of any score here and there; infinite where a label differs
    older: float  # the same with the oldest onnxruntime there
    bare: float  # CPU-seconds of the bare import
    ratios: Mapping[str, list[float]]  # `library` and `command`: each pair's, in times of the bare import


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.footprint", description=__doc__)
    parser.add_argument("--package", type=Path, default=Path("data/models/ner-en"))
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--core", type=int, help="the core to use; the first by default")
    given = parser.parse_args()
    measure.one_core(given.core)
    with tempfile.TemporaryDirectory() as work:
        text = table(take(given.package.resolve(), Path(work), pairs=given.pairs))
    document.insert(PROJECT / "benchmarks/README.md", "footprint", text)
    print(f"\n{text}")


def take(package: Path, work: Path, *, pairs: int = PAIRS, texts: Sequence[str] = SMOKE) -> Footprint:
    """Measures one package in a new environment.

    Args:
        package: its folder.
        work: an empty folder, for the environment.
        pairs: how often each process is started, in turns.
        texts: what is predicted here and there.
    """
    python = environments.make(work / "environment", str(environments.wheel(work / "wheel")))
    elsewhere = work / "elsewhere"
    elsewhere.mkdir()
    starts = {
        "bare": [str(python), "-c", BARE],
        "library": [str(python), "-c", LIBRARY, str(package), texts[0]],
        "command": [str(python.with_name("nlp-rnn")), "predict", str(package), texts[0]],
    }
    for command in starts.values():  # files that are read for the first time are no part of it
        _cpu_seconds(command, elsewhere)
    here = _here(package, texts)
    taken = [{name: _cpu_seconds(starts[name], elsewhere) for name in starts} for _ in range(pairs)]
    megabytes, installed = environments.weight(python), environments.distributions(python)
    difference = _difference(_said(python, package, texts, elsewhere), here)
    environments.install(python, OLDEST)
    return Footprint(
        megabytes=megabytes,
        unwanted=UNWANTED & installed,
        difference=difference,
        older=_difference(_said(python, package, texts, elsewhere), here),
        bare=statistics.median(row["bare"] for row in taken),
        ratios={name: [row[name] / row["bare"] for row in taken] for name in ("library", "command")},
    )


def table(found: Footprint) -> str:
    """Markdown."""
    ours = found.megabytes["all"] - found.megabytes["venv"]
    lines = [
        "| what | figure | range | promised |",
        "|---|---|---|---|",
        f"| environment, megabytes: all of it | {found.megabytes['all']:.0f} | | at most {LARGEST} |",
        f"| the same without pip and setuptools | {ours:.0f} | | |",
        f"| largest difference of a score, here and there | {found.difference:.0e} | | at most {CLOSE:.0e} |",
        f"| the same with {OLDEST} there | {found.older:.0e} | | at most {CLOSE:.0e} |",
        f"| CPU-seconds of `{BARE}` | {found.bare:.3f} | | |",
    ]
    names = {"library": "`load(...).predict(...)`", "command": "`nlp-rnn predict`"}
    for name, ratios in found.ratios.items():
        median, spread = statistics.median(ratios), f"{min(ratios):.2f} to {max(ratios):.2f}"
        what = f"from process start to the first prediction, times that: {names[name]}"
        lines.append(f"| {what} | {median:.2f} | {spread} | at most {SLOWEST:g} |")
    return "\n".join(lines) + "\n"


def _cpu_seconds(command: list[str], folder: Path) -> float:
    """CPU time of a process from its start to its end; raises where it fails."""
    with open(os.devnull, "wb") as nothing:
        process = subprocess.Popen(command, cwd=folder, env=environments.clean(), stdout=nothing)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime


def _said(python: Path, package: Path, texts: Sequence[str], folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [python, "-c", ANSWERS, str(package)],
        input=json.dumps(list(texts)),
        cwd=folder,
        env=environments.clean(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def _here(package: Path, texts: Sequence[str]) -> list[dict[str, Any]]:
    return json.loads(json.dumps([answer.to_record() for answer in load(package).predict(texts)]))


def _difference(there: Any, here: Any) -> float:
    """The largest difference of any two numbers in the same place; infinite where something else differs."""
    if isinstance(here, dict) and isinstance(there, dict) and here.keys() == there.keys():
        return max((_difference(there[key], here[key]) for key in here), default=0.0)
    if isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        return max((_difference(*both) for both in zip(there, here)), default=0.0)
    if isinstance(here, float) and isinstance(there, float):
        return abs(here - there)
    return 0.0 if here == there else float("inf")


if __name__ == "__main__":
    main()
