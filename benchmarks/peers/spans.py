"""Entities as tags."""

from __future__ import annotations

from collections.abc import Iterable


def to_bio(tokens: int, entities: Iterable[tuple[int, int, str]]) -> list[str]:
    """BIO tags of a sentence with entities ``(first token, end, type)`` that do not overlap."""
    tags = ["O"] * tokens
    for start, end, label in entities:
        tags[start:end] = [f"B-{label}"] + [f"I-{label}"] * (end - start - 1)
    return tags
