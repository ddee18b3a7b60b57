"""Prediction in ratios: this project's package and CRFsuite answer the same test sets, in turns.

``python -m benchmarks.speed`` trains both on `resume` and `wnut17`, then measures whole test sets and single
sentences in alternated pairs, in CPU-seconds of one core, and writes a table. Both are given tokens and give
tags; what `predict` adds to that, which cuts texts itself and says how sure it is of each entity, is measured
beside it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import document, measure
from benchmarks.datasets import DATASETS, count
from benchmarks.plan import FIRST_SEED
from benchmarks.run import PROJECT, WORK, prepare
from benchmarks.system import Budget, Examples, Trained
from nlp_rnn.schema import Example

PAIRS = 7
SETS = ("resume", "wnut17")
WANTED = {"resume": 0.5, "wnut17": 1.0}  # tokens per CPU-second, in times of CRFsuite's
SLOWEST = 3.0  # of one sentence, in times of CRFsuite's, on `resume`


def main() -> None:
    """Trains, measures and writes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--core", type=int, help="the core to use; the first by default")
    given = parser.parse_args()
    measure.one_core(given.core)
    workspace = WORK / "full/workspace"
    prepare(workspace, SETS, small=False)
    os.chdir(workspace)
    lines = ["| set | what | ours, in times of CRFsuite's | range | promised |", "|---|---|---|---|---|"]
    for name in SETS:
        lines += _measure(name, given.pairs)
    text = "\n".join(lines) + "\n"
    document.insert(PROJECT / "benchmarks/README.md", "speed", text)
    print(f"\n{text}")


def _measure(name: str, pairs: int) -> list[str]:
    """The rows of a set."""
    from benchmarks.engine import alternated
    from nlp_rnn.data.examples import read_all
    from nlp_rnn.inference import load

    examples = read_all(Path("data/examples") / name)
    ours, peer = _trained(name, examples)
    test, language = examples["test"], DATASETS[name].language
    tokens = count(test, language)
    whole = alternated(partial(_rate, ours, test, tokens), partial(_rate, peer, test, tokens), pairs)
    one = alternated(partial(_median, ours, test), partial(_median, peer, test), pairs)
    texts = [("" if language == "zh" else " ").join(example.tokens or ()) for example in test]
    package = load(Path("data/models") / name)
    full = alternated(
        partial(_spent, package.predict, texts), partial(_spent, package.predict_examples, test), pairs
    )
    slowest = f"at most {SLOWEST:g}" if name == "resume" else ""
    return [
        f"| `{name}` | tokens per CPU-second, {whole['ours']:,.0f} against {whole['other']:,.0f} | "
        f"{whole['ratio']:.2f} | {_range(whole)} | at least {WANTED[name]:g} |",
        f"| `{name}` | p50 of one sentence, {one['ours']:.3f} against {one['other']:.3f} ms | "
        f"{one['ratio']:.2f} | {_range(one)} | {slowest} |",
        f"| `{name}` | time with texts to cut and a confidence for each entity, in times of ours without | "
        f"{full['ratio']:.2f} | {_range(full)} | |",
    ]


def _trained(name: str, examples: Examples) -> tuple[Trained, Trained]:
    from benchmarks import ours
    from benchmarks.peers import crfsuite

    common = {
        "language": DATASETS[name].language,
        "task": DATASETS[name].task,
        "seed": FIRST_SEED,
        "budget": Budget(),
    }
    return ours.train(name, examples, **common), crfsuite.train(name, examples, **common)  # type: ignore[arg-type]


def _rate(system: Trained, test: Sequence[Example], tokens: int) -> float:
    """Tokens per CPU-second over the whole test set; our caches are empty, as no peer's need be."""
    system.renew()
    return tokens / measure.seconds(system.predict, test, system.batches[0])


def _spent(predict: Callable[[Sequence[Any]], object], wanted: Sequence[Any]) -> float:
    """CPU-seconds over the whole test set, with the caches that both ways have filled."""
    return measure.seconds(predict, wanted)


def _median(system: Trained, test: Sequence[Example]) -> float:
    """The median over sentences, one at a time, in milliseconds of CPU time."""
    return measure.latency(system.predict, test)["p50_cpu_ms"]


def _range(found: dict[str, float]) -> str:
    return f"{found['least_ratio']:.2f} to {found['greatest_ratio']:.2f}"


if __name__ == "__main__":
    main()
