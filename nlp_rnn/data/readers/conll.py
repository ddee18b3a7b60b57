"""CoNLL columns: a token a line, its tag last, a blank line between sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from nlp_rnn.data.readers import columns, lines, schemes
from nlp_rnn.data.readers.schemes import Tagged
from nlp_rnn.schema import DataError


def read(path: Path, given: Mapping[str, str | None]) -> Iterator[Tagged]:
    """Yields first line, tokens and BIO tags of each sentence.

    Args:
        path: columns lie between tabs if its first row has one, and between spaces otherwise; nothing else
            parts them, for U+3000, U+00A0 and the like occur in tokens. Tags may be of any scheme.
        given: the numbers of the columns for ``tokens`` (default: first) and ``tags`` (default: last).

    Raises:
        DataError: a row with more or fewer columns than the first, or with no token or tag.
    """
    return schemes.to_bio(path, list(_sentences(path, given)), token_lines=True)


def _sentences(path: Path, given: Mapping[str, str | None]) -> Iterator[Tagged]:
    tokens: list[str] = []
    tags: list[str] = []
    layout: _Layout | None = None
    number = 0
    for number, line in lines.read(path):
        line = line.removesuffix("\r")
        if not line.strip(" \t") or line.startswith("-DOCSTART-"):
            if tokens:
                yield number - len(tokens), tuple(tokens), tuple(tags)
            tokens, tags = [], []
            continue
        where = f"{path}:{number}"
        layout = layout or _Layout(line, given, where)
        token, tag = layout.cut(line, where)
        tokens.append(token)
        tags.append(tag)
    if tokens:
        yield number + 1 - len(tokens), tuple(tokens), tuple(tags)


class _Layout:
    """What the first row shows of all: what parts the columns, how many there are, and which matter."""

    def __init__(self, line: str, given: Mapping[str, str | None], where: str) -> None:
        self.tabs = "\t" in line
        self.width = len(self._fields(line))
        if self.width < 2:
            raise DataError(
                f"{where}: only one column; a row needs a token and, last, its tag, between tabs or spaces."
            )
        self.token = columns.number(given["tokens"] or "0", "tokens", self.width, where)
        self.tag = columns.number(given["tags"] or str(self.width - 1), "tags", self.width, where)

    def cut(self, line: str, where: str) -> tuple[str, str]:
        """The token and the tag of a row."""
        fields = self._fields(line)
        if len(fields) != self.width:
            raise DataError(
                f"{where}: {len(fields)} column{'s' * (len(fields) > 1)} between "
                f"{'tabs' if self.tabs else 'spaces'}, but the file's first row has {self.width}."
            )
        token, tag = fields[self.token], fields[self.tag]
        if not token or not tag:
            raise DataError(f"{where}: the row has no {'tag' if token else 'token'}.")
        return token, tag

    def _fields(self, line: str) -> list[str]:
        return line.split("\t") if self.tabs else [field for field in line.split(" ") if field]
