"""The characters of forms by a convolution and its maximum, as compiled code with gradients of its own.

A window's value is a sum of three rows, one for each place in it (see
:class:`nlp_rnn.models.characters.ConvolutionalCharacters`); only windows around a character are looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np


def maximum(
    characters: np.ndarray, contributions: np.ndarray, lowest: float
) -> tuple[np.ndarray, np.ndarray]:
    """The greatest value of each filter over a form's windows.

    Args:
        characters: [u, c + 2] ids, padded with 0 on either side.
        contributions: [3, n, filters], what each known character adds in each place of a window.
        lowest: the maximum over no windows.

    Returns:
        the values, [u, filters], and the window of each, -1 for none; of equals the first.

    Raises:
        IndexError: an id that is not in 0..n - 1.
    """
    if characters.size and not 0 <= characters.min() <= characters.max() < contributions.shape[1]:
        raise IndexError("a character's id is not in 0..n - 1")
    values = np.full((len(characters), contributions.shape[2]), lowest, contributions.dtype)
    windows = np.full(values.shape, -1, np.int32)
    _compiled(_maximum)(characters, contributions, values, windows)
    return values, windows


def gradients(characters: np.ndarray, windows: np.ndarray, d_values: np.ndarray, known: int) -> np.ndarray:
    """The gradient of the contributions, [3, n, filters], from that of the values, [u, filters]."""
    found = np.zeros((3, known, windows.shape[1]), d_values.dtype)
    _compiled(_gradients)(characters, windows, d_values, found)
    return found


@cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """As in :mod:`nlp_rnn.models.trellis`: kept beside this file, one thread, one order."""
    from numba import njit

    try:
        return njit(cache=True)(function)
    except RuntimeError:  # there is no place to keep it
        return njit()(function)


def _maximum(
    characters: np.ndarray, contributions: np.ndarray, values: np.ndarray, windows: np.ndarray
) -> None:
    left, center, right = contributions[0], contributions[1], contributions[2]
    for form in range(len(characters)):
        for window in range(characters.shape[1] - 2):
            before, here, after = (
                characters[form, window],
                characters[form, window + 1],
                characters[form, window + 2],
            )
            if here == 0:
                continue
            for f in range(values.shape[1]):
                value = left[before, f] + center[here, f] + right[after, f]
                better = value > values[form, f]
                values[form, f] = value if better else values[form, f]
                windows[form, f] = window if better else windows[form, f]


def _gradients(characters: np.ndarray, windows: np.ndarray, d_values: np.ndarray, found: np.ndarray) -> None:
    for form in range(len(characters)):
        for f in range(windows.shape[1]):
            window = windows[form, f]
            if window >= 0:
                for place in range(3):
                    found[place, characters[form, window + place], f] += d_values[form, f]
