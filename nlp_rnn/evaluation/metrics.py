"""Which figures tell how good a model of each task is, and which one of them decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nlp_rnn.evaluation import classification, ner
from nlp_rnn.schema import Example, UsageError

METRICS: Mapping[str, Callable[[Sequence[Any], Sequence[Any]], dict[str, Any]]] = {
    "ner": ner.score,
    "sentiment": classification.score,
}
PRIMARY = {"ner": "f1", "sentiment": "accuracy"}


def score(task: str, gold: Sequence[Any], predicted: Sequence[Any]) -> dict[str, Any]:
    """Scores predictions against gold; all ratios lie in [0, 1] and are rounded to 6 digits.

    Args:
        task: a key of METRICS.
        gold, predicted: one list of BIO tags for each sentence (ner), one label for each text (sentiment).

    Raises:
        UsageError: an unknown task.
        DataError: nothing to score, or lengths that differ.
    """
    if task not in METRICS:
        raise UsageError(f"there is no task {task!r}; there are: {', '.join(METRICS)}.")
    return METRICS[task](gold, predicted)


def gold(task: str, examples: Sequence[Example]) -> list[Any]:
    """What annotators said, in the form of :func:`score`: lists of BIO tags, or labels."""
    return [list(example.tags or ()) if task == "ner" else example.label for example in examples]
