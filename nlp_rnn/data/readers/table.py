"""CSV and TSV: a text and its label a row, all of it strings: ``NA`` and ``007`` mean themselves."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nlp_rnn.data.readers import columns, lines
from nlp_rnn.schema import DataError, UsageError

Record = tuple[int, list[str]]  # its first line and its fields


def read_csv(path: Path, given: Mapping[str, str | None]) -> Iterator[tuple[int, str, str]]:
    """Yields first line, text and label of each row; a quoted field may hold commas and line ends.

    Args:
        path: the file.
        given: the columns for ``text`` and ``label``: names, or numbers from 0 where there is no header.
            Without them a header must have a usual name; without a header there must be two columns.

    Raises:
        DataError: a row with more or fewer fields than the first, or an open quote.
        UsageError: there is no such column.
    """
    return _pairs(path, list(records(path)), given)


def read_tsv(path: Path, given: Mapping[str, str | None]) -> Iterator[tuple[int, str, str]]:
    """The same of fields between tabs, where a quote is a character like any other."""
    return _pairs(path, list(tab_records(path)), given)


def tab_records(path: Path) -> Iterator[Record]:
    """Yields each row of a TSV file that is not blank."""
    for number, line in lines.read(path):
        fields = line.removesuffix("\r").split("\t")
        if fields != [""]:
            yield number, fields


def records(path: Path) -> Iterator[Record]:
    """Yields each row of a CSV file that is not blank; raises DataError for one that is no CSV."""
    reader = csv.reader((f"{line}\n" for _, line in lines.read(path)), strict=True)
    while True:
        start = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{path}:{start}: the row that begins here is not valid CSV ({error}); is a quote left open?"
            ) from None
        if fields:  # a blank line has none
            yield start, fields


def _pairs(
    path: Path, rows: Sequence[Record], given: Mapping[str, str | None]
) -> Iterator[tuple[int, str, str]]:
    if not rows:
        return
    width = len(rows[0][1])
    for number, fields in rows:
        if len(fields) != width:
            raise DataError(
                f"{path}:{number}: {len(fields)} field{'s' * (len(fields) > 1)}, "
                f"but the first row has {width}."
            )
    text, label, header = _locate(path, rows, given)
    for number, fields in rows[header:]:
        yield number, fields[text], fields[label]


def _locate(path: Path, rows: Sequence[Record], given: Mapping[str, str | None]) -> tuple[int, int, bool]:
    """The positions of text and label, and whether the first row is a header."""
    where, first = f"{path}:{rows[0][0]}", rows[0][1]
    if any((given[role] or "").isdecimal() for role in ("text", "label")):
        numbers = [
            columns.number(name, role, len(first), where) if (name := given[role]) is not None else None
            for role in ("text", "label")
        ]
        return *_both(numbers, len(first), where), False
    places = [columns.find(first, role, given[role], where) for role in ("text", "label")]
    if places != [None, None]:
        return *_both(places, len(first), where), True
    if len(first) != 2:
        raise DataError(
            f"{where}: no header with known names, and not two columns but {len(first)}; "
            "say with `data.text` and `data.label` which to take (names, or numbers from 0 without a header)."
        )
    label = _label_column([fields for _, fields in rows])
    _check_no_header([fields[label] for _, fields in rows], where)
    return 1 - label, label, False


def _both(places: Sequence[int | None], width: int, where: str) -> tuple[int, int]:
    """Text and label, where one may be None: of two columns it is the other one."""
    text, label = places
    if (text is None or label is None) and width != 2:
        role = "text" if text is None else "label"
        raise UsageError(f"{where}: which column holds the {role}? Name it with `data.{role}`.")
    if text is None:
        text = 1 - (label or 0)
    if label is None:
        label = 1 - text
    if text == label:
        raise UsageError(f"{where}: `data.text` and `data.label` are the same column.")
    return text, label


def _label_column(rows: Sequence[Sequence[str]]) -> int:
    """Of two columns the one with fewer distinct values, and with less text where both have as many."""

    def size(column: int) -> tuple[int, int]:
        values = [fields[column] for fields in rows]
        return len(set(values)), sum(map(len, values))

    return min((1, 0), key=size)


def _check_no_header(labels: Sequence[str], where: str) -> None:
    """Refuses a first row whose label no other row has, while each of theirs recurs: it must be a header."""
    others = Counter(labels[1:])
    if others and labels[0] not in others and min(others.values()) > 1:
        raise DataError(
            f"{where}: no other row has the label {labels[0]!r}. If this row is a header, write its columns' "
            "names as `data.text` and `data.label`; if it is not, their numbers, from 0."
        )
