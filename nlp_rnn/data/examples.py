"""Examples as JSON Lines, one a line: what `ingest` writes and every later stage reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from nlp_rnn.schema import SPLITS, DataError, Example


def write(path: Path, examples: Iterable[Example]) -> int:
    """Writes examples, one JSON object a line, and returns how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for example in examples:
            file.write(json.dumps(example.to_record(), ensure_ascii=False) + "\n")
            count += 1
    return count


def read(path: Path) -> Iterator[Example]:
    """Yields the examples of a file that :func:`write` made; raises DataError where it was damaged."""
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield Example.from_record(json.loads(line))
                except (ValueError, TypeError) as error:
                    raise DataError(
                        f"{path}:{number}: not an example ({error}); run `ingest` again."
                    ) from None
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; run `nlp-rnn ingest {path.parent.name}` first.") from None


def read_all(folder: Path) -> dict[str, list[Example]]:
    """The examples of the train, dev and test split of a folder."""
    return {split: list(read(folder / f"{split}.jsonl")) for split in SPLITS}
