"""What a dvc.lock says: which stages made something, in what order, from which bytes, and if those are here.

DVC takes a file in its cache, or in a remote, for what its name says. Here each byte is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp_rnn.schema import NlpRnnError

FOLDER = ".dir"  # ends the digest of a folder, which is that of the list of its files
_UNSEEN = ("__pycache__",)  # as .dvcignore has it


@dataclass(frozen=True)
class Entry:
    """A file or folder, and the digest that it had."""

    path: str
    md5: str


@dataclass(frozen=True)
class Stage:
    """One stage as it was last run."""

    name: str  # `train@ner-en`
    deps: tuple[Entry, ...]
    outs: tuple[Entry, ...]


def stages(lock: Mapping[str, Any], last: str) -> list[Stage]:
    """A stage and all that it needs, each behind what it needs itself.

    Args:
        lock: the content of dvc.lock.
        last: the stage's name.

    Raises:
        NlpRnnError: it is not in there, or what is there is no lock.
    """
    try:
        known = {
            name: Stage(name, _entries(stage.get("deps", ())), _entries(stage.get("outs", ())))
            for name, stage in lock["stages"].items()
        }
    except (KeyError, TypeError, AttributeError):
        raise NlpRnnError("dvc.lock is damaged: it lists no stages with paths and digests.") from None
    if last not in known:
        raise NlpRnnError(f"dvc.lock knows no stage {last}: nothing says what it was made from.")
    makers = {out.path: stage for stage in known.values() for out in stage.outs}
    found: dict[str, Stage] = {}

    def visit(stage: Stage) -> None:
        for dep in stage.deps:
            if dep.path in makers and makers[dep.path].name not in found:
                visit(makers[dep.path])
        found[stage.name] = stage

    visit(known[last])
    return list(found.values())


def differences(
    root: Path, entries: Sequence[Entry], caches: Sequence[Path] = ()
) -> Iterator[tuple[str, str]]:
    """Yields each file that is not what it was: its path, and ``changed``, ``missing`` or ``new``.

    Args:
        root: the folder that paths begin in.
        entries: what there should be.
        caches: of DVC, one of which should have the list of a folder's files; or else it is named as a whole.
            The first is where DVC puts what it gets.
    """
    for entry in entries:
        path = root / entry.path
        here = path.exists()
        if here and md5(path) == entry.md5:
            continue
        named = list(_in_folder(path, entry, caches)) if entry.md5.endswith(FOLDER) else []
        yield from named or [(entry.path, "changed" if here else "missing")]


def md5(path: Path) -> str:
    """The digest of a file or folder, as DVC has it."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()
    return hashlib.md5(_listing(_files(path)).encode()).hexdigest() + FOLDER


def _in_folder(path: Path, entry: Entry, caches: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """The files that make a folder another; none where no list of its files is to be trusted.

    DVC makes no folder of which it lacks a file: then the first cache has those that it got.
    """
    lists = (_object(cache, entry.md5) for cache in caches)
    whole = [file for file in lists if file.is_file() and md5(file) + FOLDER == entry.md5]
    if not whole:
        return
    wanted = {row["relpath"]: row["md5"] for row in json.loads(whole[0].read_bytes())}
    found = _files(path) if path.exists() else _cached(caches[0], wanted)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            how = "missing" if name not in found else "new" if name not in wanted else "changed"
            yield f"{entry.path}/{name}", how


def _files(folder: Path) -> dict[str, str]:
    """The digest of each file in a folder, at any depth, by its path in there."""
    return {
        file.relative_to(folder).as_posix(): md5(file)
        for file in folder.rglob("*")
        if file.is_file() and not set(_UNSEEN) & set(file.parts) and file.suffix != ".pyc"
    }


def _cached(cache: Path, wanted: Mapping[str, str]) -> dict[str, str]:
    """The digest of each wanted file that is in the cache, whatever it should be."""
    objects = {name: _object(cache, digest) for name, digest in wanted.items()}
    return {name: md5(file) for name, file in objects.items() if file.is_file()}


def _object(cache: Path, digest: str) -> Path:
    """Where a cache has what it takes for the bytes of a digest."""
    return cache / "files/md5" / digest[:2] / digest[2:]


def _listing(files: Mapping[str, str]) -> str:
    """The list whose digest is that of a folder."""
    return json.dumps([{"md5": files[name], "relpath": name} for name in sorted(files)])


def _entries(rows: Any) -> tuple[Entry, ...]:
    return tuple(Entry(row["path"], row["md5"]) for row in rows if "md5" in row)
