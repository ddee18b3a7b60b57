"""How often the rule of promotion errs, on real answers: two trainings on `resume`, and what is made of them.

Each pair is judged on a test set of its own, drawn from the real one with replacement. Equal models: the two
answers to each drawn sentence go to champion and challenger by the toss of a coin, so that neither is better.
A planted gain: a challenger's errors are then put right, in random order, until it leads by two points.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measure
from benchmarks.run import RESULTS, WORK, prepare
from nlp_rnn.evaluation.comparison import compare_counts, counts
from nlp_rnn.promotion import Candidate, Limits, Rival, decide
from nlp_rnn.schema import Comparison

DATASET, TASK = "resume", "ner"
SEEDS = (13, 14)
PAIRS, PLANTED, GAIN = 500, 200, 0.02
TRIALS = 2000  # of each comparison
FEWEST = 20  # entities of a class in the test set, as in nlp_rnn/operations/contest.py
Slices = Mapping[str, np.ndarray]  # counts of all entities, under "", and of each class, [n, 3]


def main() -> None:
    """``python -m benchmarks.gate``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__)
    parser.add_argument("--core", type=int, help="the core to use; the first by default")
    given = parser.parse_args()
    measure.one_core(given.core)
    workspace = WORK / "full/workspace"
    prepare(workspace, [DATASET], small=False)
    gold, baseline, models = _answers(workspace)
    one, other = (_slices(gold, answers) for answers in models)
    linear = counts(TASK, gold, baseline)
    rng = np.random.default_rng(0)
    equal = [_judge(*_equal(linear, one, other, rng), rng) for _ in range(PAIRS)]
    planted = [_judge(*_planted(*_equal(linear, one, other, rng), rng), rng) for _ in range(PLANTED)]
    lines = [
        _share("equal models promoted", sum(equal), PAIRS, f"at most {Limits().error:g}"),
        _share(f"a gain of {GAIN:g} promoted", sum(planted), PLANTED, "at least 0.9"),
        "",
        *(f"- {name}: {reason}" for name, reason in refusals().items()),
    ]
    text = "\n".join(lines) + "\n"
    (RESULTS / "gate.md").write_text(text, encoding="utf-8")
    print(f"\n{text}")


def _answers(workspace: Path) -> tuple[list[Any], list[Any], list[list[Any]]]:
    """Gold, the linear baseline's answers, and those of a training from each seed."""
    from benchmarks import ours
    from benchmarks.system import Budget
    from nlp_rnn import params
    from nlp_rnn.data.examples import read_all
    from nlp_rnn.evaluation.metrics import gold
    from nlp_rnn.stages import baseline

    os.chdir(workspace)
    examples = read_all(Path("data/examples") / DATASET)
    linear = Path("data/baselines") / DATASET / "predictions.jsonl"
    if not linear.is_file():
        baseline.main(params.load(DATASET))
    kept = Path("gate.json")
    if not kept.is_file():
        found = []
        for seed in SEEDS:
            trained = ours.train(DATASET, examples, language="zh", task=TASK, seed=seed, budget=Budget())
            found.append(trained.predict(examples["test"], 0))
        kept.write_text(json.dumps(found))
    rows = [json.loads(line) for line in linear.read_text(encoding="utf-8").splitlines()]
    return gold(TASK, examples["test"]), [row["predicted"] for row in rows], json.loads(kept.read_text())


def _slices(gold: Sequence[Any], answers: Sequence[Any]) -> dict[str, np.ndarray]:
    labels = sorted({tag[2:] for tags in gold for tag in tags} - {""})
    found = {label: counts(TASK, gold, answers, label) for label in labels}
    return {"": counts(TASK, gold, answers)} | {
        label: table for label, table in found.items() if table[:, 0].sum() >= FEWEST
    }


