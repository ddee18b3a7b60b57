"""Where words begin and end in a language that writes none, as a segmenter sees it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import numpy as np

from nlp_rnn.schema import UsageError
from nlp_rnn.text.tokenizer import whole

IDS = 5  # padding's, and one for each answer to: does a word begin here, does one end here?


class Segmenter:
    """Cuts a sentence's characters into words with jieba's dictionary, in its compiled form, rjieba."""

    def __init__(self) -> None:
        """
        Raises:
            UsageError: the library is not installed.
        """
        try:
            import rjieba
        except ImportError:
            raise UsageError(
                "the segmenter `jieba` needs a library that is not installed; run `pip install nlp-rnn[zh]`."
            ) from None
        self._cut = rjieba.cut

    def boundaries(self, sentences: Iterable[Sequence[str]]) -> np.ndarray:
        """Whether a word begins where each token does, and whether one ends with it.

        Args:
            sentences: their tokens; words are sought in what they spell without anything between them.

        Returns:
            ids in [1, IDS), [n]: 1, and 1 more where a word begins, and 2 more where one ends.
        """
        ids: list[int] = []
        for tokens in sentences:
            words = self._cut(whole("".join(tokens)))
            edges = {0, *accumulate(map(len, words))}
            ends = accumulate(map(len, tokens), initial=0)
            ids += [1 + (start in edges) + 2 * (end in edges) for start, end in pairwise(ends)]
        return np.array(ids, np.int32)
