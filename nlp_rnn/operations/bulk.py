"""Predictions for a file of any size, into a file: in constant memory, and from where it stopped.

What is done is kept beside the output under ``.NAME.unfinished``, whole rows of JSON, with a note of how many
they are and of what; the output itself appears once all of it is there.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from nlp_rnn.data import rows
from nlp_rnn.data.rows import Row
from nlp_rnn.inference import Predictor
from nlp_rnn.schema import UsageError

CHUNK = 2048  # rows that are answered, and kept, together


def predict(
    predictor: Predictor,
    source: Path,
    output: Path,
    *,
    column: str = "text",
    progress: Callable[[int], object] = lambda rows: None,
) -> int:
    """Answers each row of a file, and writes the row with the answer beside its own columns.

    Args:
        predictor: the model.
        source: see :func:`nlp_rnn.data.rows.read`.
        output: ``.jsonl``, ``.csv`` or ``.parquet``; replaced if it exists.
        column: of the text.
        progress: is told how many more rows are done; those that an earlier attempt had done come first.

    Returns:
        the number of rows.

    Raises:
        UsageError: an output of another kind, or a column that the answer would replace.
        DataError: as reading says; what was done so far is kept.
    """
    if output.suffix.lower() not in WRITERS:
        raise UsageError(f"{output}: what kind of file? It must end in: {', '.join(WRITERS)}.")
    kept, note = (output.with_name(f".{output.name}.{word}") for word in ("unfinished", "note"))
    state = {"model": predictor.digest, "source": _identity(source), "column": column}
    done, size = _resume(note, state)
    progress(done)
    with kept.open("r+b" if done else "wb") as file:
        file.truncate(size)
        file.seek(size)
        rest = islice(rows.read(source, column), done, None)
        while some := list(islice(rest, CHUNK)):
            answers = predictor.predict([row[column] for row in some])
            for row, answer in zip(some, answers):
                found = answer.to_record()
                del found["text"]
                if clash := sorted(found.keys() & row.keys()):
                    raise UsageError(
                        f"{source}: has a column {clash[0]!r}, which the answer would replace; rename it."
                    )
                file.write(json.dumps({**row, **found}, ensure_ascii=False, default=str).encode() + b"\n")
            done += len(some)
            file.flush()
            os.fsync(file.fileno())
            _write_note(note, {**state, "rows": done, "bytes": file.tell()})
            progress(len(some))
    _finish(kept, output)
    note.unlink(missing_ok=True)
    kept.unlink(missing_ok=True)
    return done


def _identity(source: Path) -> list[int]:
    """What changes with a file's content, seen without reading it."""
    try:
        found = source.stat()
    except OSError as error:
        raise UsageError(f"{source}: {error.strerror}.") from None
    return [found.st_size, found.st_mtime_ns]


def _resume(note: Path, state: Mapping[str, Any]) -> tuple[int, int]:
    """Rows and bytes that are done, if they are of the same model and file."""
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0, 0
    same = isinstance(found, dict) and {key: found.get(key) for key in state} == state
    kept = note.with_suffix(".unfinished")
    if not same or not kept.is_file() or kept.stat().st_size < found["bytes"]:
        return 0, 0
    return found["rows"], found["bytes"]


def _write_note(note: Path, content: Mapping[str, Any]) -> None:
    unfinished = note.with_suffix(".note.unfinished")
    unfinished.write_text(json.dumps(content), encoding="utf-8")
    os.replace(unfinished, note)


def _finish(kept: Path, output: Path) -> None:
    """Gives the rows their final form, under a name of their own until all are written."""
    whole = output.with_name(f".{output.name}.whole")
    WRITERS[output.suffix.lower()](kept, whole)
    os.replace(whole, output)


def _records(kept: Path) -> Iterator[Row]:
    with kept.open("rb") as file:
        for line in file:
            yield json.loads(line)


def _to_jsonl(kept: Path, whole: Path) -> None:
    os.replace(kept, whole)


def _to_csv(kept: Path, whole: Path) -> None:
    names = list(dict.fromkeys(key for row in _records(kept) for key in row))
    with whole.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for row in _records(kept):
            writer.writerow([_text(row.get(name)) for name in names])


def _to_parquet(kept: Path, whole: Path) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UsageError(f"{whole}: Parquet needs pyarrow; run `pip install pyarrow`.") from None
    names = list(dict.fromkeys(key for row in _records(kept) for key in row))
    schema = pyarrow.schema([(name, pyarrow.string()) for name in names])
    found = _records(kept)
    with parquet.ParquetWriter(whole, schema) as writer:
        while some := list(islice(found, CHUNK)):
            columns = {name: [_text(row.get(name)) for row in some] for name in names}
            writer.write_table(pyarrow.table(columns, schema=schema))


def _text(value: Any) -> str | None:
    """A value as text: lists and objects, such as spans, as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


WRITERS: Mapping[str, Callable[[Path, Path], None]] = {
    ".jsonl": _to_jsonl,
    ".csv": _to_csv,
    ".parquet": _to_parquet,
}
