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
    if len(lengths) == 1:
        return [_alone(emissions[0, : int(lengths[0])], scores)]
    return _together(emissions, lengths, scores)


def _alone(emissions: np.ndarray, scores: Transitions) -> np.ndarray:
    """[t, l] -> [t]; with as few calls as can be, since each costs more than what it computes."""
    steps, labels = emissions.shape
    incoming = np.ascontiguousarray(scores.transition.T)  # [to, from]
    begins = np.arange(labels) * labels  # of its rows
    candidates = np.empty_like(incoming)
    pointers = np.empty((steps, labels), np.intp)
    best = scores.start + emissions[0]  # [l]
    for step in range(1, steps):
        np.add(incoming, best, out=candidates)
        origins = candidates.argmax(axis=1, out=pointers[step])
        best = candidates.take(begins + origins)
        best += emissions[step]
    path = [int((best + scores.end).argmax())]
    for row in pointers[:0:-1].tolist():
        path.append(row[path[-1]])
    return np.array(path[::-1], np.int32)


def _together(emissions: np.ndarray, lengths: np.ndarray, scores: Transitions) -> list[np.ndarray]:
    """The same sums for many sentences, bit for bit.

    Each step takes only the sentences that have it, and sentences stand innermost, so that all sums and
    maxima run over long rows. No pointers are kept: the way back finds again, for one label of each
    sentence, what the way forward found for all of them.
    """
    count, steps, labels = emissions.shape
    # The longest first, so that those that have a step are the first ones.
    order = np.argsort(-lengths, kind="stable")
    active = (lengths[:, None] > np.arange(steps)).sum(axis=0).tolist()  # [t]
    best = np.ascontiguousarray(emissions[order].transpose(1, 2, 0))  # [t, l, b]
    best[0] += scores.start[:, None]
    moves = scores.transition[:, :, None]
    room = np.empty((labels, labels, count), np.float32)  # [from, to, b]
    for step in range(1, steps):
        here = active[step]
        candidates = np.add(best[step - 1][:, None, :here], moves, out=room[:, :, :here])
        best[step][:, :here] += np.maximum.reduce(candidates, axis=0)
    best = np.ascontiguousarray(best.transpose(0, 2, 1))  # [t, b, l]
    incoming = np.ascontiguousarray(scores.transition.T)  # [to, from]
    onward = np.repeat(scores.end[None], count, axis=0)  # [b, l]: what it costs to go on from each label
    paths = np.empty((steps, count), np.int32)
    for step in range(steps - 1, -1, -1):
        here = active[step]
        current = (best[step, :here] + onward[:here]).argmax(axis=1)
        paths[step, :here] = current
        incoming.take(current, axis=0, out=onward[:here], mode="clip")  # unbuffered, unlike "raise"
    answers = [paths[:length, row] for row, length in enumerate(lengths[order].tolist())]
    return [answers[row] for row in np.argsort(order)]
