"""What 8 bits cost and bring: both graphs of one package on the four public sets, in alternated pairs.

``python -m benchmarks.precision`` trains on each set once, scores its test set with both graphs, and writes a
table.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import document, measure
from benchmarks.datasets import DATASETS
from benchmarks.plan import FIRST_SEED
from benchmarks.run import PROJECT, WORK, prepare
from benchmarks.system import Budget
from nlp_rnn.schema import Example

PAIRS = 7


def main() -> None:
    """Trains, measures and writes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.precision", description=__doc__)
    parser.add_argument("--datasets", nargs="+", choices=DATASETS, default=[*DATASETS])
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--core", type=int, help="the core to use; the first by default")
    given = parser.parse_args()
    measure.one_core(given.core)
    workspace = WORK / "full/workspace"
    prepare(workspace, given.datasets, small=False)
    os.chdir(workspace)
    lines = [
        "| set | dev, 32 bits | 8 bits | used | test, 32 bits | 8 bits | graphs of 8 and 32 bits, MB "
        "| time of 8 bits, in times of 32 |",
        "|---|---|---|---|---|---|---|---|",
        *(_measure(name, given.pairs) for name in given.datasets),
    ]
    text = "\n".join(lines) + "\n"
    if given.datasets == [*DATASETS]:
        document.insert(PROJECT / "benchmarks/README.md", "precision", text)
    print(f"\n{text}")


def _measure(name: str, pairs: int) -> str:
    """A row of the table."""
    from benchmarks import ours
    from nlp_rnn.data.examples import read_all
    from nlp_rnn.evaluation.metrics import PRIMARY, gold, score
    from nlp_rnn.inference import load, package

    dataset = DATASETS[name]
    examples = read_all(Path("data/examples") / name)
    ours.train(name, examples, language=dataset.language, task=dataset.task, seed=FIRST_SEED, budget=Budget())
    folder, metric = Path("data/models") / name, PRIMARY[dataset.task]
    used = package.read_model(folder)["precision"]
    scores: dict[tuple[str, str], float] = {}
    for precision in package.GRAPHS:
        model = load(folder, precision=precision)
        for split in ("dev", "test"):
            found = model.predict_examples(examples[split])
            scores[precision, split] = score(dataset.task, gold(dataset.task, examples[split]), found)[metric]
    size = " and ".join(f"{_megabytes(folder, precision):.1f}" for precision in (package.INT8, package.FP32))
    shown = [f"{scores[precision, split]:.4f}" for split in ("dev", "test") for precision in package.GRAPHS]
    ratio = _ratio(folder, examples["test"], pairs)
    return f"| `{name}` | {shown[0]} | {shown[1]} | {used} | {shown[2]} | {shown[3]} | {size} | {ratio} |"


def _megabytes(folder: Path, precision: str) -> float:
    """A graph with what it takes from the file of weights."""
    from nlp_rnn.inference import package

    graph = (folder / package.GRAPHS[precision]).stat().st_size
    return (graph + ((folder / package.WEIGHTS).stat().st_size if precision == package.FP32 else 0)) / 1e6


def _ratio(folder: Path, test: Sequence[Example], pairs: int) -> str:
    """CPU time of whole test sets, caches empty: the median of the pairs' ratios, and their range."""
    from nlp_rnn.inference import load, package

    ratios = []
    for _ in range(pairs):
        spent: Mapping[str, float] = {
            precision: measure.seconds(load(folder, precision=precision).predict_examples, test)
            for precision in package.GRAPHS
        }
        ratios.append(spent[package.INT8] / spent[package.FP32])
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


if __name__ == "__main__":
    main()
