"""Examples as one table of scalars, which is what Great Expectations checks quickly.

All that a check asks of a row is worked out here once, in plain Python; a column that tells of a fault
holds what is wrong, and nothing where nothing is.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas

from nlp_rnn.schema import SPLITS, Example
from nlp_rnn.text import labels

# Nearly how the tokenizer counts: an ideograph or Kana is a token, and so is each run of other characters.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\s\u3040-\u30ff\u3400-\u9fff]+")


class _Row(NamedTuple):
    split: str
    example: Example
    malformed: str | None  # the fields that its task needs and that it lacks or that hold other things
    words: tuple[str, ...]  # what makes two rows the same text
    length: int  # tokens, near enough
    annotation: tuple[str, ...]  # BIO tags, or the one label
    classes: tuple[str, ...]  # the type of each entity, or the one label


def build(
    examples: Mapping[str, Sequence[Example]], *, task: str, unknown_share: Mapping[str, float]
) -> pandas.DataFrame:
    """Makes the table, a row an example, splits in their order.

    Args:
        examples: those of train, dev and test.
        task: ``ner`` or ``sentiment``.
        unknown_share: of each split's tokens, those that the vocabulary lacks, in [0, 1].
    """
    read = _read_tagged if task == "ner" else _read_labeled
    rows = [read(split, example) for split in SPLITS for example in examples[split]]
    train = [row for row in rows if row.split == "train"]
    known = _known(task, train)
    frequency = Counter(name for row in train for name in row.classes)
    unit = 1 if task == "ner" else max(len(train), 1)  # mentions of a type, or a label's share of the rows
    copies, conflicts = _copies(rows, train), _conflicts(rows)
    columns = {
        "origin": [row.example.origin for row in rows],
        "split": [row.split for row in rows],
        "id": [row.example.id for row in rows],
        "malformed": [row.malformed for row in rows],
        "length": [row.length for row in rows],
        "blank_tokens": [sum(not word.strip() for word in row.words) for row in rows],
        "tags_off": [
            f"{len(row.annotation)} tags for {len(row.words)} tokens"
            if len(row.annotation) != len(row.words) and not row.malformed
            else None
            for row in rows
        ],
        "annotation": [" ".join(row.annotation) or None for row in rows],
        "unknown_label": [next((x for x in row.annotation if x not in known), None) for row in rows],
        "entities": [len(row.classes) for row in rows],
        "rarest_class": [min((frequency[x] / unit for x in row.classes), default=None) for row in rows],
        "same_text_in_train": copies,
        "same_text_other_label": conflicts,
        "unknown_share": [unknown_share[row.split] for row in rows],  # one figure for all rows of a split
    }
    # As objects, because numbers then stay Python's own: Data Docs cannot print NumPy's.
    return pandas.DataFrame(columns, dtype=object)


def _read_tagged(split: str, example: Example) -> _Row:
    malformed = _malformed(example, "tokens", "tags")
    tokens = () if "tokens" in malformed else example.tokens or ()
    tags = () if "tags" in malformed else example.tags or ()
    types = tuple(name for _, _, name in labels.spans(tags))
    return _Row(split, example, ", ".join(malformed) or None, tokens, len(tokens), tags, types)


def _read_labeled(split: str, example: Example) -> _Row:
    malformed = _malformed(example, "text", "label")
    text = "" if "text" in malformed else example.text or ""
    label = () if "label" in malformed else (example.label or "",)
    words = tuple(text.split())
    length = sum(1 for _ in _WORD.finditer(text))
    return _Row(split, example, ", ".join(malformed) or None, words, length, label, label)


def _malformed(example: Example, *fields: str) -> list[str]:
    """Of some fields, those that are absent or hold something else than text, or than a sequence of it."""

    def fits(value: object, name: str) -> bool:
        if name in ("tokens", "tags"):
            return isinstance(value, tuple) and all(isinstance(part, str) for part in value)
        return isinstance(value, str)

    return [name for name in ("id", "origin", *fields) if not fits(getattr(example, name), name)]


def _known(task: str, train: Sequence[_Row]) -> set[str]:
    """What an annotation may be: every tag of train's types (even one that no row has), or train's labels."""
    seen = {name for row in train for name in row.annotation}
    if task != "ner":
        return {label for label in seen if label.strip()}
    types = {kind for prefix, kind in map(labels.split, seen) if prefix in ("B", "I") and kind.strip()}
    return {"O"} | {f"{prefix}-{kind}" for prefix in "BI" for kind in types}


def _copies(rows: Sequence[_Row], train: Sequence[_Row]) -> list[str | None]:
    """For each row the origin of the first training row with its text, unless that is the row itself."""
    first: dict[tuple[str, ...], Example] = {}
    for row in train:
        first.setdefault(row.words, row.example)
    found = (first.get(row.words) if row.words else None for row in rows)
    return [None if twin is None or twin is row.example else twin.origin for row, twin in zip(rows, found)]


def _conflicts(rows: Sequence[_Row]) -> list[str | None]:
    """For each row the origin of the first row, anywhere, with its text and another annotation."""
    readings: defaultdict[tuple[str, ...], dict[tuple[str, ...], str]] = defaultdict(dict)
    for row in rows:
        if row.words:
            readings[row.words].setdefault(row.annotation, row.example.origin)
    return [
        next(
            (origin for other, origin in readings.get(row.words, {}).items() if other != row.annotation), None
        )
        for row in rows
    ]
