"""How sure a CRF is of the entities that it found: their probability, all other tags being free.

After the forward-backward algorithm (Rabiner, 1989), constrained to an entity's own labels (Culotta and
McCallum, 2004).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nlp_rnn.inference.viterbi import Transitions
from nlp_rnn.text.batches import plan

BATCH_TOKENS = 2000
LEAST = 1e-250
EVERY = 4  # steps between two that are scaled: no score is so far from another that it overflows sooner
Bounds = tuple[int, int]  # first token of an entity, and the one behind it


def shares(
    emissions: Sequence[np.ndarray],
    paths: Sequence[np.ndarray],
    entities: Sequence[Sequence[Bounds]],
    scores: Transitions,
    *,
    temperature: float,
) -> list[list[float]]:
    """The probability of each entity.

    Args:
        emissions: of each sentence, [t, l].
        paths: each sentence's labels, [t], as they were decoded.
        entities: the entities that these labels hold.
        scores: of the CRF, over l labels.
        temperature: what all scores are divided by first; above 1 it makes the CRF less sure.

    Returns:
        for each sentence as many probabilities, in [0, 1], as it has entities.
    """
    found: list[list[float]] = [[] for _ in emissions]
    wanted = [i for i, bounds in enumerate(entities) if bounds]
    lengths = np.array([len(paths[i]) for i in wanted], np.int64)
    for group in plan(lengths, BATCH_TOKENS):
        chosen = [wanted[position] for position in group.tolist()]
        lattice = _Lattice([emissions[i] for i in chosen], scores, temperature)
        for row, i in enumerate(chosen):
            found[i] = [lattice.share(row, paths[i], *bounds) for bounds in entities[i]]
    return found


class _Lattice:
    """All label sequences of some sentences. Everything is a logarithm but the recurrence itself."""

    def __init__(self, emissions: Sequence[np.ndarray], scores: Transitions, temperature: float) -> None:
        self._lengths = [len(one) for one in emissions]
        self._moves = scores.transition.astype(np.float64) / temperature
        start, end = (values.astype(np.float64) / temperature for values in (scores.start, scores.end))
        # Sentences stand twice side by side, read forward and, turned around, backward: [t, 2, b, l].
        steps, count, labels = max(self._lengths), len(emissions), len(start)
        both = np.zeros((steps, 2, count, labels))
        for row, one in enumerate(emissions):
            scaled = one.astype(np.float64) / temperature
            scaled -= scaled.max(axis=1, keepdims=True)  # no probability depends on it
            both[: len(one), 0, row] = scaled
            both[: len(one), 1, row] = scaled[::-1]
        self._emissions = both[:, 0]  # [t, b, l]
        self._end = end
        both[0, 0] += start
        both[0, 1] += end
        self._sums, self._totals = _recurrence(both, self._moves)
        both[0, 0] -= start  # back to emissions alone

    def share(self, row: int, path: np.ndarray, first: int, end: int) -> float:
        """The probability that a sentence's tokens ``first`` to ``end - 1`` have the labels of a path."""
        length, labels = self._lengths[row], path.tolist()
        ahead = self._sums[first, 0, row, labels[first]] + self._totals[first, 0, row]
        mirrored = length - end  # where the last of them stands, read backward
        back = self._sums[mirrored, 1, row, labels[end - 1]] + self._totals[mirrored, 1, row]
        inside = -self._emissions[first, row, labels[first]]  # both sides count the token where they meet
        for step in range(first, end):
            inside += self._emissions[step, row, labels[step]]
            if step > first:
                inside += self._moves[labels[step - 1], labels[step]]
        inside -= self._emissions[end - 1, row, labels[end - 1]]
        last = self._sums[length - 1, 0, row] + self._end
        whole = np.logaddexp.reduce(last) + self._totals[length - 1, 0, row]
        return float(min(1.0, np.exp(ahead + inside + back - whole)))


def _recurrence(scores: np.ndarray, moves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums over all ways that lead to each label, [t, 2, b, l], less totals [t, 2, b]; both logarithms."""
    factors = np.exp(np.stack((moves, moves.T)))  # [2, l, l]
    sums, totals = np.exp(scores), np.ones(scores.shape[:3])
    state = sums[0]
    for step, emitted in enumerate(sums):
        if step:
            state = np.multiply(state @ factors, emitted, out=emitted)
        if step % EVERY == 0:
            totals[step] = np.maximum(state.sum(axis=2), LEAST)
            state /= totals[step, :, :, None]
            # What is less likely than this by now is not followed further, so that logarithms are numbers.
            np.maximum(state, LEAST, out=state)
    return np.log(np.maximum(sums, LEAST)), np.cumsum(np.log(totals), axis=0)
