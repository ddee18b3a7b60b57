"""By what a model's scores are divided so that it is as sure as it is right (Guo et al., ICML 2017)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize_scalar

from nlp_rnn.inference import marginals
from nlp_rnn.inference.marginals import Bounds
from nlp_rnn.inference.viterbi import Transitions

LEAST, MOST = 0.25, 8.0
SURE = 1e-6  # no answer is held to be surer, or less sure, so that one mistake does not decide it all


def of_labels(logits: np.ndarray, right: np.ndarray) -> float:
    """The temperature under which the right labels are likeliest.

    Args:
        logits: [b, l].
        right: [b], ids of labels.

    Returns:
        between LEAST and MOST.
    """

    def surprise(temperature: float) -> float:
        scaled = logits.astype(np.float64) / temperature
        scaled -= scaled.max(axis=1, keepdims=True)
        logs = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return -float(np.maximum(logs[np.arange(len(right)), right], math.log(SURE)).mean())

    return _best(surprise) if len(right) else 1.0


def of_entities(
    emissions: Sequence[np.ndarray],
    paths: Sequence[np.ndarray],
    entities: Sequence[Sequence[Bounds]],
    right: Sequence[Sequence[bool]],
    scores: Transitions,
) -> float:
    """The temperature under which entities' probabilities foretell best which of them are right.

    Args:
        emissions, paths, entities, scores: as :func:`nlp_rnn.inference.marginals.shares` has them.
        right: of each entity, whether annotators had it, too.

    Returns:
        between LEAST and MOST; 1 if no entity was found.
    """
    outcomes = np.array([one for sentence in right for one in sentence], bool)

    def surprise(temperature: float) -> float:
        found = marginals.shares(emissions, paths, entities, scores, temperature=temperature)
        sure = np.clip([share for sentence in found for share in sentence], SURE, 1 - SURE)
        return -float(np.log(np.where(outcomes, sure, 1 - sure)).mean())

    return _best(surprise) if len(outcomes) else 1.0


def _best(surprise: Callable[[float], float]) -> float:
    """To two decimals: few thousand answers tell no more, and every machine finds the same."""
    found = minimize_scalar(
        lambda power: surprise(math.exp(power)),
        bounds=(math.log(LEAST), math.log(MOST)),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return round(math.exp(found.x), 2)
