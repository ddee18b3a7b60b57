"""Word vectors from text: positive pointwise mutual information, reduced by a singular value decomposition.

Levy and Goldberg, NIPS 2014, on what such vectors have in common with those of word2vec; Levy, Goldberg and
Dagan, TACL 2015, on the settings: a smoothed distribution of contexts, and the root of the singular values.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from nlp_rnn.text.encoding import Encoded

WINDOW = 5  # tokens to either side; one at distance d counts 1 / d
SMOOTHING = 0.75  # a power of the contexts' counts, so that rare contexts weigh less
ITERATIONS = 3  # of the randomized decomposition (Halko, Martinsson and Tropp, SIAM Review 2011)
CHUNK = 4_000_000  # tokens that are counted together, so that memory does not grow with the text


def vectors(corpora: Iterable[Encoded], *, words: int, size: int) -> np.ndarray:
    """A vector of length 1 for each word; the same text gives the same bits.

    Args:
        corpora: texts, whose tokens stand in each other's contexts within a text.
        words: how many ids there are.
        size: e, numbers of a vector.

    Returns:
        [words, e], float32; zeros for padding and for a word that has no context.
    """
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    information = _positive_information(_counts(corpora, words))
    found = np.zeros((words, size), np.float32)
    if not information.nnz:
        return found
    with threadpool_limits(1):  # another number of threads adds in another order
        left, values, _ = randomized_svd(information, min(size, words - 1), n_iter=ITERATIONS, random_state=0)
    found[:, : len(values)] = left * np.sqrt(values)
    norms = np.linalg.norm(found, axis=1, keepdims=True)
    return np.divide(found, norms, out=np.zeros_like(found), where=norms > 1e-6)


def _counts(corpora: Iterable[Encoded], words: int) -> Any:
    """How often words stand near each other, symmetric, [words, words]; the nearer, the more it counts."""
    from scipy.sparse import coo_matrix, csr_matrix

    total = csr_matrix((words, words), dtype=np.float32)
    for encoded in corpora:
        ids = np.asarray(encoded.words)[encoded.forms]
        texts = np.repeat(np.arange(len(encoded)), encoded.lengths)
        for start in range(0, len(ids), CHUNK):
            for distance in range(1, WINDOW + 1):
                end = max(start, min(start + CHUNK, len(ids) - distance))
                near, far = slice(start, end), slice(start + distance, end + distance)
                same = texts[near] == texts[far]
                pairs = (ids[near][same], ids[far][same])
                weights = np.full(len(pairs[0]), 1 / distance, np.float32)
                total += coo_matrix((weights, pairs), (words, words)).tocsr()
    return total + total.T


def _positive_information(counts: Any) -> Any:
    """``max(0, log(P(word, context) / (P(word) P(context))))``, where it is more than 0."""
    from scipy.sparse import coo_matrix

    each = np.asarray(counts.sum(axis=1), np.float64).ravel()
    smoothed = each**SMOOTHING
    pairs = counts.tocoo()
    expected = each[pairs.row] * smoothed[pairs.col] / smoothed.sum()
    information = np.log(pairs.data / expected)
    kept = information > 0
    values = information[kept].astype(np.float32)
    return coo_matrix((values, (pairs.row[kept], pairs.col[kept])), counts.shape).tocsr()
