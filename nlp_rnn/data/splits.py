"""Which file holds which split, and splits that no file holds cut from train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from nlp_rnn.data import readers, unlabeled
from nlp_rnn.schema import SPLITS, DataError, Example, UsageError
from nlp_rnn.text import labels

NAMES = {"train": "train", "dev": "dev", "valid": "dev", "validation": "dev", "val": "dev", "test": "test"}
SHARE = 0.1  # of all examples, for a split that has no file


def find(path: Path) -> dict[str, Path]:
    """The files of a data set by split.

    Args:
        path: a file, which is ``train``; or a folder with ``train.*`` and maybe ``dev.*`` (or ``valid.*``,
            ``validation.*``) and ``test.*``, or with one file only. Other files do not matter, and
            ``unlabeled.txt`` is none of these.

    Raises:
        UsageError: there is no such file, or more than one for a split.
    """
    if path.is_file():
        return {"train": path}
    if not path.is_dir():
        raise UsageError(f"{path}: no such file or folder.")
    files = sorted(
        file
        for file in path.iterdir()
        if file.is_file() and not file.name.startswith(".") and file.name != unlabeled.NAME
    )
    found: dict[str, list[Path]] = {}
    for file in files:
        if split := NAMES.get(file.name.split(".")[0].lower()):
            found.setdefault(split, []).append(file)
    if not found and len(files) == 1:
        return {"train": files[0]}
    if "train" not in found:
        raise UsageError(f"{path}: holds no file train.*, such as train.conll, train.csv or train.jsonl.")
    return {split: _only(found[split], split) for split in SPLITS if split in found}


def _only(files: Sequence[Path], split: str) -> Path:
    readable = [file for file in files if readers.is_known(file)] if len(files) > 1 else files
    if len(readable) != 1:
        names = ", ".join(file.name for file in files)
        raise UsageError(f"{files[0].parent}: holds several files for {split} ({names}); leave one.")
    return readable[0]


def complete(splits: Mapping[str, Sequence[Example]], seed: int) -> dict[str, Sequence[Example]]:
    """Cuts a tenth of train for dev, test or both where they are missing.

    Each label, or each set of entity types in a sentence, gets its share of every split; and train has every
    label that there is. Examples keep their order. The result depends on the arguments alone.

    Raises:
        DataError: there are too few examples.
    """
    missing = [split for split in SPLITS if split not in splits]
    if not missing:
        return dict(splits)
    train = splits["train"]
    share = max(1, round(SHARE * len(train)))
    generator = Random(seed)
    draws = [generator.random() for _ in train]
    # By label and by chance within it: whoever then takes every tenth takes a tenth of each label.
    order = sorted(range(len(train)), key=lambda i: (_stratum(train[i]), draws[i]))
    free = _free(train, order)
    if len(free) < share * len(missing):
        file = train[0].origin.rpartition(":")[0]
        raise DataError(
            f"{file}: {len(train)} examples are too few to cut {' and '.join(missing)} from them; "
            "add examples, or give these splits files of their own."
        )
    parts = {}
    for split in missing:
        start = generator.random()
        parts[split] = {free[int((start + i) * len(free) / share)] for i in range(share)}
        free = [index for index in free if index not in parts[split]]
    parts["train"] = set(range(len(train))).difference(*parts.values())
    cut = {
        split: [replace(train[index], id=f"{split}-{i}") for i, index in enumerate(sorted(indexes))]
        for split, indexes in parts.items()
    }
    return {split: cut.get(split, splits.get(split, ())) for split in SPLITS}


def _stratum(example: Example) -> tuple[str, ...]:
    """The label, or the entity types."""
    if example.tags is None:
        return (example.label or "",)
    return tuple(sorted({label for _, _, label in labels.spans(example.tags)}))


def _free(train: Sequence[Example], order: Sequence[int]) -> list[int]:
    """Those of an order that may leave train: not the first with some label."""
    seen: set[str] = set()
    free: list[int] = []
    for index in order:
        found = set(_stratum(train[index]))
        if found <= seen:
            free.append(index)
        seen |= found
    return free
