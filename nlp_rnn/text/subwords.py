"""Hashed n-grams of a form's characters, as fastText has them: what unseen words share with known ones.

Bojanowski, Grave, Joulin and Mikolov, Enriching Word Vectors with Subword Information, TACL 2017.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

LENGTHS = range(2, 6)  # characters of an n-gram; `<` and `>`, which stand around a form, count as such
LONGEST = 20  # characters of a form that are looked at


@lru_cache(maxsize=100_000)  # a service must not grow with what it is asked
def ids(form: str, buckets: int) -> tuple[int, ...]:
    """One id in [1, buckets) for each n-gram of a form in lower case; none for the empty form."""
    if not form:
        return ()
    edged = f"<{form[:LONGEST].lower()}>"
    return tuple(
        1 + zlib.crc32(edged[start : start + length].encode("utf-8", "surrogatepass")) % (buckets - 1)
        for length in LENGTHS
        for start in range(len(edged) - length + 1)
    )


def table(forms: Sequence[str], buckets: int) -> np.ndarray:
    """The ids of each form's n-grams, one row each, with zeros behind them, [f, s]."""
    rows = [ids(form, buckets) for form in forms]
    found = np.zeros((len(rows), max(1, *map(len, rows))), np.int32)
    for row, values in zip(found, rows):
        row[: len(values)] = values
    return found
