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
    boundaries [b, t], bigrams [b, t + 1], ngrams [b, kt], tags [b, t] and labels [b], where there are any.
    """

    indexes: Any
    lengths: Any
    forms: Any
    words: Any
    shapes: Any
    characters: Any
    subwords: Any = None
    boundaries: Any = None
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
    for position, length in enumerate(lengths[order].tolist()):
        longest = max(longest, length)
        if position > start and longest * (position + 1 - start) > tokens:
            batches.append(order[start:position])
            start, longest = position, length
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
    tokens = encoded.forms[positions]
    used = np.zeros(len(encoded.words), bool)
    used[tokens] = used[0] = True
    rows = np.flatnonzero(used)
    numbers = np.cumsum(used, dtype=np.int32) - 1  # of each form in the batch
    longest = encoded.longest_ngram
    characters = encoded.characters[rows]
    width = max(1, int((characters != 0).sum(1).max())) + 2
    return Batch(
        indexes=indexes,
        lengths=lengths.astype(np.int32),
        forms=_padded(numbers[tokens], inside),
        words=encoded.words[rows],
        shapes=encoded.shapes[rows],
        characters=characters[:, :width],
        subwords=None if encoded.subwords is None else _trimmed(encoded.subwords[rows]),
        boundaries=None if encoded.boundaries is None else _padded(encoded.boundaries[positions], inside),
        bigrams=None if encoded.bigrams is None else _runs(encoded.bigrams, starts + indexes, lengths + 1),
        ngrams=None if encoded.ngrams is None else _runs(encoded.ngrams, starts * longest, lengths * longest),
        tags=None if encoded.tags is None else _padded(encoded.tags[positions], inside),
        labels=None if encoded.labels is None else encoded.labels[indexes],
    )


def batches(encoded: Encoded, tokens: int) -> Iterator[Batch]:
    """All sentences, once, in a fixed order, like lengths together."""
    if len(encoded) == 1:
        yield _alone(encoded)
        return
    for indexes in plan(encoded.lengths, tokens):
        yield gather(encoded, indexes)


def _alone(encoded: Encoded) -> Batch:
    """The only sentence: nothing to choose or to pad, and whoever asks for one answer waits for it."""
    return Batch(
        indexes=np.zeros(1, np.int64),
        lengths=encoded.lengths.astype(np.int32),
        forms=encoded.forms[None],
        words=encoded.words,
        shapes=encoded.shapes,
        characters=encoded.characters,
        subwords=encoded.subwords,
        boundaries=None if encoded.boundaries is None else encoded.boundaries[None],
        bigrams=None if encoded.bigrams is None else encoded.bigrams[None],
        ngrams=None if encoded.ngrams is None else encoded.ngrams[None],
        tags=None if encoded.tags is None else encoded.tags[None],
        labels=encoded.labels,
    )


def _runs(values: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """``values[start : start + length]`` for each start, padded to the longest."""
    steps = np.arange(int(lengths.max()))
    inside = steps < lengths[:, None]
    return _padded(values[(starts[:, None] + steps)[inside]], inside)


def _trimmed(rows: np.ndarray) -> np.ndarray:
    """As many columns as the longest row fills."""
    return rows[:, : max(1, int((rows != 0).sum(1).max()))]


def _padded(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    padded = np.zeros(inside.shape, values.dtype)
    padded[inside] = values
    return padded
