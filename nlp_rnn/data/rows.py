"""Files of texts without labels, row by row, whatever their form; a file of any size, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from nlp_rnn.data.readers import jsonl, lines, table
from nlp_rnn.schema import DataError, UsageError

Row = dict[str, Any]
CHUNK = 1024  # rows of a Parquet file that are in memory together


def read(path: Path, column: str = "text") -> Iterator[Row]:
    """Yields each row with all its columns.

    Args:
        path: ``.jsonl``, ``.csv``, ``.tsv`` (the last two with a header) or ``.parquet``; of any other file
            each line is a text.
        column: the one that holds the text, which a file of lines has under this name.

    Raises:
        DataError: a row that has no such column, or no text in it; the message holds ``file:line``.
        UsageError: a file that cannot be opened, or Parquet without the library that reads it.
    """
    reader = FORMATS.get(path.suffix.lower())
    if reader is None:
        for _, line in lines.read(path):
            yield {column: line.removesuffix("\r")}
        return
    for where, row in reader(path):
        if column not in row:
            names = ", ".join(row) or "none"
            raise DataError(f"{path}:{where}: there is no {column!r} (there are: {names}).")
        if not isinstance(row[column], str):
            raise DataError(f"{path}:{where}: {column!r} holds no text.")
        yield row


def count(path: Path) -> int:
    """About how many rows a file has: its lines, or what Parquet says of itself."""
    if path.suffix.lower() == ".parquet":
        try:
            from pyarrow.parquet import read_metadata

            return read_metadata(path).num_rows
        except Exception:
            return 0  # whatever is wrong with it, reading says so
    try:
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(partial(file.read, 1 << 20), b""))
    except OSError:
        return 0


def _csv(path: Path) -> Iterator[tuple[int, Row]]:
    return _named(path, table.records(path))


def _tsv(path: Path) -> Iterator[tuple[int, Row]]:
    return _named(path, table.tab_records(path))


def _named(path: Path, records: Iterator[table.Record]) -> Iterator[tuple[int, Row]]:
    header: list[str] | None = None
    for number, fields in records:
        if header is None:
            header = fields
            if len(set(header)) < len(header):
                raise DataError(f"{path}:{number}: two columns have the same name.")
            continue
        if len(fields) != len(header):
            raise DataError(f"{path}:{number}: {len(fields)} fields, but the header has {len(header)}.")
        yield number, dict(zip(header, fields))


def _parquet(path: Path) -> Iterator[tuple[int, Row]]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise UsageError(f"{path}: Parquet needs pyarrow; run `pip install pyarrow`.") from None
    try:
        with ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=CHUNK):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}.") from None
    except ArrowException as error:
        raise DataError(f"{path}: no whole Parquet file ({str(error).splitlines()[0]}).") from None


FORMATS: Mapping[str, Callable[[Path], Iterator[tuple[int, Row]]]] = {
    ".jsonl": jsonl.objects,
    ".csv": _csv,
    ".tsv": _tsv,
    ".parquet": _parquet,
}
