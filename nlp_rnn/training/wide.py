"""Fits the wide part of a classifier: weighted n-grams into logistic regression, a convex problem.

Wang and Manning, Baselines and Bigrams, ACL 2012, is why it is worth having, and where the second of its
two weightings comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from nlp_rnn.models.wide import Wide
from nlp_rnn.text.encoding import Encoded

PENALTIES = (1.0, 3.0, 10.0, 30.0)  # C; a tie on dev goes to the smallest, which smooths most


def fit_wide(wide: Wide, train: Encoded, dev: Encoded) -> None:
    """Sets all weights: of a fit for each weighting and penalty, that under which dev's labels are likeliest.

    Likelihood tells fits apart that get the same few hundred texts right.

    Args:
        wide: the part, anywhere.
        train, dev: texts with labels and n-grams.
    """
    size = len(wide.weight)
    counts, held_out = _matrix(train, size), _matrix(dev, size)
    best = -np.inf
    for weigh in WEIGHTINGS.values():
        rarity = weigh(counts, np.asarray(train.labels))  # [1 + n]
        inputs, unseen = _weighed(counts, rarity), _weighed(held_out, rarity)
        for penalty in PENALTIES:
            weight, bias = _fitted(inputs, np.asarray(train.labels), penalty)
            likelihood = _log_likelihood(unseen @ weight + bias, np.asarray(dev.labels))
            if likelihood > best:
                best, found = likelihood, {"weight": weight, "rarity": rarity, "bias": bias}
    for name, values in found.items():
        getattr(wide, name).copy_(torch.from_numpy(values))


def inverse_document_frequency(counts: Any, labels: np.ndarray) -> np.ndarray:
    """How rare each n-gram is, [1 + n], smoothed as scikit-learn's TfidfTransformer has it.

    Args:
        counts: a sparse matrix of ones, [b, 1 + n].
        labels: of each text, which play no part.
    """
    texts = _texts(counts)
    return np.where(texts > 0, 1 + np.log((1 + len(labels)) / (1 + texts)), 0.0)


def naive_bayes(counts: Any, labels: np.ndarray) -> np.ndarray:
    """How far each n-gram tells the label by itself, [1 + n]: the greatest log ratio of its shares of the
    n-grams of one label and of all others, smoothed by one. Which label it tells is for the weights to find.

    Args:
        counts: a sparse matrix of ones, [b, 1 + n].
        labels: of each text, [b].
    """
    ratios = np.zeros(counts.shape[1])
    for label in np.unique(labels):
        inside, outside = (1 + _texts(counts[labels == label]), 1 + _texts(counts[labels != label]))
        ratio = np.log(inside / inside.sum()) - np.log(outside / outside.sum())
        ratios = np.maximum(ratios, np.abs(ratio))
    return np.where(_texts(counts) > 0, ratios, 0.0)


WEIGHTINGS: Mapping[str, Callable[[Any, np.ndarray], np.ndarray]] = {
    "idf": inverse_document_frequency,
    "bayes": naive_bayes,
}


def _fitted(inputs: Any, labels: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """-> weight [1 + n, l] and bias [l]."""
    from sklearn.linear_model import LogisticRegression

    machine = LogisticRegression(C=penalty, max_iter=1000).fit(inputs, labels)
    weight, bias = machine.coef_.T, machine.intercept_
    if len(machine.classes_) == 2:  # one column is enough for scikit-learn: the second label's lead
        weight, bias = weight * [[-0.5, 0.5]], bias * [-0.5, 0.5]
    return weight, bias


def _log_likelihood(logits: np.ndarray, labels: np.ndarray) -> float:
    """The mean over texts, of logits [b, l]."""
    logits = logits - logits.max(axis=1, keepdims=True)
    right = logits[np.arange(len(labels)), labels]
    return float((right - np.log(np.exp(logits).sum(axis=1))).mean())


def _texts(counts: Any) -> np.ndarray:
    """How many texts have each n-gram, [1 + n]."""
    return np.asarray(counts.sum(axis=0)).ravel()


def _matrix(encoded: Encoded, size: int) -> Any:
    """Which n-grams each text has: a sparse matrix of ones, [b, size]."""
    from scipy.sparse import csr_matrix

    assert encoded.ngrams is not None
    kept = np.asarray(encoded.ngrams) != 0
    ends = np.concatenate(([0], np.cumsum(kept)))[encoded.ngram_starts]
    return csr_matrix((np.ones(ends[-1]), encoded.ngrams[kept], ends), shape=(len(encoded), size))


def _weighed(matrix: Any, rarity: np.ndarray) -> Any:
    from sklearn.preprocessing import normalize

    return normalize(matrix.multiply(rarity).tocsr())
