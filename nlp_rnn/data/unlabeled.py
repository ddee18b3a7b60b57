"""Raw text without labels: UTF-8, one document a line."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from nlp_rnn.data.readers import lines
from nlp_rnn.schema import DataError

NAME = "unlabeled.txt"


def fetch(folder: Path, link: Path) -> int:
    """Copies the text that a pointer leads to into a folder, as NAME, and returns its number of documents.

    Raises:
        DataError: the file is empty, or a line is too long or not UTF-8; the message holds ``file:line``.
    """
    count = sum(1 for _ in read(link.resolve()))
    shutil.copyfile(link, folder / NAME)
    return count


def read(path: Path) -> Iterator[str]:
    """Yields the documents of a file; a line of nothing but blanks is none.

    Raises:
        DataError: as :func:`fetch` says.
    """
    found = False
    for _, line in lines.read(path):
        if document := line.strip():
            found = True
            yield document
    if not found:
        raise DataError(f"{path}: no line holds any text; put one document on each line.")
