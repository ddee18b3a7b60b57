"""The compiled loops of a linear-chain CRF's forward-backward algorithm.

They run on one thread, in the order that is written: the same input gives the same bits. This module is
imported where it is needed, because numba takes half a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numba import njit

Scores: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]  # transition [from, to], start [l], end [l]
Gradients: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # emissions' first, then Scores'
Function = TypeVar("Function", bound=Callable[..., Any])
VANISHING = 1e-280  # a smaller sum may have lost terms to underflow, which begins at 1e-308


def compiled(function: Function) -> Function:
    """Machine code, made at the first call and kept beside this file or in the user's cache folder."""
    try:
        made: Function = njit(cache=True, error_model="numpy")(function)
    except RuntimeError:  # neither can be written
        made = njit(error_model="numpy")(function)
    return made


@njit(inline="always")  # a call would cost as much as a short product
def _add_product(vector: np.ndarray, matrix: np.ndarray, result: np.ndarray) -> None:
    """Adds vector @ matrix to the result: four rows at a time, which saves loads and stores."""
    size = len(vector)
    for row in range(size % 4):
        for column in range(len(result)):
            result[column] += vector[row] * matrix[row, column]
    for row in range(size % 4, size, 4):
        p, q, r, s = vector[row], vector[row + 1], vector[row + 2], vector[row + 3]
        for column in range(len(result)):
            result[column] += (
                p * matrix[row, column]
                + q * matrix[row + 1, column]
                + r * matrix[row + 2, column]
                + s * matrix[row + 3, column]
            )


