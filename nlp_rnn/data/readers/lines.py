"""Lines of a text file, as all readers see them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nlp_rnn.schema import DataError, UsageError

LONGEST = 10_000_000  # bytes; whatever has a longer line is no list of sentences
_MARK = b"\xef\xbb\xbf"  # a byte-order mark at the file's start; anywhere else it is text


def read(path: Path) -> Iterator[tuple[int, str]]:
    r"""Yields each line's number, from 1, and its text without its ``\n``.

    Lines end at ``\n`` alone: ``str.splitlines`` would also cut at U+2028 or U+0085, which are text. A ``\r``
    before it is left to the reader, for it may stand inside a quoted field.

    Raises:
        DataError: an empty file; a line that is too long, not UTF-8 or not text.
        UsageError: a file that cannot be opened.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.") from None
    number = 0
    with file:
        while line := file.readline(LONGEST + 1):
            number += 1
            yield number, _decode(line, f"{path}:{number}", first=number == 1)
    if not number:
        raise DataError(f"{path}: the file is empty.")


def _decode(line: bytes, where: str, *, first: bool) -> str:
    if len(line) > LONGEST:
        raise DataError(f"{where}: the line has more than {LONGEST:,} bytes.")
    line = line.removesuffix(b"\n")
    if first:
        line = line.removeprefix(_MARK)
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where}: byte {error.start + 1} of the line (0x{line[error.start]:02x}) is not UTF-8; "
            "save the file as UTF-8."
        ) from None
    if "\0" in text:
        raise DataError(f"{where}: the line holds a NUL character, so this is no text file in UTF-8.")
    return text
