"""The loss of a linear-chain CRF and its gradient, by the forward-backward algorithm (Rabiner, 1989).

Sums are taken over exponentials of scores less their greatest, in double precision: a step costs l
exponentials instead of l^2, all of them taken at once before the first step. Where a label is so far behind
the others that its sum nearly vanishes, the sequence is gone through anew, and that sum taken over scores,
so that the result is exact for any finite scores. The backward pass hands each label's posterior to the
labels before it, in the shares that they had in the forward sum: these add up to one, so nothing grows or
fades, however long the sequence is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nlp_rnn.models.trellis import Gradients


def loss_and_gradients(
    emissions: np.ndarray,
    tags: np.ndarray,
    lengths: np.ndarray,
    transition: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
) -> tuple[float, Gradients]:
    """Negative log-likelihood, summed over the batch.

    Args:
        emissions: [b, t, l]; what stands past a sequence's length is ignored.
        tags: [b, t], the right labels.
        lengths: [b].
        transition: [from, to]. start, end: [l].

    Returns:
        the loss, and its gradients with respect to emissions, transition, start and end; the first is
        single, the others are double precision.

    Raises:
        ValueError: shapes that do not go together.
        IndexError: a length that is not in 1..t, or within it a tag that is not in 0..l - 1.
    """
    # Machine code, and half a second that importing the models need not take.
    from nlp_rnn.models.trellis import backward, forward, gold, shift

    labels = len(start)
    if emissions.shape != (*tags.shape, labels) or lengths.shape != tags.shape[:1]:
        raise ValueError(f"emissions {emissions.shape}, tags {tags.shape}, lengths {lengths.shape}")
    scores = transition.astype(np.float64), start.astype(np.float64), end.astype(np.float64)
    greatest, odds, shifted, peaks = shift(emissions, lengths, scores)
    factors = np.exp(shifted, out=shifted)  # [b, t, l], at most 1; NumPy takes several at a time
    trellis = np.empty((3, *emissions.shape))
    gradients = np.zeros_like(emissions), np.zeros((labels, labels)), np.zeros(labels), np.zeros(labels)
    partition = forward(emissions, lengths, scores, odds, greatest, factors, peaks, trellis)  # [b]
    backward(emissions, lengths, scores, odds, trellis, partition, gradients)
    right = gold(emissions, tags, lengths, scores, gradients)
    return float(partition.sum() - right), gradients
