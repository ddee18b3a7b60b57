"""Where text comes from, as ``data.source`` in params.yaml says.

Each source is a module with two functions. ``point`` makes a pointer: to what the source reads, or the pinned
address of it, so that DVC can tell whether that changed. ``fetch`` writes the bytes to a folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from nlp_rnn.data.sources import catalog, demo, file, hub, pointer
from nlp_rnn.schema import UsageError

SOURCES: Mapping[str, ModuleType] = {"demo": demo, "file": file, "catalog": catalog, "hub": hub}
FORMS = ("demo", "file:PATH", "catalog:NAME", "hub:REPO[@REVISION]")


@dataclass(frozen=True, slots=True)
class Inputs:
    """The pointers of a run: ``data/inputs/RUN``, or, where it reads more than its source, files in it."""

    source: Path
    unlabeled: Path | None = None
    vectors: Path | None = None


def parse(source: str) -> tuple[str, str]:
    """``hub:REPO@REVISION`` -> ``("hub", "REPO@REVISION")``; the key of SOURCES and the address.

    Raises:
        UsageError: the source has none of the FORMS.
    """
    kind, _, address = source.partition(":")
    if kind not in SOURCES or bool(address) == (kind == "demo"):
        raise UsageError(f"{source!r} is not a source; use one of: {', '.join(FORMS)}.")
    return kind, address


def point(
    run: str,
    source: str,
    *,
    task: str,
    language: str,
    unlabeled: str | None = None,
    vectors: str | None = None,
) -> Inputs:
    """Makes ``data/inputs/RUN``, or leaves it as it is where it is right already.

    Args:
        run: its name.
        source: what its examples come from.
        task, language: the run's.
        unlabeled, vectors: the files that `data.unlabeled` and `data.vectors` name, if they name any.

    Raises:
        UsageError: the source, or what it names, does not exist.
    """
    kind, address = parse(source)
    path = Path("data/inputs") / run
    asked = {"unlabeled": unlabeled, "vectors": vectors}
    given = {name: _file(name, value) for name, value in asked.items() if value is not None}
    if not given:
        pointer.unnest(path, "source", ("files", *asked))
        SOURCES[kind].point(path, address, task=task, language=language)
        return Inputs(path)
    pointer.nest(path, "source")
    found = Inputs(path / "source", **{name: path / name for name in given})
    SOURCES[kind].point(found.source, address, task=task, language=language)
    # DVC, which hashes this folder, follows links to files alone.
    pointer.link_files(path / "files", found.source.iterdir() if found.source.is_dir() else ())
    for name in asked:
        if name in given:
            pointer.link(path / name, given[name])
        else:
            (path / name).unlink(missing_ok=True)
    return found


def _file(name: str, value: str) -> Path:
    path = Path(value).expanduser()
    if not path.is_file():
        raise UsageError(f"{path}: no such file; `data.{name}` in params.yaml names it.")
    return path
