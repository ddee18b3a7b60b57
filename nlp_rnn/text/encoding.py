"""Tokens -> arrays of ids, the same way in training and in production.

A *form* is a distinct token as it is written. Whatever depends on the form alone (its word id, its
characters, its shape) is looked up once for each form; a token is then just the number of its form.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import chain, count, pairwise
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from nlp_rnn.text import subwords as hashed
from nlp_rnn.text.ngrams import NONE, keys, lookup
from nlp_rnn.text.segmentation import Segmenter
from nlp_rnn.text.tokenizer import UNKNOWN, whole

MAX_CHARACTERS = 20  # of a form; longer ones (addresses, mostly) are cut
SHAPES = 10
_CACHED_FORMS = 100_000


@dataclass(frozen=True)
class Encoded:
    """Many sentences as flat arrays, which may be memory-mapped.

    starts [b + 1]: where each sentence begins in ``forms``, and the end. forms [n]: each token's form.
    words, shapes [f]; characters [f, c + 2], with a column of padding on either side; form 0 is padding.
    subwords [f, s], hashed n-grams of a form's characters with padding behind them; may be None.
    boundaries [n], whether a segmenter's words begin and end with a token; may be None.
    bigrams [n + b], each sentence's edges included, and ngrams [kn], 1- to k-grams; either may be None. An
    n-gram that is not known, or that the sentence has already had, is 0.
    tags [n] or labels [b], where they are known.
    """

    starts: np.ndarray
    forms: np.ndarray
    words: np.ndarray
    shapes: np.ndarray
    characters: np.ndarray
    subwords: np.ndarray | None = None
    boundaries: np.ndarray | None = None
    bigrams: np.ndarray | None = None
    ngrams: np.ndarray | None = None
    tags: np.ndarray | None = None
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each sentence, [b]."""
        return np.diff(self.starts)

    @property
    def longest_ngram(self) -> int:
        """How many n-grams each token has in ``ngrams``, k; 0 where there are none."""
        return 0 if self.ngrams is None else len(self.ngrams) // max(1, int(self.starts[-1]))

    @property
    def ngram_starts(self) -> np.ndarray:
        """Where each sentence begins in ``ngrams``, and the end, [b + 1]."""
        return self.starts * self.longest_ngram

    def save(self, folder: Path) -> None:
        """Writes each array as ``NAME.npy``."""
        folder.mkdir(parents=True, exist_ok=True)
        for field in fields(self):
            array = getattr(self, field.name)
            if array is not None:
                np.save(folder / f"{field.name}.npy", array)

    @classmethod
    def load(cls, folder: Path) -> Encoded:
        """Maps what :meth:`save` wrote into memory."""
        return cls(**{p.stem: np.load(p, mmap_mode="r") for p in sorted(folder.glob("*.npy"))})


def form_texts(sentences: Iterable[Sequence[str]]) -> list[str]:
    """What each form reads, [f], in the order in which :meth:`Encoder.encode` numbers them."""
    return ["", *dict.fromkeys(token for tokens in sentences for token in tokens or ("",))]


