"""The loss of a linear-chain CRF and its gradient, by the forward-backward algorithm (Rabiner, 1989).

Sums are taken over exponentials of scores less their greatest, in double precision: a step costs l
exponentials instead of l^2, all of them taken at once before the first step. Where a label is so far behind
the others that its sum nearly vanishes, the sequence is gone through anew, and that sum taken over scores,
so that the result is exact for any finite scores. The backward pass
hands each label's posterior to the labels before it, in the shares that they had in the forward sum:
these add up to one, so nothing grows or fades, however long the sequence is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import numpy as np

Scores: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]  # transition [from, to], start [l], end [l]
Gradients: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # emissions' first, then Scores'
VANISHING = 1e-280  # a smaller sum may have lost terms to underflow, which begins at 1e-308


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
    labels = len(start)
    if emissions.shape != (*tags.shape, labels) or lengths.shape != tags.shape[:1]:
        raise ValueError(f"emissions {emissions.shape}, tags {tags.shape}, lengths {lengths.shape}")
    scores = transition.astype(np.float64), start.astype(np.float64), end.astype(np.float64)
    greatest = scores[0].max(axis=0)  # [to]
    odds = np.exp(scores[0] - greatest)  # [from, to], at most 1
    shifted = emissions + greatest
    shifted[:, 0] = emissions[:, 0] + scores[1]
    peaks = shifted.max(axis=2)  # [b, t]
    with np.errstate(over="ignore", invalid="ignore"):  # of what stands past a length
        shifted -= peaks[:, :, None]
        factors = np.exp(shifted, out=shifted)  # [b, t, l], at most 1
    trellis = np.empty((3, *emissions.shape))
    gradients = np.zeros_like(emissions), np.zeros((labels, labels)), np.zeros(labels), np.zeros(labels)
    partition = _compiled(_forward)(
        emissions, lengths, scores, odds, greatest, factors, peaks, trellis
    )  # [b]
    _compiled(_backward)(emissions, lengths, scores, odds, trellis, partition, gradients)
    gold = _compiled(_gold)(emissions, tags, lengths, scores, gradients)
    return float(partition.sum() - gold), gradients


@cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Machine code for loops over arrays, made at the first use and kept on disk.

    It runs on one thread, in the order that is written: the same input gives the same bits. It stands in
    the file of what it compiles because a cached function is compiled anew when its own file changes.
    """
    from numba import njit  # half a second that importing the models need not take

    try:
        return njit(cache=True, error_model="numpy")(function)
    except RuntimeError:  # neither beside this file nor in the user's cache folder may it be kept
        return njit(error_model="numpy")(function)


def _forward(
    emissions: np.ndarray,
    lengths: np.ndarray,
    scores: Scores,
    odds: np.ndarray,
    greatest: np.ndarray,
    factors: np.ndarray,
    peaks: np.ndarray,
    trellis: np.ndarray,
) -> np.ndarray:
    """Fills the trellis; -> the logarithm of each sequence's sum over all labelings, [b].

    The trellis holds, [b, t, l] each: alpha, scores of all that leads to a label, for the last step alone
    where nothing vanishes; prefix, its exponentials less the step's greatest; inflow, what prefixes and odds
    sum up to one step later, 0 where it vanishes.
    """
    transition, start, end = scores
    labels = len(start)
    end_peak = end.max()
    single = labels % 4  # origins that are added one by one, the others by four, which saves loads and stores
    partition = np.empty(len(lengths))
    for row in range(len(lengths)):
        if not 1 <= lengths[row] <= emissions.shape[1]:
            raise IndexError("a length is not in 1..t")
        alpha, prefix, inflow = trellis[0, row], trellis[1, row], trellis[2, row]  # [t, l] each
        height, vanishes = peaks[row, 0], False  # the logarithm by which prefixes are less than sums
        for to in range(labels):
            prefix[0, to] = factors[row, 0, to]
        for step in range(1, lengths[row]):
            for to in range(labels):
                inflow[step, to] = 0.0
            for origin in range(single):
                for to in range(labels):
                    inflow[step, to] += prefix[step - 1, origin] * odds[origin, to]
            for origin in range(single, labels, 4):
                p, q = prefix[step - 1, origin], prefix[step - 1, origin + 1]
                r, s = prefix[step - 1, origin + 2], prefix[step - 1, origin + 3]
                for to in range(labels):
                    inflow[step, to] += (
                        p * odds[origin, to]
                        + q * odds[origin + 1, to]
                        + r * odds[origin + 2, to]
                        + s * odds[origin + 3, to]
                    )
            top, least = 0.0, math.inf
            for to in range(labels):
                least = min(least, inflow[step, to])
                prefix[step, to] = inflow[step, to] * factors[row, step, to]
                top = max(top, prefix[step, to])
            if not (least >= VANISHING and top >= VANISHING):
                vanishes = True
                break
            share = 1.0 / top
            for to in range(labels):
                prefix[step, to] *= share
            height += math.log(top) + peaks[row, step]
        if not vanishes:
            total = 0.0
            for label in range(labels):
                share = prefix[lengths[row] - 1, label]
                alpha[lengths[row] - 1, label] = height + math.log(share)
                total += share * math.exp(end[label] - end_peak)
            if total >= VANISHING:
                partition[row] = height + end_peak + math.log(total)
                continue
        for to in range(labels):
            alpha[0, to] = start[to] + emissions[row, 0, to]
        for step in range(1, lengths[row]):
            top = -math.inf
            for origin in range(labels):
                top = max(top, alpha[step - 1, origin])
                inflow[step, origin] = 0.0
            for origin in range(labels):
                share = math.exp(alpha[step - 1, origin] - top)
                prefix[step - 1, origin] = share
                for to in range(labels):
                    inflow[step, to] += share * odds[origin, to]
            for to in range(labels):
                total = inflow[step, to]
                if total >= VANISHING:
                    arrived = top + greatest[to] + math.log(total)
                else:
                    inflow[step, to] = 0.0  # tells the backward pass
                    best, total = -math.inf, 0.0
                    for origin in range(labels):
                        best = max(best, alpha[step - 1, origin] + transition[origin, to])
                    for origin in range(labels):
                        total += math.exp(alpha[step - 1, origin] + transition[origin, to] - best)
                    arrived = best + math.log(total)
                alpha[step, to] = arrived + emissions[row, step, to]
        last = alpha[lengths[row] - 1]
        top, total = -math.inf, 0.0
        for label in range(labels):
            top = max(top, last[label] + end[label])
        for label in range(labels):
            total += math.exp(last[label] + end[label] - top)
        partition[row] = top + math.log(total)
    return partition