@compiled
def shift(
    emissions: np.ndarray, lengths: np.ndarray, scores: Scores
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Subtracts maxima, so that no exponential is above 1.

    Returns:
        greatest, [to], the highest score of a move to each label; odds, [from, to], the exponentials of all
        scores less it; shifted, [b, t, l], emissions and ``greatest`` (at the first step, the start scores)
        less ``peaks``, 0 past a length; and peaks, [b, t], the maxima so taken off.

    Raises:
        IndexError: a length that is not in 1..t.
    """
    transition, start, _ = scores
    labels = len(start)
    greatest, odds = np.full(labels, -math.inf), np.empty((labels, labels))
    for origin in range(labels):
        for to in range(labels):
            greatest[to] = max(greatest[to], transition[origin, to])
    for origin in range(labels):
        for to in range(labels):
            odds[origin, to] = math.exp(transition[origin, to] - greatest[to])
    shifted, peaks = np.zeros(emissions.shape), np.empty(emissions.shape[:2])
    for row in range(len(lengths)):
        if not 1 <= lengths[row] <= emissions.shape[1]:
            raise IndexError("a length is not in 1..t")
        for step in range(lengths[row]):
            before = greatest if step else start
            top = -math.inf
            for to in range(labels):
                shifted[row, step, to] = emissions[row, step, to] + before[to]
                top = max(top, shifted[row, step, to])
            for to in range(labels):
                shifted[row, step, to] -= top
            peaks[row, step] = top
    return greatest, odds, shifted, peaks


@compiled
def forward(
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
    partition = np.empty(len(lengths))
    for row in range(len(lengths)):
        length = lengths[row]
        alpha, prefix, inflow = trellis[0, row, :length], trellis[1, row, :length], trellis[2, row, :length]
        partition[row] = _over_exponentials(
            scores, odds, factors[row, :length], peaks[row], alpha, prefix, inflow
        )
        if math.isnan(partition[row]):
            partition[row] = _over_scores(
                emissions[row, :length], scores, odds, greatest, alpha, prefix, inflow
            )
    return partition


@compiled
def _over_exponentials(
    scores: Scores,
    odds: np.ndarray,
    factors: np.ndarray,
    peaks: np.ndarray,
    alpha: np.ndarray,
    prefix: np.ndarray,
    inflow: np.ndarray,
) -> float:
    """Goes through one sequence; -> its sum's logarithm, NaN where something vanishes."""
    end = scores[2]
    length, labels = factors.shape
    height = peaks[0]  # the logarithm by which prefixes are less than sums
    for to in range(labels):
        prefix[0, to] = factors[0, to]
    for step in range(1, length):
        for to in range(labels):
            inflow[step, to] = 0.0
        _add_product(prefix[step - 1], odds, inflow[step])
        top, least = 0.0, math.inf
        for to in range(labels):
            least = min(least, inflow[step, to])
            prefix[step, to] = inflow[step, to] * factors[step, to]
            top = max(top, prefix[step, to])
        if not (least >= VANISHING and top >= VANISHING):
            return math.nan
        share = 1.0 / top
        for to in range(labels):
            prefix[step, to] *= share
        height += math.log(top) + peaks[step]
    end_peak, total = end.max(), 0.0
    for label in range(labels):
        share = prefix[length - 1, label]
        alpha[length - 1, label] = height + math.log(share)
        total += share * math.exp(end[label] - end_peak)
    return height + end_peak + math.log(total) if total >= VANISHING else math.nan


@compiled
def _over_scores(
    emissions: np.ndarray,
    scores: Scores,
    odds: np.ndarray,
    greatest: np.ndarray,
    alpha: np.ndarray,
    prefix: np.ndarray,
    inflow: np.ndarray,
) -> float:
    """Goes through one sequence with a logarithm at every label; -> its sum's logarithm."""
    transition, start, end = scores
    length, labels = emissions.shape
    for to in range(labels):
        alpha[0, to] = start[to] + emissions[0, to]
    for step in range(1, length):
        top = -math.inf
        for origin in range(labels):
            top = max(top, alpha[step - 1, origin])
            inflow[step, origin] = 0.0
        for origin in range(labels):
            prefix[step - 1, origin] = math.exp(alpha[step - 1, origin] - top)
        _add_product(prefix[step - 1], odds, inflow[step])
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
            alpha[step, to] = arrived + emissions[step, to]
    last = alpha[length - 1]
    top, total = -math.inf, 0.0
    for label in range(labels):
        top = max(top, last[label] + end[label])
    for label in range(labels):
        total += math.exp(last[label] + end[label] - top)
    return top + math.log(total)


@compiled
def backward(
    emissions: np.ndarray,
    lengths: np.ndarray,
    scores: Scores,
    odds: np.ndarray,
    trellis: np.ndarray,
    partition: np.ndarray,
    gradients: Gradients,
) -> None:
    """Adds to the gradients how often each label and each move is expected.

    Each inflow is overwritten with posterior / inflow: that quotient times a prefix and the odds is how often
    the move is expected.
    """
    transition, _, end = scores
    d_emissions, d_transition, d_start, d_end = gradients
    labels = len(end)
    incoming = odds.T.copy()  # [to, from]: the inner loops run over what lies side by side
    flows = np.zeros((labels, labels))  # [to, from], less the odds
    posterior, earlier, apart = np.empty(labels), np.empty(labels), np.empty(labels)
    for row in range(len(lengths)):
        last = lengths[row] - 1
        alpha, prefix, inflow = trellis[0, row], trellis[1, row], trellis[2, row]
        for label in range(labels):
            posterior[label] = math.exp(alpha[last, label] + end[label] - partition[row])
            d_end[label] += posterior[label]
        for step in range(last, 0, -1):
            part = inflow[step]
            for origin in range(labels):
                d_emissions[row, step, origin] = posterior[origin]
                earlier[origin] = apart[origin] = 0.0
            for to in range(labels):
                if part[to] > 0:
                    part[to] = posterior[to] / part[to]
                else:
                    arrived = alpha[step, to] - emissions[row, step, to]
                    for origin in range(labels):
                        share = math.exp(alpha[step - 1, origin] + transition[origin, to] - arrived)
                        apart[origin] += share * posterior[to]
                        d_transition[origin, to] += share * posterior[to]
            _add_product(part, incoming, earlier)
            for origin in range(labels):
                posterior[origin] = prefix[step - 1, origin] * earlier[origin] + apart[origin]
        for label in range(labels):
            d_emissions[row, 0, label] = posterior[label]
            d_start[label] += posterior[label]
        for to in range(labels):
            _add_product(inflow[1 : last + 1, to], prefix[:last], flows[to])
    for to in range(labels):
        for origin in range(labels):
            d_transition[origin, to] += odds[origin, to] * flows[to, origin]


@compiled
def gold(
    emissions: np.ndarray, tags: np.ndarray, lengths: np.ndarray, scores: Scores, gradients: Gradients
) -> float:
    """Takes how often each label and each move is right off the gradients; -> the score of what is right.

    Raises:
        IndexError: a tag that is not in 0..l - 1.
    """
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
