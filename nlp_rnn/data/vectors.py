"""Word vectors from files: GloVe's text, word2vec's text and binary, fastText's ``.vec``; gzipped or not.

Which of them a file is shows at its beginning. word2vec and fastText say there how many words there are and
how many numbers each has, and what follows is binary unless it is a line of text; GloVe begins with a word.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from nlp_rnn.schema import DataError, UsageError

LONGEST = 1_000_000  # bytes of a line, or of a word in a binary file
_PROBE = 4096  # bytes behind the first line that tell text from binary
Rows = Iterator[tuple[str, np.ndarray]]


@dataclass(slots=True)
class _Best:
    """The vector that a word gets so far, [e], and its spelling: 2 the same, 1 lower case, 0 any other."""

    rank: int = -1
    vector: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))


def read(path: Path, words: Collection[str]) -> dict[str, np.ndarray]:
    """Reads the vectors of some words; memory grows with these, not with the file.

    Args:
        path: the file.
        words: the words. One that the file lacks gets the vector of its lower-cased spelling, or else of the
            first word in the file that is the same in lower case.

    Returns:
        word -> [e], float32, for the words that the file has.

    Raises:
        UsageError: the file cannot be opened.
        DataError: it is no such file, or is damaged, where a word is wanted or a line has too few or too many
            columns; the message holds ``file:line``, or the number of the word where there are no lines.
    """
    spellings: dict[str, dict[str, _Best]] = {}
    for word in words:
        spellings.setdefault(word.lower(), {})[word] = _Best()
    try:
        with _open(path) as file:
            for word, vector in _rows(file, path, spellings):
                lower = word.lower()
                for spelling, best in spellings[lower].items():
                    rank = 2 if word == spelling else 1 if word == lower else 0
                    if rank > best.rank:
                        best.rank, best.vector = rank, vector
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read to its end ({error}); get the file anew.") from None
    return {
        word: best.vector for found in spellings.values() for word, best in found.items() if best.rank >= 0
    }


def _open(path: Path) -> IO[bytes]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.") from None
    start = file.read(2)
    file.seek(0)
    return gzip.open(file) if start == b"\x1f\x8b" else file  # type: ignore[return-value]


def _rows(file: IO[bytes], path: Path, wanted: Collection[str]) -> Rows:
    """The rows of the words that are wanted in lower case."""
    first = file.readline(LONGEST)
    header = first.split()
    if len(header) < 2:
        raise DataError(
            f"{path}:1: begins with no word and its vector, nor with two numbers that say how many."
        )
    if len(header) > 2 or not all(part.isdigit() for part in header):
        file.seek(0)
        yield from _text_rows(file, path, 1, len(first.rstrip().split(b" ")) - 1, None, wanted)
        return
    words, size = map(int, header)
    if not words or not size:
        raise DataError(f"{path}:1: says {words} words of {size} numbers; neither may be 0.")
    probe = file.read(_PROBE)
    file.seek(len(first))
    if _is_text(probe, size):
        yield from _text_rows(file, path, 2, size, words, wanted)
    else:
        yield from _binary_rows(file, path, size, words, wanted)


def _is_text(probe: bytes, size: int) -> bool:
    """Whether numbers in letters stand behind the first word: ``size`` of them, or all that are in sight."""
    line, end, _ = probe.partition(b"\n")
    fields = line.rstrip().split(b" ")[1:]
    if not end and len(probe) == _PROBE:
        fields = fields[:-1]  # which may be cut in halves
        return 0 < len(fields) < size + 1 and all(map(_is_number, fields))
    return len(fields) == size and all(map(_is_number, fields))


def _text_rows(
    file: IO[bytes], path: Path, number: int, size: int, words: int | None, wanted: Collection[str]
) -> Rows:
    count = 0
    while line := file.readline(LONGEST):
        # From the right, as a word may hold spaces: GloVe's largest file has ". . .".
        parts = line.rstrip().rsplit(b" ", size)
        if len(parts) <= size or not parts[0] or (b" " in parts[0] and _is_number(parts[0].split(b" ")[-1])):
            raise DataError(
                f"{path}:{number}: has {len(line.split()) - 1} numbers behind the word, but the file begins "
                f"with {size}; each stands behind one space."
            )
        word = parts[0].decode("utf-8", "replace")
        if word.lower() in wanted:
            yield word, _parsed(parts[1:], f"{path}:{number}")
        number, count = number + 1, count + 1
    if words is not None and count != words:
        raise DataError(
            f"{path}:{number - 1}: the file ends after {count} of its {words} words; get it anew."
        )


def _binary_rows(file: IO[bytes], path: Path, size: int, words: int, wanted: Collection[str]) -> Rows:
    """word2vec's own: each word, a space, and float32 numbers, little-endian; a line break may follow."""
    for count in range(1, words + 1):
        where = f"{path}: word {count} of {words}"
        letters = bytearray()
        while (letter := file.read(1)) != b" ":
            if not letter or len(letters) >= LONGEST:
                raise DataError(f"{where}: the file ends, or is damaged, before its vector; get it anew.")
            letters += letter
        content = file.read(4 * size)
        if len(content) != 4 * size:
            raise DataError(f"{where}: the file ends within its vector; get it anew.")
        # A tool may have cut a word within a character: such a one is none of ours.
        word = bytes(letters).lstrip(b"\n").decode("utf-8", "replace")
        if word.lower() in wanted:
            yield word, _checked(np.frombuffer(content, "<f4").astype(np.float32), where)
    if file.read(2).strip():
        raise DataError(f"{path}: more follows behind its {words} words; get the file anew.")


def _parsed(numbers: list[bytes], where: str) -> np.ndarray:
    for part in numbers:
        if not _is_number(part):
            raise DataError(f"{where}: {part[:40].decode('utf-8', 'replace')!r} is not a number.")
    with np.errstate(over="ignore"):  # infinity is found below
        return _checked(np.array([float(part) for part in numbers]).astype(np.float32), where)


def _checked(vector: np.ndarray, where: str) -> np.ndarray:
    if not np.isfinite(vector).all():
        raise DataError(f"{where}: the vector holds a number that is not finite.")
    return vector


def _is_number(part: bytes) -> bool:
    try:
        float(part)
    except ValueError:
        return False
    return True