def _backward(
    emissions: np.ndarray,
    lengths: np.ndarray,
    scores: Scores,
    odds: np.ndarray,
    trellis: np.ndarray,
    partition: np.ndarray,
    gradients: Gradients,
) -> None:
    """Adds to the gradients how often each label and each move is expected."""
    transition, _, end = scores
    d_emissions, d_transition, d_start, d_end = gradients
    labels = len(end)
    incoming = odds.T.copy()  # [to, from]: the inner loops run over what lies side by side
    flows = np.zeros((labels, labels))  # [to, from], less the odds
    posterior, earlier, apart = np.empty(labels), np.empty(labels), np.empty(labels)
    for row in range(len(lengths)):
        alpha, prefix, inflow = trellis[0, row], trellis[1, row], trellis[2, row]
        for label in range(labels):
            posterior[label] = math.exp(alpha[lengths[row] - 1, label] + end[label] - partition[row])
            d_end[label] += posterior[label]
        for step in range(lengths[row] - 1, 0, -1):
            for origin in range(labels):
                d_emissions[row, step, origin] = posterior[origin]
                earlier[origin] = apart[origin] = 0.0
            for to in range(labels):
                if inflow[step, to] > 0:
                    part = posterior[to] / inflow[step, to]
                    for origin in range(labels):
                        earlier[origin] += incoming[to, origin] * part
                        flows[to, origin] += prefix[step - 1, origin] * part
                else:
                    arrived = alpha[step, to] - emissions[row, step, to]
                    for origin in range(labels):
                        share = math.exp(alpha[step - 1, origin] + transition[origin, to] - arrived)
                        apart[origin] += share * posterior[to]
                        d_transition[origin, to] += share * posterior[to]
            for origin in range(labels):
                posterior[origin] = prefix[step - 1, origin] * earlier[origin] + apart[origin]
        for label in range(labels):
            d_emissions[row, 0, label] = posterior[label]
            d_start[label] += posterior[label]
    for to in range(labels):
        for origin in range(labels):
            d_transition[origin, to] += odds[origin, to] * flows[to, origin]


def _gold(
    emissions: np.ndarray, tags: np.ndarray, lengths: np.ndarray, scores: Scores, gradients: Gradients
) -> float:
    """Takes how often each label and each move is right off the gradients; -> the score of what is right."""
    transition, start, end = scores
    d_emissions, d_transition, d_start, d_end = gradients
    score = 0.0
    for row in range(len(lengths)):
        previous = -1
        for step in range(lengths[row]):
            tag = tags[row, step]
            if not 0 <= tag < len(start):
                raise IndexError("a tag is not in 0..l - 1")
            score += emissions[row, step, tag]
            d_emissions[row, step, tag] -= 1.0
            if step == 0:
                score += start[tag]
                d_start[tag] -= 1.0
            else:
                score += transition[previous, tag]
                d_transition[previous, tag] -= 1.0
            previous = tag
        score += end[previous]
        d_end[previous] -= 1.0
    return score
