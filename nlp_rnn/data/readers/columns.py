"""Which column holds what: as params.yaml says, or by the names that people use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nlp_rnn.schema import DataError, UsageError

KNOWN: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "review", "sentence", "content", "comment"),
    "label": ("label", "sentiment", "polarity", "class", "rating"),
    "tokens": ("tokens", "words"),
    "tags": ("tags", "ner_tags", "labels"),
}


def find(names: Sequence[str], role: str, given: str | None, where: str) -> int | None:
    """The position of the column for a role (a key of KNOWN), or None where no name tells.

    Args:
        names: the columns' names; how they are capitalized does not matter.
        role: what the column shall hold.
        given: its name, if params.yaml has it.
        where: ``file:line``, for messages.

    Raises:
        UsageError: there is no column of the given name.
        DataError: several columns might hold it.
    """
    lowered = [name.strip().lower() for name in names]
    wanted = KNOWN[role] if given is None else (given.strip().lower(),)
    found = [position for position, name in enumerate(lowered) if name in wanted]
    if len(found) > 1:
        candidates = ", ".join(repr(names[position]) for position in found)
        raise DataError(f"{where}: {candidates} might each be the {role}; name one with `data.{role}`.")
    if given is not None and not found:
        raise UsageError(f"{where}: `data.{role}` is {given!r}, but the columns are: {', '.join(names)}.")
    return found[0] if found else None


def number(given: str, role: str, count: int, where: str) -> int:
    """A column's position that params.yaml gives as a number from 0; UsageError where there is none such."""
    if not given.isdecimal() or int(given) >= count:
        raise UsageError(
            f"{where}: `data.{role}` is {given!r}; it must be a column's number, from 0 to {count - 1}."
        )
    return int(given)
