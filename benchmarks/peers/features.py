"""What CRFsuite sees of a token: its word or character, affixes, shape, and what stands around."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

EDGE = "<>"


def english(tokens: Sequence[str]) -> list[list[str]]:
    """Words two to either side, affixes, case, shapes and pairs of neighbours, token by token."""
    lower = [EDGE, EDGE, *(token.lower() for token in tokens), EDGE, EDGE]
    shapes = [_shape(token) for token in tokens]
    seen = [_from_outside(token, shape) for token, shape in zip(tokens, shapes)]
    features = []
    for i, (token, shape) in enumerate(zip(tokens, shapes)):
        before2, before, word, after, after2 = lower[i : i + 5]
        row = [
            "b",
            f"w={word}",
            f"-2w={before2}",
            f"-1w={before}",
            f"+1w={after}",
            f"+2w={after2}",
            f"bg-={before}|{word}",
            f"bg+={word}|{after}",
            f"s3={word[-3:]}",
            f"s2={word[-2:]}",
            f"p3={word[:3]}",
            f"p2={word[:2]}",
            f"sh={shape[:12]}",
            f"at={token[:1]}",
            f"len={min(len(word), 8)}",
            *seen[i],
        ]
        if token.isdigit():
            row.append("di")
        if "-" in token:
            row.append("hy")
        if i:
            row += [f"-1{feature}" for feature in seen[i - 1]]
        if i + 1 < len(tokens):
            row += [f"+1{feature}" for feature in seen[i + 1]]
        features.append(row)
    return features


def chinese(tokens: Sequence[str]) -> list[list[str]]:
    """Characters two to either side, pairs of them, and the three in the middle, token by token."""
    around = [EDGE, EDGE, *tokens, EDGE, EDGE]
    features = []
    for i, token in enumerate(tokens):
        window = around[i : i + 5]
        row = ["b", f"t={''.join(window[1:4])}"]
        row += [f"c{k}={character}" for k, character in enumerate(window, -2)]
        row += [f"b{k}={a}{b}" for k, (a, b) in enumerate(itertools.pairwise(window), -2)]
        if token.isdigit():
            row.append("dig")
        if token.isascii():
            row.append("asc")
        features.append(row)
    return features


FEATURES: Mapping[str, Callable[[Sequence[str]], list[list[str]]]] = {"en": english, "zh": chinese}


def _from_outside(token: str, shape: str) -> list[str]:
    """What a token tells of itself and to its neighbours."""
    outline = "".join(character for character, _ in itertools.groupby(shape))
    return [f"csh={outline}", *(["ti"] if token.istitle() else []), *(["up"] if token.isupper() else [])]


def _shape(token: str) -> str:
    return "".join("X" if c.isupper() else "x" if c.islower() else "d" if c.isdigit() else c for c in token)
