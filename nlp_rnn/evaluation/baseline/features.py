"""What a linear tagger sees of a token: the words, affixes and shapes around it, as strings."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

_EDGE = "</s>"
Features = list[list[str]]


def english(tokens: Sequence[str]) -> Features:
    """Words in a window of two on either side, affixes, shapes and pairs of neighbours, token by token."""
    words = [_EDGE, _EDGE, *(token.lower() for token in tokens), _EDGE, _EDGE]
    shapes = ["", *map(_shape, tokens), ""]
    features = []
    for position, token in enumerate(tokens):
        before2, before, word, after, after2 = words[position : position + 5]
        shape_before, shape, shape_after = shapes[position : position + 3]
        features.append(
            [
                "bias",
                f"word={word}",
                f"word-1={before}",
                f"word+1={after}",
                f"word-2={before2}",
                f"word+2={after2}",
                f"pair-1={before} {word}",
                f"pair+1={word} {after}",
                *(f"prefix={word[:size]}" for size in (2, 3)),
                *(f"suffix={word[-size:]}" for size in (2, 3)),
                f"first={token[:1]}",
                f"length={min(len(token), 8)}",
                f"case={_case(token)}",
                f"shape={shape[:12]}",
                f"outline={_outline(shape)}",
                f"outline-1={_outline(shape_before)}",
                f"outline+1={_outline(shape_after)}",
                f"hyphen={'-' in token}",
            ]
        )
    return features


def chinese(tokens: Sequence[str]) -> Features:
    """Characters and pairs of characters in a window of two on either side, token by token."""
    characters = [_EDGE, _EDGE, *tokens, _EDGE, _EDGE]
    features = []
    for position, token in enumerate(tokens):
        window = characters[position : position + 5]
        features.append(
            [
                "bias",
                *(f"{offset:+d}={character}" for offset, character in enumerate(window, -2)),
                *(f"{offset:+d}={a} {b}" for offset, (a, b) in enumerate(itertools.pairwise(window), -2)),
                f"three={' '.join(window[1:4])}",
                f"digit={token.isdigit()}",
                f"ascii={token.isascii()}",
            ]
        )
    return features


FEATURES: Mapping[str, Callable[[Sequence[str]], Features]] = {"en": english, "zh": chinese}


def _case(token: str) -> str:
    return "upper" if token.isupper() else "title" if token.istitle() else "other"


def _shape(token: str) -> str:
    """``McDonald-3`` -> ``XxXxxxxx-d``."""
    return "".join("X" if c.isupper() else "x" if c.islower() else "d" if c.isdigit() else c for c in token)


def _outline(shape: str) -> str:
    """The shape with repeats dropped: ``XxXxxxxx-d`` -> ``XxXx-d``."""
    return "".join(character for character, _ in itertools.groupby(shape))
