"""The arithmetic that both tasks' scores share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nlp_rnn.schema import DataError

DIGITS = 6  # beyond them, figures differ with the order of sums, and files should not


def check(gold: Sequence[Any], predicted: Sequence[Any], *, where: str = "") -> None:
    """Raises DataError where two sequences that belong together differ in length, or a whole set is empty.

    Args:
        where: which sentence they are; empty for the whole set.
    """
    if len(gold) != len(predicted):
        place = f"{where}: " if where else ""
        things = "tags" if where else "examples"
        raise DataError(f"{place}{len(gold)} gold {things} but {len(predicted)} predicted; they must match.")
    if not where and not gold:
        raise DataError("there is no example to score; a test set must hold at least one.")


def ratio(part: int, whole: int) -> float:
    """``part / whole``, rounded; 0.0 where the whole is zero."""
    return round(part / whole, DIGITS) if whole else 0.0


def precision_recall_f1(gold: int, predicted: int, correct: int) -> dict[str, float]:
    """The three figures of so many gold, predicted and correct things."""
    return {
        "precision": ratio(correct, predicted),
        "recall": ratio(correct, gold),
        "f1": ratio(2 * correct, gold + predicted),
    }
