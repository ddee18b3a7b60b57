"""One cell, one set or the made-up task, one seed, in a process of its own: writes a record."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from benchmarks import child, measure
from benchmarks.datasets import DATASETS
from benchmarks.system import OURS, Budget

CELLS = ("rnn", "gru", "lstm", "mingru")
DEPENDENCY = "dependency"


def main() -> None:
    """``python -m benchmarks.cells.child CELL SET --seed N --workspace FOLDER --record FILE``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cell", choices=CELLS)
    parser.add_argument("dataset", choices=(*DATASETS, DEPENDENCY))
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--steps", type=int, default=1000, help="of the made-up task, at most")
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--core", type=int)
    given = parser.parse_args()
    path = given.record.resolve()
    measure.one_core(given.core)
    if given.dataset == DEPENDENCY:
        content = _dependency(given.cell, given.seed, given.steps)
    else:
        os.chdir(given.workspace)
        content = _dataset(given.cell, given.dataset, given.seed)
    child.save(path, {"cell": given.cell, "dataset": given.dataset, "seed": given.seed, **content})


def _dependency(cell: str, seed: int, steps: int) -> dict[str, Any]:
    from benchmarks.cells import dependency
    from nlp_rnn.training import device

    device.make_deterministic(seed=seed, threads=1)
    return dependency.learn(cell, seed=seed, steps=steps)


def _dataset(cell: str, dataset: str, seed: int) -> dict[str, Any]:
    changes = {"model": {"cell": cell}}
    content = child.record(OURS, dataset, seed=seed, budget=Budget(), changes=changes)
    from benchmarks.cells import reach
    from nlp_rnn.text.encoding import Encoded

    model = reach.load(Path("data/models") / dataset)
    norms = reach.gradient_norms(model, Encoded.load(Path("data/tokens") / dataset / "dev"))
    return {**content, "gradient_norms": norms}


if __name__ == "__main__":
    main()
