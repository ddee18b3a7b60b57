"""The best legal tag sequence under a CRF's scores, for many sentences at once (Viterbi, 1967)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Transitions:
    """A CRF's scores: transition [from, to], start and end [l]; forbidden moves are very low."""

    transition: np.ndarray
    start: np.ndarray
    end: np.ndarray


def decode(emissions: np.ndarray, lengths: np.ndarray, scores: Transitions) -> list[np.ndarray]:
    """The best labels of each sentence.

    Args:
        emissions: [b, t, l]; what stands past a sentence's length is ignored.
        lengths: [b], at least 1 each.
        scores: over l labels.

    Returns:
        for each sentence its labels, [length].
    """
    count, steps, labels = emissions.shape
    incoming = np.ascontiguousarray(scores.transition.T)  # [to, from]
    best = scores.start + emissions[:, 0]  # [b, l]
    pointers = np.empty((steps, count, labels), np.int32)
    rows = np.arange(count)[:, None], np.arange(labels)
    for step in range(1, steps):
        candidates = best[:, None, :] + incoming  # [b, to, from]
        origins = candidates.argmax(axis=2)
        pointers[step] = origins
        moved = candidates[rows[0], rows[1], origins] + emissions[:, step]
        best = np.where((step < lengths)[:, None], moved, best)
    current = (best + scores.end).argmax(axis=1)  # [b]
    paths = np.empty((count, steps), np.int32)
    everyone = np.arange(count)
    for step in range(steps - 1, -1, -1):
        paths[:, step] = current  # past a sentence's end: its last label, cut off below
        if step:
            current = np.where(step < lengths, pointers[step, everyone, current], current)
    return [path[:length] for path, length in zip(paths, lengths)]
