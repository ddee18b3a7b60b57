"""Documents cut into passages, for a model that learns from running text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nlp_rnn.text.encoding import Encoded


def cut(encoded: Encoded, documents: np.ndarray, longest: int) -> Encoded:
    """Some documents in pieces of ``longest`` tokens or fewer, and of at least two: none stands alone."""
    counts = -(-encoded.lengths[documents] // longest)
    owners = np.repeat(documents, counts)  # of each passage
    starts = encoded.starts[owners] + longest * _spread(np.zeros_like(counts), counts)
    lengths = np.minimum(encoded.starts[owners + 1] - starts, longest)
    long_enough = lengths > 1
    owners, starts, lengths = owners[long_enough], starts[long_enough], lengths[long_enough]
    tokens = _spread(starts, lengths)
    return replace(
        encoded,
        starts=np.concatenate(([0], np.cumsum(lengths))),
        forms=encoded.forms[tokens],
        boundaries=None if encoded.boundaries is None else encoded.boundaries[tokens],
        bigrams=None if encoded.bigrams is None else encoded.bigrams[_spread(starts + owners, lengths + 1)],
        ngrams=None,
        tags=None,
        labels=None,
    )


def first(encoded: Encoded, tokens: int) -> np.ndarray:
    """The numbers of the first documents that hold so many tokens at most together; one at least."""
    return np.arange(max(1, int(np.searchsorted(encoded.starts[1:], tokens, side="right"))))


def _spread(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """``start, start + 1, ...`` of each length, one after the other."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
