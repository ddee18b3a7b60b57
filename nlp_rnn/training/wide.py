"""Fits the wide part of a classifier: TF-IDF of n-grams into logistic regression, a convex problem.

Wang and Manning, Baselines and Bigrams, ACL 2012, is why it is worth having.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from nlp_rnn.models.wide import Wide
from nlp_rnn.text.encoding import Encoded

PENALTIES = (3.0, 10.0, 30.0)  # C; a tie on dev goes to the smallest, which smooths most


def fit_wide(wide: Wide, train: Encoded, dev: Encoded) -> None:
    """Sets all weights; of one fit for each penalty, those with the best accuracy on dev.

    Args:
        wide: the part, anywhere.
        train, dev: texts with labels and n-grams.
    """
    from sklearn.linear_model import LogisticRegression

    size, labels = wide.weight.shape
    counts = _matrix(train, size)
    texts = np.asarray(counts.sum(axis=0)).ravel()
    # As scikit-learn's TfidfTransformer has it, smoothed; what no text has counts nothing.
    rarity = np.where(texts > 0, 1 + np.log((1 + len(train)) / (1 + texts)), 0.0)
    inputs, held_out = _weighed(counts, rarity), _weighed(_matrix(dev, size), rarity)
    machines = [LogisticRegression(C=penalty, max_iter=1000) for penalty in PENALTIES]
    best = max(
        (machine.fit(inputs, np.asarray(train.labels)) for machine in machines),
        key=lambda machine: float(machine.score(held_out, np.asarray(dev.labels))),
    )
    weight, bias = best.coef_.T, best.intercept_
    if labels == 2:  # one column is enough for scikit-learn: the second label's lead over the first
        weight, bias = weight * [[-0.5, 0.5]], bias * [-0.5, 0.5]
    for name, values in (("weight", weight), ("rarity", rarity), ("bias", bias)):
        getattr(wide, name).copy_(torch.from_numpy(values))


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
