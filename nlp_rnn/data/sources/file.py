"""``file:PATH``: a file, or a folder with train, dev and test files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from nlp_rnn.data import splits
from nlp_rnn.data.sources import pointer
from nlp_rnn.data.sources.fetched import Fetched, digests
from nlp_rnn.schema import UsageError


def point(link: Path, address: str, *, task: str, language: str) -> None:
    """Links to the file or folder; UsageError where there is none."""
    target = Path(address).expanduser()
    if not target.exists():
        raise UsageError(f"{target}: no such file or folder; `data.source` in params.yaml names it.")
    pointer.link(link, target)


def fetch(folder: Path, link: Path, *, task: str, language: str, seed: int, sentences: int) -> Fetched:
    """Copies the files that hold splits to a folder, under their own names."""
    target = Path(os.path.normpath(link.parent / os.readlink(link)))
    for path in splits.find(target).values():
        try:
            shutil.copyfile(path, folder / path.name)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}.") from None
    return Fetched(str(target), None, digests(folder))
