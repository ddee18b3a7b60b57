"""Numbers in 8 bits: what an int8 graph keeps and computes with, and how far values in it can reach."""

from __future__ import annotations

import numpy as np

# Products of 8 bits with 8 are added up in pairs in 16 bits where a processor has no better; 7 bits of
# weights never overflow there, so that every processor computes the same.
LARGEST, LARGEST_FACTOR = 127, 63


def quantize(values: np.ndarray, largest: int = LARGEST) -> tuple[np.ndarray, np.ndarray]:
    """Rows of floats as rows of whole numbers, each with a scale of its own.

    Args:
        values: [n, e], finite.
        largest: what the largest value of a row becomes.

    Returns:
        int8 [n, e] and float32 scales [n]; their product is close to the values, and nowhere larger than
        the largest of a row.
    """
    scales = np.abs(values).max(axis=1, initial=0).astype(np.float32) / largest
    scales[scales == 0] = 1
    return np.rint(values / scales[:, None]).astype(np.int8), scales
