"""Which cases a model fails: where its two answers do not belong together as they should."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlp_rnn.evaluation.behaviour.cases import Case
from nlp_rnn.evaluation.ratios import ratio
from nlp_rnn.schema import Example

Predict = Callable[[Sequence[Example]], Sequence[Any]]


@dataclass(frozen=True)
class Outcome:
    """How a model did in one capability."""

    cases: Sequence[Case]
    answers: Sequence[tuple[Any, Any]]  # to each case's two examples
    failed: np.ndarray  # [n], of each case

    def figures(self) -> dict[str, float]:
        """Cases, failures, and their share."""
        count = int(self.failed.sum())
        return {"cases": len(self.cases), "failed": count, "share": ratio(count, len(self.cases))}

    def counts(self) -> np.ndarray:
        """For :func:`nlp_rnn.evaluation.comparison.compare_counts`: a case that passed is right, [n, 3]."""
        ones = np.ones(len(self.cases), np.int64)
        return np.stack((ones, ones, ~self.failed), axis=1).astype(np.int64)


def check(predict: Predict, cases: Mapping[str, Sequence[Case]]) -> dict[str, Outcome]:
    """Asks a model about all cases.

    Args:
        predict: examples -> BIO tags of each, or a label for each.
        cases: by capability.
    """
    outcomes = {}
    for name, given in cases.items():
        before = list(predict([case.before for case in given]))
        after = list(predict([case.after for case in given]))
        failed = [not _agree(*three) for three in zip(given, before, after)]
        outcomes[name] = Outcome(given, list(zip(before, after)), np.array(failed))
    return outcomes


def _agree(case: Case, before: Any, after: Any) -> bool:
    if case.before.tokens is None:
        return (before != after) is case.flips
    return list(after) == ["O"] * case.prefix + list(before)
