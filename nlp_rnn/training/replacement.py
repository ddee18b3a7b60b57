"""Training sentences with other entities in them: a tagger that sees each name in many places learns places.

Mention replacement (Dai and Adel, COLING 2020): an entity gives way to another of its type, as it is written
somewhere else in the training set, so that no resource but the training set is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from nlp_rnn.text.encoding import Encoded, hashed_pairs
from nlp_rnn.text.labels import split
from nlp_rnn.text.segmentation import Segmenter


class EntityReplacement:
    """Draws variants of the training sentences; each is a pure function of seed and epoch."""

    def __init__(
        self,
        train: Encoded,
        *,
        labels: Sequence[str],
        texts: Sequence[str],
        bigrams: int,
        segmenter: str = "none",
        probability: float,
        seed: int,
    ) -> None:
        """
        Args:
            train: the training sentences, with tags.
            labels: the BIOES labels that the tags number.
            texts: what each form of ``train`` reads, [f].
            bigrams: the buckets that ``train`` hashes pairs of neighbours into, 0 for none.
            segmenter: what found the words of ``train``, ``none`` if nothing did.
            probability: of each entity's being replaced, in [0, 1].
            seed: with the epoch's number it decides a variant.
        """
        assert train.tags is not None
        self._train, self._texts, self._bigrams = train, texts, bigrams
        self._segmenter = None if segmenter == "none" else Segmenter()
        self._probability, self._seed = probability, seed
        prefixes, types = zip(*map(split, labels))
        prefix = np.array(prefixes)[train.tags]  # [n]
        # What begins ends before the next begins, so the m-th beginning and the m-th end are one entity's.
        self._starts = np.flatnonzero(np.isin(prefix, ("B", "S")))  # [m]
        self._ends = np.flatnonzero(np.isin(prefix, ("E", "S"))) + 1
        kinds = np.array(types)[train.tags[self._starts]]
        self._same_type = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]

    def variant(self, epoch: int) -> Encoded:
        """The training sentences as one epoch sees them, in their order.

        The table of forms stays as it is. N-grams, which no tagger sees, are left out.
        """
        donors = self._donors(np.random.default_rng([self._seed, epoch, 1]))  # [m]
        source = self._source(donors)
        growth = (self._ends - self._starts)[donors] - (self._ends - self._starts)
        before = np.searchsorted(self._ends, self._train.starts, side="right")  # entities, for each sentence
        starts = self._train.starts + np.concatenate(([0], np.cumsum(growth)))[before]
        forms = np.asarray(self._train.forms)[source]
        return replace(
            self._train,
            starts=starts,
            forms=forms,
            tags=np.asarray(self._train.tags)[source],
            boundaries=self._boundaries(forms, starts),
            bigrams=hashed_pairs(self._texts, forms, starts, self._bigrams) if self._bigrams else None,
            ngrams=None,
        )

    def _boundaries(self, forms: np.ndarray, starts: np.ndarray) -> np.ndarray | None:
        """Where words begin and end now, as other entities make other words."""
        if self._segmenter is None:
            return None
        tokens = [self._texts[form] for form in forms.tolist()]
        return self._segmenter.boundaries(tokens[start:end] for start, end in pairwise(starts.tolist()))

    def _donors(self, rng: np.random.Generator) -> np.ndarray:
        """Which entity stands in each one's place, [m]; the only one of its type keeps it."""
        donors = np.arange(len(self._starts))
        chosen = rng.random(len(donors)) < self._probability
        for members in self._same_type:
            count = len(members)
            if count > 1:
                others = (np.arange(count) + rng.integers(1, count, count)) % count
                donors[members] = np.where(chosen[members], members[others], members)
        return donors

    def _source(self, donors: np.ndarray) -> np.ndarray:
        """Where each token of the variant stands in the training set, [n']: its tag and its form follow."""
        starts = np.zeros(2 * len(donors) + 1, np.int64)  # of what is between entities, and of them, in turn
        ends = starts.copy()
        starts[2::2], ends[0::2] = self._ends, np.append(self._starts, len(self._train.forms))
        starts[1::2], ends[1::2] = self._starts[donors], self._ends[donors]
        sizes = ends - starts
        written = np.cumsum(sizes) - sizes
        return np.arange(sizes.sum()) + np.repeat(starts - written, sizes)
