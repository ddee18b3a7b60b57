"""Pointers in data/inputs: a link to what a run reads, or a small file with its pinned address.

A pointer that is right already stays untouched. A run that reads more than its source has a folder of them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from nlp_rnn.schema import UsageError


def link(path: Path, target: Path) -> None:
    """Makes ``path`` a symbolic link: relative to a target in the working folder, absolute to one outside."""
    inside = Path(os.path.abspath(target)).is_relative_to(Path.cwd())
    address = os.path.relpath(target, path.parent) if inside else os.path.abspath(target)
    if not (path.is_symlink() and os.readlink(path) == address):
        _replace(path, lambda unfinished: unfinished.symlink_to(address))


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Writes a pointer of plain values as YAML."""
    from io import StringIO

    from ruamel.yaml import YAML

    stream = StringIO("# Made by `nlp-rnn ingest` from params.yaml: what this run reads.\n")
    stream.seek(0, os.SEEK_END)
    yaml = YAML()
    yaml.width = 1000
    yaml.dump(dict(content), stream)
    text = stream.getvalue()
    if path.is_symlink() or not path.is_file() or path.read_text(encoding="utf-8") != text:
        _replace(path, lambda unfinished: unfinished.write_text(text, encoding="utf-8", newline="\n"))


def load(path: Path) -> Mapping[str, Any]:
    """Reads a pointer that :func:`save` wrote; an empty mapping where there is none."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if path.is_symlink() or not path.is_file():
        return {}
    try:
        content = YAML(typ="safe").load(path)
    except (YAMLError, UnicodeDecodeError):
        content = None
    if not isinstance(content, Mapping):
        raise UsageError(f"{path}: is damaged; remove it, and `nlp-rnn ingest {path.name}` makes it anew.")
    return content


def link_files(path: Path, paths: Iterable[Path]) -> None:
    """Makes ``path`` a folder that holds a link to each of some files, and nothing else."""
    files = {file.name: file for file in paths if file.is_file()}
    path.mkdir(exist_ok=True)
    for left_behind in path.iterdir():
        if left_behind.name not in files:
            left_behind.unlink()
    for name, file in files.items():
        link(path / name, file)


def nest(path: Path, name: str) -> None:
    """Makes ``path`` a folder; a pointer that stood there moves into it under a name."""
    if path.is_symlink() or path.is_file():
        aside = path.with_name(f".{path.name}.unfinished")
        path.replace(aside)
        path.mkdir()
        aside.replace(path / name)
    path.mkdir(parents=True, exist_ok=True)


def unnest(path: Path, name: str, others: Collection[str]) -> None:
    """Undoes :func:`nest`; what else stands in the folder goes, if it has one of the other names.

    Raises:
        UsageError: something in the folder is not ours.
    """
    if not path.is_dir() or path.is_symlink():
        return
    if not {file.name for file in path.iterdir()} <= {name, *others}:
        raise UsageError(f"{path}: is a folder where a pointer to the run's text belongs; move it away.")
    aside = path.with_name(f".{path.name}.unfinished")
    if (path / name).is_symlink() or (path / name).exists():
        (path / name).replace(aside)
    shutil.rmtree(path)
    if aside.is_symlink() or aside.exists():
        aside.replace(path)


def _replace(path: Path, make: Callable[[Path], object]) -> None:
    if path.is_dir() and not path.is_symlink():
        raise UsageError(f"{path}: is a folder where a pointer to the run's text belongs; move it away.")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    make(unfinished)
    unfinished.replace(path)
