"""Weighted templates that expand to random text, shared by the demo text generators of every language.

A template is plain text with slots in braces, which may nest:

    {city}                  one entry of the rule "city", itself a template, expanded in turn
    {went|drove {far|away}} one of these alternatives, written in place
    {very |}good            an alternative may be empty
    [PER:{name}]            an entity mark, plain text to the grammar and read back by `split_marks`

A rule is a sequence of templates; a pair `(template, weight)` counts `weight` times instead of once.
"""

import re
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

_PIECE = re.compile(r"[{}|]|[^{}|]+")
_MARK = re.compile(r"\[([A-Z]+):([^\]]*)\]")
_WEIGHED = re.compile(r"(?:(\d+)x )?(.*)")
_Choice = tuple[list, list]  # compiled alternatives and their cumulative weights (empty: all weigh the same)


class Grammar:
    """Rules compiled once and expanded often; raises ValueError for an unknown slot or a stray brace."""

    def __init__(self, rules: Mapping[str, Sequence[str | tuple[str, float]]]) -> None:
        self._rules: dict[str, _Choice] = {name: ([], []) for name in rules}
        for name, entries in rules.items():
            if not entries:
                raise ValueError(f"rule {name!r} has no entries; give it at least one template")
            pairs = [(entry, 1.0) if isinstance(entry, str) else entry for entry in entries]
            options, cumulative = self._rules[name]
            options.extend(self._compile(template) for template, _ in pairs)
            if any(weight != 1.0 for _, weight in pairs):
                cumulative.extend(accumulate(weight for _, weight in pairs))

    def expand(self, slot: str, generator: Random) -> str:
        """Return one random expansion of the rule `slot`; the draws come from `generator` alone."""
        written: list[str] = []
        _write(self._rules[slot], generator.random, written)
        return "".join(written)

    def _compile(self, template: str) -> list:
        open_choices: list[list[list]] = [[[]]]  # innermost last; each is a list of alternatives
        for piece in _PIECE.findall(template):
            if piece == "{":
                open_choices.append([[]])
            elif piece == "|" and len(open_choices) > 1:
                open_choices[-1].append([])
            elif piece == "}" and len(open_choices) > 1:
                alternatives = open_choices.pop()
                open_choices[-1][-1].append(self._slot(alternatives, template))
            elif piece == "}":
                raise ValueError(f"closing brace without an opening one in {template!r}")
            else:
                open_choices[-1][-1].append(piece)
        if len(open_choices) > 1:
            raise ValueError(f"unclosed brace in {template!r}")
        return open_choices[0][0]

    def _slot(self, alternatives: list[list], template: str) -> _Choice:
        if len(alternatives) > 1:
            return alternatives, []
        name = "".join(part if isinstance(part, str) else "{...}" for part in alternatives[0])
        if name not in self._rules:
            raise ValueError(f"no rule {name!r} for {template!r}; the rules are {sorted(self._rules)}")
        return self._rules[name]


def _write(choice: _Choice, draw: Callable[[], float], written: list[str]) -> None:
    options, cumulative = choice
    place = bisect(cumulative, draw() * cumulative[-1]) if cumulative else int(draw() * len(options))
    for part in options[place]:
        if isinstance(part, str):
            written.append(part)
        else:
            _write(part, draw, written)


def split_marks(text: str) -> list[tuple[str, str]]:
    """Split marked text into (piece, label) in reading order; the label is "" outside every mark."""
    parts = _MARK.split(text)  # outside, label, inside, outside, label, inside, ..., outside
    pieces = [(parts[0], "")]
    for label, inside, outside in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        pieces += [(inside, label), (outside, "")]
    return [piece for piece in pieces if piece[0]]


def read_rules(path: Path) -> dict[str, list[Any]]:
    """Read the rules of a text file, each under a header line; lines that start with "#" are comments.

    "== name: words" starts entries apart by commas or lines, "== name: frames" templates one a line, and
    "== name" templates with a weight, given as pairs: "8x ".
    """
    lines: dict[tuple[str, str], list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            name, _, kind = line[3:].partition(": ")
            entries = lines.setdefault((name, kind), [])
        elif line.strip() and not line.startswith("#"):
            entries += (
                [word.strip() for word in line.split(",") if word.strip()] if kind == "words" else [line]
            )
    rules: dict[str, list[Any]] = {}
    for (name, kind), entries in lines.items():
        if kind:
            rules[name] = list(entries)
        else:
            weighed = (_WEIGHED.fullmatch(entry) for entry in entries)
            rules[name] = [(found[2], float(found[1] or 1)) for found in weighed if found]
    return rules
