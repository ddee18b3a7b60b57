"""Which sentences go through the network together, and their arrays padded to one length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlp_rnn.text.encoding import Encoded


@dataclass(frozen=True)
class Batch:
    """Some sentences side by side; NumPy arrays here, tensors of the same shapes in training.

    indexes [b]: which sentences they are. lengths [b]. forms [b, t]: rows of the next four.
    words, shapes [u]; characters [u, c + 2]; subwords [u, s]; u distinct forms, the first of them padding.
    bigrams [b, t + 1], ngrams [b, kt], tags [b, t] and labels [b], where there are any.
    """

    indexes: Any
    lengths: Any
    forms: Any
    words: Any
    shapes: Any
    characters: Any
    subwords: Any = None
    bigrams: Any = None
    ngrams: Any = None
    tags: Any = None
    labels: Any = None


def plan(lengths: np.ndarray, tokens: int, rng: np.random.Generator | None = None) -> list[np.ndarray]:
    """Groups sentences of like length until a batch, padding included, would hold too many tokens.

    Args:
        lengths: tokens of each sentence, [b].
        tokens: the most a batch may hold; a longer sentence makes a batch of its own.
        rng: shuffles lengths that are nearly alike, and the batches; without one the order is fixed.

    Returns:
        the sentences' indexes, batch by batch.
    """
    keys = lengths + (rng.uniform(-2, 2, len(lengths)) if rng is not None else 0)
    order = np.argsort(-keys, kind="stable")
    batches: list[np.ndarray] = []
    start, longest = 0, 0
    for position, index in enumerate(order):
        longest = max(longest, int(lengths[index]))
        if position > start and longest * (position + 1 - start) > tokens:
            batches.append(order[start:position])
            start, longest = position, int(lengths[index])
    if len(order):
        batches.append(order[start:])
    if rng is not None:
        rng.shuffle(batches)
    return batches


def gather(encoded: Encoded, indexes: np.ndarray) -> Batch:
    """Builds the padded arrays of some sentences."""
    starts = encoded.starts[indexes]
    lengths = encoded.starts[indexes + 1] - starts
    steps = np.arange(int(lengths.max()))
    inside = steps < lengths[:, None]  # [b, t]
    positions = (starts[:, None] + steps)[inside]
    forms = np.zeros(inside.shape, np.int32)
    rows, numbers = np.unique(encoded.forms[positions], return_inverse=True)
    forms[inside] = numbers + 1
    rows = np.concatenate(([0], rows))
    characters = encoded.characters[rows]
    width = max(1, int((characters != 0).sum(1).max())) + 2
    return Batch(
        indexes=indexes,
        lengths=lengths.astype(np.int32),
        forms=forms,
        words=encoded.words[rows],
        shapes=encoded.shapes[rows],
        characters=characters[:, :width],
        subwords=None if encoded.subwords is None else _trimmed(encoded.subwords[rows]),
        bigrams=None if encoded.bigrams is None else _grams(encoded.bigrams, encoded.bigram_starts, indexes),
        ngrams=None if encoded.ngrams is None else _grams(encoded.ngrams, encoded.ngram_starts, indexes),
        tags=None if encoded.tags is None else _padded(encoded.tags[positions], inside),
        labels=None if encoded.labels is None else encoded.labels[indexes],
    )


def batches(encoded: Encoded, tokens: int) -> Iterator[Batch]:
    """All sentences, once, in a fixed order, like lengths together."""
    for indexes in plan(encoded.lengths, tokens):
        yield gather(encoded, indexes)


def _grams(values: np.ndarray, bounds: np.ndarray, indexes: np.ndarray) -> np.ndarray:
    """Those of some sentences, padded."""
    starts = bounds[indexes][:, None]
    counts = bounds[indexes + 1][:, None] - starts
    steps = np.arange(int(counts.max()))
    inside = steps < counts
    return _padded(values[(starts + steps)[inside]], inside)


def _trimmed(rows: np.ndarray) -> np.ndarray:
    """As many columns as the longest row fills."""
    return rows[:, : max(1, int((rows != 0).sum(1).max()))]


def _padded(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    padded = np.zeros(inside.shape, values.dtype)
    padded[inside] = values
    return padded
