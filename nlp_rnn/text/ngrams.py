"""Runs of tokens by the hash of their text: a model keeps a sorted array of them, not a dictionary."""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

NONE = np.zeros(0, np.uint32)


def keys(tokens: Sequence[str], longest: int) -> list[int]:
    """The 32-bit keys of a text's n-grams, by a hash that is the same everywhere.

    Args:
        tokens: n of them, at least one.
        longest: tokens of the longest n-grams.

    Returns:
        longest * n keys: 0 stands for each repetition, and for each run that would leave the text.
    """
    lower = [token.lower().encode("utf-8", "surrogatepass") for token in tokens]
    hashes = [zlib.crc32(token) for token in lower]
    found = list(hashes)
    following = [b"\x1f" + token for token in lower]
    for length in range(2, longest + 1):
        # A run's hash goes on from that of the run without its last token.
        hashes = [zlib.crc32(token, start) for token, start in zip(following[length - 1 :], hashes)]
        found += hashes + [0] * (len(tokens) - len(hashes))
    seen: set[int] = set()
    for place, key in enumerate(found):
        if key in seen:
            found[place] = 0
        seen.add(key)
    return found


def learn(texts: Iterable[Sequence[str]], *, longest: int, most: int) -> np.ndarray:
    """The keys of the n-grams that the most texts have, sorted, at most so many."""
    counts: Counter[int] = Counter()
    for tokens in texts:
        counts.update(keys(tokens or ("",), longest))
    del counts[0]
    common = sorted((-count, key) for key, count in counts.items())
    return np.array(sorted(key for _, key in common[:most]), np.uint32)


def lookup(found: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The id of each key: its place among the known ones, from 1, and 0 for any other."""
    places = np.minimum(np.searchsorted(known, found), len(known) - 1)
    return np.where(known[places] == found, places + 1, 0).astype(np.int32)


def pack(known: np.ndarray) -> str:
    """Sorted keys as text, for JSON."""
    return base64.b64encode(known.astype("<u4").tobytes()).decode("ascii")


def unpack(text: str) -> np.ndarray:
    """What :func:`pack` was given."""
    return np.frombuffer(base64.b64decode(text), "<u4")
