"""JSON Lines: an object a line, with text and label, or with tokens and tags."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nlp_rnn.data.readers import columns, lines, schemes
from nlp_rnn.data.readers.schemes import Tagged
from nlp_rnn.schema import DataError

DEEPEST = 20  # levels of lists and objects; what is needed has two
_KINDS = {str: "string", int: "whole number"}


def read_labeled(path: Path, given: Mapping[str, str | None]) -> Iterator[tuple[int, str, str]]:
    """Yields line, text and label of each object; a label is text, or a whole number in the whole file.

    Raises:
        DataError: a line that is no such object.
    """
    kind: type | None = None
    for number, text, label in _pairs(path, given, "text", "label"):
        where = f"{path}:{number}"
        if not isinstance(text, str):
            raise DataError(f"{where}: the text is {_show(text)}, not a string.")
        if type(label) not in (str, int):
            raise DataError(f"{where}: the label is {_show(label)}, neither a string nor a whole number.")
        kind = kind or type(label)
        if type(label) is not kind:
            raise DataError(
                f"{where}: the label {_show(label)} is no {_KINDS[kind]}, as those before it are."
            )
        yield number, text, str(label)


def read_tagged(path: Path, given: Mapping[str, str | None]) -> Iterator[Tagged]:
    """Yields line, tokens and BIO tags of each object; its tags may be of any scheme.

    Raises:
        DataError: a line that is no such object, or that has another number of tags than of tokens.
    """
    return schemes.to_bio(path, list(_tagged(path, given)), token_lines=False)


def _tagged(path: Path, given: Mapping[str, str | None]) -> Iterator[Tagged]:
    for number, tokens, tags in _pairs(path, given, "tokens", "tags"):
        where = f"{path}:{number}"
        for name, values in (("tokens", tokens), ("tags", tags)):
            if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
                raise DataError(f"{where}: the {name} are {_show(values)}, not a list of strings.")
        if len(tokens) != len(tags):
            raise DataError(f"{where}: {len(tokens)} tokens, but {len(tags)} tags.")
        yield number, tuple(tokens), tuple(tags)


def _pairs(
    path: Path, given: Mapping[str, str | None], content: str, annotation: str
) -> Iterator[tuple[int, Any, Any]]:
    """Line and the two values that matter of each object; the first object's keys tell which those are."""
    keys: list[str] = []
    for number, record in objects(path):
        where = f"{path}:{number}"
        keys = keys or [_key(list(record), role, given[role], where) for role in (content, annotation)]
        if missing := [key for key in keys if key not in record]:
            raise DataError(f"{where}: the object lacks `{missing[0]}`, which the first has.")
        yield number, record[keys[0]], record[keys[1]]


def _key(names: list[str], role: str, given: str | None, where: str) -> str:
    position = columns.find(names, role, given, where)
    if position is None:
        raise DataError(
            f"{where}: no key is known to hold the {role} (keys: {', '.join(names) or 'none'}); "
            f"name it with `data.{role}`."
        )
    return names[position]


def objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields the number and the object of each line that is not blank; raises DataError for no object."""
    for number, line in lines.read(path):
        where = f"{path}:{number}"
        if not line.strip(" \t\r"):
            continue
        try:
            record = json.loads(line, object_pairs_hook=_unique)
            if _is_deeper(record, DEEPEST):
                raise RecursionError
            json.dumps(record, ensure_ascii=False).encode()  # refuses half of a surrogate pair, as "\ud800"
        except RecursionError:
            raise DataError(f"{where}: lists or objects lie more than {DEEPEST} deep.") from None
        except UnicodeEncodeError:
            raise DataError(f"{where}: an escape such as \\ud800 is half a character.") from None
        except ValueError as error:
            raise DataError(f"{where}: not a JSON object ({error}).") from None
        if not isinstance(record, dict):
            raise DataError(f"{where}: {_show(record)} is not a JSON object; write one a line.")
        yield number, record


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, list | dict):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(part, levels - 1) for part in parts)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError("a key occurs twice")
    return record


def _show(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= 60 else f"{shown[:60]}…"
