"""Changes to tokens, one for each capability: as many tokens after as before, or None where none applies."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

Tokens = list[str]
Change = Callable[[Sequence[str], Sequence[bool], random.Random], Tokens | None]
LONG = 5  # letters of a word that still reads with two of them swapped
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_HALF_WIDTH = {wide: code for code, wide in _FULL_WIDTH.items()}
_ENDS = {".": "!", "!": ".", "。": "！", "！": "。"}


def typos(tokens: Sequence[str], free: Sequence[bool], rng: random.Random) -> Tokens | None:
    """Two letters inside of one long word change places; free: which tokens belong to no entity."""
    chosen = [
        i
        for i, token in enumerate(tokens)
        if free[i] and len(token) >= LONG and token.isalpha() and token.isascii()
    ]
    if not chosen:
        return None
    place = rng.choice(chosen)
    word = tokens[place]
    at = rng.randrange(1, len(word) - 2)
    return _with(tokens, place, word[:at] + word[at + 1] + word[at] + word[at + 2 :])


def lower_case(tokens: Sequence[str], free: Sequence[bool], rng: random.Random) -> Tokens | None:
    """All letters small, as people type in a hurry."""
    return _changed(tokens, [token.lower() for token in tokens])


def upper_case(tokens: Sequence[str], free: Sequence[bool], rng: random.Random) -> Tokens | None:
    """All letters large, as in a headline."""
    return _changed(tokens, [token.upper() for token in tokens])


def digits(tokens: Sequence[str], free: Sequence[bool], rng: random.Random) -> Tokens | None:
    """Other digits for each digit but 0 and 1, outside of entities."""
    other = {str(digit): rng.choice([str(d) for d in range(2, 10) if d != digit]) for digit in range(2, 10)}
    return _changed(
        tokens,
        [
            "".join(other.get(character, character) for character in token) if free[i] else token
            for i, token in enumerate(tokens)
        ],
    )


def punctuation(tokens: Sequence[str], free: Sequence[bool], rng: random.Random) -> Tokens | None:
    """Another sign at the end."""
    end = tokens[-1][-1:] if tokens else ""
    return _with(tokens, len(tokens) - 1, tokens[-1][:-1] + _ENDS[end]) if end in _ENDS and free[-1] else None


def width(tokens: Sequence[str], free: Sequence[bool], rng: random.Random) -> Tokens | None:
    """Letters, digits and signs of the other width: full for half, half for full."""
    turned = [
        token.translate(_FULL_WIDTH) if token.isascii() else token.translate(_HALF_WIDTH) for token in tokens
    ]
    return _changed(tokens, turned)


CHANGES: Mapping[str, Mapping[str, Change]] = {
    "en": {
        "typos": typos,
        "lower_case": lower_case,
        "upper_case": upper_case,
        "digits": digits,
        "punctuation": punctuation,
    },
    "zh": {"digits": digits, "punctuation": punctuation, "width": width},
}


def _with(tokens: Sequence[str], place: int, token: str) -> Tokens | None:
    return _changed(tokens, [*tokens[:place], token, *tokens[place + 1 :]])


def _changed(before: Sequence[str], after: Tokens) -> Tokens | None:
    return after if after != list(before) else None
