"""Generated parts of documents: what stands between two marks is written by a command, the rest by people."""

from __future__ import annotations

from pathlib import Path

from nlp_rnn.schema import UsageError


def insert(path: Path, mark: str, text: str) -> None:
    """Puts text between ``<!-- MARK -->`` and ``<!-- end of MARK -->``.

    Raises:
        UsageError: the document lacks one of the marks.
    """
    content = path.read_text(encoding="utf-8")
    begin, end = f"<!-- {mark} -->", f"<!-- end of {mark} -->"
    head, found, rest = content.partition(begin)
    _, closed, tail = rest.partition(end)
    if not (found and closed):
        raise UsageError(
            f"{path}: there must be a line {begin!r} and after it a line {end!r}; put them back."
        )
    path.write_text(f"{head}{begin}\n\n{text.strip()}\n\n{end}{tail}", encoding="utf-8")
