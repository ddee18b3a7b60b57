"""Files as people have them -> examples; text is kept as it is, to the character."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from nlp_rnn.data.readers import conll, jsonl, lines, table
from nlp_rnn.schema import DataError, Example

# A row is the line on which it begins, its tokens or text, and its BIO tags or label.
Row = tuple[int, tuple[str, ...], tuple[str, ...]] | tuple[int, str, str]
Reader = Callable[[Path, Mapping[str, str | None]], Iterator[Row]]

_COLUMNS = (".conll", ".bio", ".iob", ".iob2", ".bioes", ".bmes")
_JSON_LINES = (".jsonl", ".ndjson", ".json")
READERS: Mapping[str, Mapping[str, Reader]] = {
    "ner": {
        **dict.fromkeys((*_COLUMNS, ".tsv"), conll.read),
        **dict.fromkeys(_JSON_LINES, jsonl.read_tagged),
    },
    "sentiment": {
        ".csv": table.read_csv,
        ".tsv": table.read_tsv,
        **dict.fromkeys(_JSON_LINES, jsonl.read_labeled),
    },
}


def read(
    path: Path,
    *,
    task: str,
    split: str,
    text: str | None = None,
    label: str | None = None,
    tokens: str | None = None,
    tags: str | None = None,
) -> Iterator[Example]:
    """Yields the examples of one file, in its order.

    Args:
        path: its suffix tells its format, or else its first line does.
        task: ``ner`` or ``sentiment``.
        split: begins the examples' ids, as in ``train-0``.
        text, label, tokens, tags: the columns that hold them, by name, or by number from 0 where there are
            no names; None where their names or contents tell.

    Raises:
        DataError: the file is not what it claims to be; the message names file and line.
        UsageError: there is no such file or no column of a given name.
    """
    given = {"text": text, "label": label, "tokens": tokens, "tags": tags}
    index = -1
    for index, (line, content, annotation) in enumerate(_reader(path, task)(path, given)):
        identity, origin = f"{split}-{index}", f"{path.name}:{line}"
        if isinstance(content, tuple) and isinstance(annotation, tuple):
            yield Example(identity, origin, tokens=content, tags=annotation)
        elif isinstance(content, str) and isinstance(annotation, str):
            if not annotation.strip():
                raise DataError(f"{path}:{line}: the label is empty; give it one or remove the line.")
            yield Example(identity, origin, text=content, label=annotation)
    if index < 0:
        raise DataError(f"{path}: the file holds no examples.")


def is_known(path: Path) -> bool:
    """Whether a file's suffix says that it can be read."""
    return any(path.suffix.lower() in readers for readers in READERS.values())


def _reader(path: Path, task: str) -> Reader:
    readers = READERS[task]
    suffix = path.suffix.lower()
    if suffix in readers:
        return readers[suffix]
    if is_known(path):
        raise DataError(
            f"{path}: a {suffix} file cannot hold what task {task} needs; these can: {', '.join(readers)}."
        )
    first = next((line for _, line in lines.read(path) if line.strip(" \t\r")), None)
    if first is None:
        raise DataError(f"{path}: the file is empty.")
    if first.lstrip(" \t").startswith("{"):
        return readers[".jsonl"]
    if task == "ner":
        return conll.read
    return table.read_tsv if "\t" in first else table.read_csv