def _equal(
    linear: np.ndarray, one: Slices, other: Slices, rng: np.random.Generator
) -> tuple[np.ndarray, Slices, Slices]:
    """The baseline, and two models of which neither is better, on a drawn test set."""
    rows = rng.integers(0, len(linear), len(linear))
    heads = (rng.random(len(rows)) < 0.5)[:, None]
    champion = {name: np.where(heads, one[name][rows], other[name][rows]) for name in one}
    challenger = {name: np.where(heads, other[name][rows], one[name][rows]) for name in one}
    return linear[rows], champion, challenger


def _planted(
    linear: np.ndarray, champion: Slices, challenger: Slices, rng: np.random.Generator
) -> tuple[np.ndarray, Slices, Slices]:
    """The same, but the challenger gets more sentences right, one by one, until it leads as planned."""
    fixed = {name: table.copy() for name, table in challenger.items()}
    goal = _f1(champion[""]) + GAIN
    for row in rng.permutation(np.flatnonzero(_wrong(fixed[""]))):
        if _f1(fixed[""]) >= goal:
            break
        for table in fixed.values():
            table[row, 1:] = table[row, :1]
    return linear, champion, fixed


def _judge(linear: np.ndarray, champion: Slices, challenger: Slices, rng: np.random.Generator) -> bool:
    """Whether the rule promotes the challenger."""
    seed = int(rng.integers(2**31))

    def beside(first: np.ndarray, second: np.ndarray) -> Comparison:
        return compare_counts(first, second, trials=TRIALS, seed=seed)

    overall, *classes = (beside(champion[name], challenger[name]) for name in champion)
    baseline = beside(linear, challenger[""])
    candidate = Candidate("new", "f1", baseline.second, len(linear), True, baseline)
    names = [name for name in champion if name]
    return decide(Rival("old", overall, dict(zip(names, classes))), candidate, limits=Limits()).promote


def refusals() -> dict[str, str]:
    """What is said of challengers that must not be promoted, by what is wrong with them."""

    def beside(first: float, second: float, chance: float = 0.001) -> Comparison:
        return Comparison(first, second, second - first - 0.01, second - first + 0.01, chance, 477)

    good = Candidate("new", "f1", 0.95, 477, True, beside(0.93, 0.95))
    champion = Rival("old", beside(0.92, 0.95), {"ORG": beside(0.90, 0.91)}, slowdown=1.0)
    worse = replace(champion, overall=beside(0.96, 0.95, 0.99))
    bad: dict[str, tuple[Rival | None, Candidate]] = {
        "no number": (champion, replace(good, score=math.nan)),
        "no score": (champion, replace(good, score=None)),
        "an empty test set": (champion, replace(good, examples=0)),
        "refused data": (champion, replace(good, valid=False)),
        "no baseline": (champion, replace(good, baseline=None)),
        "a stale report": (champion, replace(good, score=0.97)),
        "below the baseline": (champion, replace(good, baseline=beside(0.96, 0.95))),
        "worse than the champion": (worse, good),
        "better by chance": (replace(champion, overall=beside(0.948, 0.95, 0.4)), good),
        "a class lost": (replace(champion, classes={"ORG": beside(0.90, 0.80)}), good),
        "slower": (replace(champion, slowdown=2.0), good),
        "a champion of another task": (replace(champion, overall=None), good),
    }
    found = {name: decide(*pair, limits=Limits()) for name, pair in bad.items()}
    if promoted := [name for name, decision in found.items() if decision.promote]:
        sys.exit(f"benchmarks: promoted in spite of: {', '.join(promoted)}")
    return {name: decision.reason for name, decision in found.items()}


def _share(title: str, count: int, of: int, wanted: str) -> str:
    """A share with its 95 % interval (Wilson, 1927)."""
    share, z = count / of, 1.96
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{title}: {count} of {of}, {share:.3f} ({middle - spread:.3f} to {middle + spread:.3f}); {wanted}"


def _wrong(table: np.ndarray) -> np.ndarray:
    return (table[:, 1] != table[:, 2]) | (table[:, 0] != table[:, 2])


def _f1(table: np.ndarray) -> float:
    gold, predicted, correct = table.sum(axis=0)
    return 2 * correct / (gold + predicted)


if __name__ == "__main__":
    main()
