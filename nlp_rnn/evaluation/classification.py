"""Scores of a text classifier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from nlp_rnn.evaluation.ratios import DIGITS, check, precision_recall_f1, ratio


def score(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, Any]:
    """Compares labels text by text. A ratio whose denominator is zero is 0.0.

    Args:
        gold: the right labels.
        predicted: the classifier's, as many.

    Returns:
        ``accuracy``; ``macro_f1``, the plain mean over every label in either; ``classes`` with precision,
        recall, f1 and support (gold texts) of each; ``confusion`` with sorted ``labels`` and ``counts``,
        one row for each gold label and one column for each predicted one; and ``counts``.

    Raises:
        DataError: no text at all, or lengths that differ.
    """
    check(gold, predicted)
    labels = sorted({*gold, *predicted})
    pairs = Counter(zip(gold, predicted))
    of_gold, of_predicted = Counter(gold), Counter(predicted)
    f1 = [2 * pairs[label, label] / (of_gold[label] + of_predicted[label]) for label in labels]
    correct = sum(pairs[label, label] for label in labels)
    classes = {
        label: {
            **precision_recall_f1(of_gold[label], of_predicted[label], pairs[label, label]),
            "support": of_gold[label],
        }
        for label in labels
    }
    return {
        "accuracy": ratio(correct, len(gold)),
        "macro_f1": round(sum(f1) / len(labels), DIGITS),
        "classes": classes,
        "confusion": {
            "labels": labels,
            "counts": [[pairs[row, column] for column in labels] for row in labels],
        },
        "counts": {"texts": len(gold), "correct": correct},
    }