class Encoder:
    """Turns tokens into ids with a vocabulary of words and one of characters."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        characters: str,
        *,
        bigrams: int = 0,
        subwords: int = 0,
        segmenter: str = "none",
        ngrams: np.ndarray = NONE,
        longest: int = 2,
    ) -> None:
        """
        Args:
            tokenizer: what :func:`nlp_rnn.text.tokenizer.build` made.
            characters: every known character; ids begin at 2, after padding and the unknown one.
            bigrams: the number of hash buckets for pairs, 0 for none.
            subwords: the number of hash buckets for n-grams of characters, 0 for none.
            segmenter: ``jieba`` or ``none``.
            ngrams: the known ones, as :func:`nlp_rnn.text.ngrams.learn` gives them; an empty array for none.
            longest: tokens of the longest n-grams.
        """
        self._words = tokenizer.get_vocab()
        self._normalize = tokenizer.normalizer.normalize_str
        self._characters = {character: i for i, character in enumerate(characters, 2)}
        self._bigrams, self._ngrams, self._longest = bigrams, ngrams, longest
        self._subwords = subwords
        self._segmenter = None if segmenter == "none" else Segmenter()
        self._known: dict[str, tuple[int, int, list[int]]] = {}

    def encode(self, sentences: Iterable[Sequence[str]]) -> Encoded:
        """Encodes sentences; one without any token counts as one unknown token, so that it gets an answer."""
        # Of each form, in order of appearance.
        numbers: defaultdict[str, int] = defaultdict(count(1).__next__)
        forms: list[int] = []
        starts = [0]
        grams: list[int] = []
        sentences = [tokens or ("",) for tokens in sentences]
        for tokens in sentences:
            forms += [numbers[token] for token in tokens]
            starts.append(len(forms))
            if len(self._ngrams):
                grams += keys(tokens, self._longest)
        texts = ["", *numbers]
        words, shapes, characters = zip((0, 0, []), *map(self._form, numbers))
        flat, bounds = np.array(forms, np.int32), np.array(starts, np.int64)
        return Encoded(
            starts=bounds,
            forms=flat,
            words=np.array(words, np.int32),
            shapes=np.array(shapes, np.int32),
            characters=_table(characters),
            subwords=hashed.table(texts, self._subwords) if self._subwords else None,
            boundaries=self._segmenter.boundaries(sentences) if self._segmenter else None,
            bigrams=hashed_pairs(texts, flat, bounds, self._bigrams) if self._bigrams else None,
            ngrams=lookup(np.array(grams, np.uint32), self._ngrams) if len(self._ngrams) else None,
        )

    def is_known(self, form: str) -> bool:
        """Whether the form has a word id of its own."""
        return self._form(form)[0] != UNKNOWN

    def _form(self, form: str) -> tuple[int, int, list[int]]:
        found = self._known.get(form)
        if found is None:
            word = self._words.get(self._normalize(whole(form)), UNKNOWN) if form else UNKNOWN
            ids = [self._characters.get(character, 1) for character in form[:MAX_CHARACTERS]]
            if len(self._known) >= _CACHED_FORMS:  # a service must not grow with what it is asked
                self._known.clear()
            found = self._known[form] = (word, shape_of(form), ids)
        return found


def hashed_pairs(texts: Sequence[str], forms: np.ndarray, starts: np.ndarray, buckets: int) -> np.ndarray:
    """Hashes each pair of neighbours, edges included, in the same way everywhere.

    Args:
        texts: what each form reads, [f]; form 0, which reads nothing, stands at the edges.
        forms, starts: as :class:`Encoded` has them.
        buckets: the number of ids, of which 0 is padding's.

    Returns:
        ids in [1, buckets), [n + b].
    """
    lower = [text.lower().encode("utf-8", "surrogatepass") for text in texts]
    # A pair's hash goes on from that of its left half.
    left = [zlib.crc32(text + b"\x1f") for text in lower]
    numbers, edged = forms.tolist(), [0]
    for start, end in pairwise(starts.tolist()):
        edged += [*numbers[start:end], 0]
    hashes = [zlib.crc32(lower[b], left[a]) for a, b in pairwise(edged)]
    return (1 + np.array(hashes, np.int64) % (buckets - 1)).astype(np.int32)


def _table(rows: Sequence[Sequence[int]]) -> np.ndarray:
    """Rows of ids, padded to the longest with zeros, and with a column of zeros on either side."""
    lengths = np.array([len(row) for row in rows])
    table = np.zeros((len(rows), max(1, int(lengths.max())) + 2), np.int32)
    table[:, 1:-1][np.arange(table.shape[1] - 2) < lengths[:, None]] = [*chain.from_iterable(rows)]
    return table


def shape_of(form: str) -> int:
    """What a form looks like, in [1, SHAPES]: digits, cases, signs."""
    if len(form) > 1 and form[0] in "@#":
        return 1
    if form.isdigit():
        return 2
    if form.islower():
        return 3
    if form.isupper():
        return 4 if len(form) > 1 else 5
    if form.istitle():
        return 6
    if form[:1].isupper():
        return 7
    if any(map(str.isdigit, form)):
        return 8
    return SHAPES if any(map(str.isalnum, form)) else 9
