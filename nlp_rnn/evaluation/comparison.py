"""Which of two models is better on the same examples, and how sure one can be: paired tests.

Approximate randomisation (Noreen, 1989; Yeh, COLING 2000) asks how often chance alone would give such a
lead: if two models are equally good, it does not matter which of them gave which answer. The bootstrap
(Efron, 1979; Koehn, EMNLP 2004) says within which bounds the lead lies on examples like these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nlp_rnn.evaluation.ratios import check
from nlp_rnn.schema import Comparison
from nlp_rnn.text.labels import spans

TRIALS = 10_000
CONFIDENCE = 0.95
_CHUNK = 5_000_000  # random numbers that are in memory together


def compare(
    task: str,
    gold: Sequence[Any],
    first: Sequence[Any],
    second: Sequence[Any],
    *,
    only: str | None = None,
    trials: int = TRIALS,
    seed: int = 0,
) -> Comparison:
    """Compares two models' answers to the same examples by F1 of entities, or by accuracy.

    Args:
        task: ``ner`` or ``sentiment``.
        gold, first, second: BIO tags of each sentence, or a label for each text.
        only: the class whose F1 is compared; the primary metric of all by default.
        trials: random swaps, and random samples.
        seed: of both.

    Raises:
        DataError: nothing to compare, or lengths that differ.
    """
    check(gold, first)
    check(gold, second)
    one, other = (counts(task, gold, answers, only) for answers in (first, second))
    return compare_counts(one, other, trials=trials, seed=seed)


def compare_counts(
    first: np.ndarray, second: np.ndarray, *, trials: int = TRIALS, seed: int = 0
) -> Comparison:
    """The same, of counts.

    Args:
        first, second: things in gold, predicted and both, of each example, [n, 3].
        trials, seed: see :func:`compare`.
    """
    rng = np.random.default_rng(seed)
    lead = float(_f1(second.sum(axis=0)) - _f1(first.sum(axis=0)))
    low, high = _interval(first, second, trials, rng)
    return Comparison(
        first=float(_f1(first.sum(axis=0))),
        second=float(_f1(second.sum(axis=0))),
        low=low,
        high=high,
        chance=_chance(first, second, lead, trials, rng),
        examples=len(first),
    )


def counts(task: str, gold: Sequence[Any], answers: Sequence[Any], only: str | None = None) -> np.ndarray:
    """Things in gold, in the answers and in both, of each example, [n, 3].

    A text is one thing, so that F1 over all of them is accuracy. For the arguments see :func:`compare`.
    """
    rows = []
    for right, guess in zip(gold, answers):
        found = [_things(task, answer, only) for answer in (right, guess)]
        rows.append((len(found[0]), len(found[1]), len(found[0] & found[1])))
    return np.array(rows, np.int64)


def _things(task: str, answer: Any, only: str | None) -> set[Any]:
    things = set(spans(answer)) if task == "ner" else {(0, 0, answer)}
    return {thing for thing in things if only is None or thing[2] == only}


def _f1(sums: np.ndarray) -> np.ndarray:
    """Of sums of counts, [..., 3]; 0 where there is nothing to find and nothing was found."""
    return 2 * sums[..., 2] / np.maximum(sums[..., 0] + sums[..., 1], 1)


def _chance(
    first: np.ndarray, second: np.ndarray, lead: float, trials: int, rng: np.random.Generator
) -> float:
    """How likely a lead as large, or larger, is if answers are swapped by the toss of a coin."""
    # Where both say the same, a swap changes nothing.
    change = (second - first)[(first != second).any(axis=1)].astype(np.float32)
    reached = 1  # what was observed is one of the ways in which coins could have fallen
    for size in _portions(trials, len(change)):
        swapped = rng.integers(0, 2, (size, len(change)), np.int8).astype(np.float32) @ change
        leads = _f1(second.sum(axis=0) - swapped) - _f1(first.sum(axis=0) + swapped)
        reached += int((leads >= lead - 1e-9).sum())
    return reached / (trials + 1)


def _interval(
    first: np.ndarray, second: np.ndarray, trials: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Between which bounds the lead lies in 95 of 100 samples of as many examples."""
    # Examples with the same counts are drawn together: there are far fewer kinds than examples.
    kinds, sizes = np.unique(np.concatenate((first, second), axis=1), axis=0, return_counts=True)
    leads = []
    for size in _portions(trials, len(kinds)):
        sums = rng.multinomial(len(first), sizes / len(first), size) @ kinds  # [size, 6]
        leads.append(_f1(sums[:, 3:]) - _f1(sums[:, :3]))
    beyond = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.concatenate(leads), (beyond, 1 - beyond))
    return float(low), float(high)


def _portions(trials: int, width: int) -> list[int]:
    """Trials in parts that fit into memory."""
    most = max(1, _CHUNK // max(1, width))
    return [most] * (trials // most) + [trials % most] * (trials % most > 0)
