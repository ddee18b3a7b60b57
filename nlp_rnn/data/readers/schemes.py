"""Tags of any scheme -> BIO, for a whole file at once, and with no entity lost."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from nlp_rnn.schema import DataError
from nlp_rnn.text import labels

Tagged = tuple[int, tuple[str, ...], tuple[str, ...]]


def to_bio(path: Path, sentences: Sequence[Tagged], *, token_lines: bool) -> Iterator[Tagged]:
    """Yields the sentences of a file with BIO tags.

    Tags that are BIO already stay as they are: an ``I-`` that continues nothing is for validation to judge.
    In another scheme such a tag, found where a sentence was cut within an entity, begins one, and standard
    error tells.

    Args:
        path: the file, for messages.
        sentences: first line, tokens and tags of each.
        token_lines: whether each token has its own line, or a sentence has one.

    Raises:
        DataError: a tag that is none, or a mixture of schemes.
    """
    _check(path, sentences, token_lines)
    scheme = labels.detect(tags for _, _, tags in sentences)
    if scheme == "BIO":
        yield from sentences
        return
    mended = []
    for line, tokens, tags in sentences:
        converted = labels.to_bio(tags, scheme)
        before, after = _entities(tags), len(labels.spans(converted))
        if before != after:
            raise DataError(f"{path}:{line}: {before} entities in {scheme} would be {after} in BIO.")
        if scheme != "IOB1" and after > sum(tag[0] in "BS" for tag in tags):
            mended.append(str(line))
        yield line, tokens, converted
    if mended:
        print(
            f"{path}: in {len(mended)} sentences a tag of {scheme} continues what was not begun, and was "
            f"taken to begin it; lines {', '.join(mended[:5])}{'…' * (len(mended) > 5)}",
            file=sys.stderr,
        )


def _check(path: Path, sentences: Sequence[Tagged], token_lines: bool) -> None:
    """Asks of each new tag whether it is one and goes with those before it, so that its line can be named."""
    seen: set[str] = set()
    prefixes: dict[str, str] = {}
    for line, _, tags in sentences:
        for position, tag in enumerate(tags):
            if tag in seen:
                continue
            seen.add(tag)
            prefixes.setdefault(tag[:1], tag)
            try:
                labels.detect([[tag], list(prefixes.values())])
            except DataError as error:
                raise DataError(f"{path}:{line + position * token_lines}: {error}.") from None


def _entities(tags: Sequence[str]) -> int:
    """How many entities a sequence of any scheme has, counted where each ends."""
    count = 0
    for tag, following in zip(tags, [*tags[1:], "O"]):
        (prefix, label), (next_prefix, next_label) = labels.split(tag), labels.split(following)
        continued = prefix in "BIM" and next_prefix in "IME" and label == next_label
        count += prefix != "O" and not continued
    return count
