"""A block of YAML -> a frozen dataclass; what does not fit is an error that names key, line and choices."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from nlp_rnn.schema import UsageError

T = TypeVar("T")
_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def number(default: float | None, low: float = 0, high: float = float("inf")) -> Any:
    """A dataclass field that holds a number in [low, high]."""
    return field(default=default, metadata={"low": low, "high": high})


def read(path: Path) -> Mapping[str, Any]:
    """Reads a YAML file that holds a mapping, and remembers the line of every key.

    Raises:
        UsageError: no such file, not UTF-8, not YAML, or no mapping.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        document = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file; run this in the project's folder.") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 at byte {error.start}.") from None
    except (YAMLError, RecursionError) as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        problem = getattr(error, "problem", None) or str(error)
        at = f"{path}:{mark.line + 1}" if mark else f"{path}"
        raise UsageError(f"{at}: not valid YAML: {problem.strip().splitlines()[0]}.") from None
    if not isinstance(document, Mapping):
        raise UsageError(f"{path}: holds no mapping of keys to values.")
    return document


def at(path: Path, block: Any, key: Any) -> str:
    """``FILE:LINE`` of a key in a block that :func:`read` gave, or ``FILE`` where that is not known."""
    try:
        return f"{path}:{block.lc.key(key)[0] + 1}"
    except (KeyError, TypeError, AttributeError):
        return f"{path}"


def mapping(block: Any, where: str, name: str) -> Mapping[str, Any]:
    """The block itself, once it is known to be a mapping; an empty one where it holds nothing.

    Raises:
        UsageError: it is something else.
    """
    if block is None:
        return {}
    if not isinstance(block, Mapping):
        raise UsageError(f"{where}: `{name}` must be a mapping of keys to values, not {block!r}.")
    return block


def check_keys(
    path: Path, block: Mapping[Any, Any], where: str, name: str, known: Iterable[str], required: Iterable[str]
) -> None:
    """Raises UsageError for a key that is not known, with its line, or one that is missing."""
    choices = sorted(known)
    for key in block:
        if key not in choices:
            raise UsageError(
                f"{at(path, block, key)}: unknown key `{key}` in {name}; known: {', '.join(choices)}."
            )
    for key in sorted(set(required) - set(block)):
        raise UsageError(f"{where}: {name} lacks the key `{key}`.")


def build(
    kind: type[T], path: Path, block: Any, where: str, name: str, defaults: Mapping[str, Any] | None = None
) -> T:
    """Makes a dataclass of a block.

    Args:
        kind: the dataclass; its type hints and :func:`number` fields say what fits.
        path: the file, for messages.
        block: the mapping, as :func:`read` gave it.
        where: ``FILE:LINE`` of the block.
        name: the block's dotted name.
        defaults: what stands instead of the dataclass's own defaults.

    Raises:
        UsageError: a key that is unknown, missing, or of another type or range.
    """
    block = mapping(block, where, name)
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    required = [f.name for f in known.values() if f.default is MISSING and f.default_factory is MISSING]
    check_keys(path, block, where, name, known, required)
    hints = get_type_hints(kind)
    given = {
        key: build(hints[key], path, block[key], at(path, block, key), f"{name}.{key}")
        if is_dataclass(hints[key])
        else value(block[key], hints[key], at(path, block, key), f"{name}.{key}", known[key].metadata)
        for key in block
    }
    return kind(**{**(defaults or {}), **given})


def value(
    given: Any, hint: Any, where: str, key: str, bounds: Mapping[Any, Any] = types.MappingProxyType({})
) -> Any:
    """Checks one value against its type; a whole number serves as a number, and as text where None would.

    Raises:
        UsageError: it does not fit.
    """
    if get_origin(hint) in (Union, types.UnionType):
        if given is None:
            return None
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
        if hint is str and isinstance(given, int) and not isinstance(given, bool):
            return str(given)
    if get_origin(hint) is Literal:
        if given not in get_args(hint):
            raise UsageError(
                f"{where}: `{key}` is {given!r}; it must be one of: {', '.join(get_args(hint))}."
            )
        return str(given)
    # YAML's own types are subclasses of Python's, and True is a number to Python but not to a person.
    fits = isinstance(given, (int, float)) if hint is float else isinstance(given, hint)
    if not fits or (isinstance(given, bool) and hint is not bool):
        raise UsageError(f"{where}: `{key}` is {given!r}; it must be {_WORDS[hint]}.")
    if bounds and not bounds["low"] <= given <= bounds["high"]:
        raise UsageError(
            f"{where}: `{key}` is {given}; it must lie in [{bounds['low']:g}, {bounds['high']:g}]."
        )
    return hint(given)
