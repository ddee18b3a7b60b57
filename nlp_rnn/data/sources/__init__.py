"""Where text comes from, as ``data.source`` in params.yaml says.

Each source is a module with two functions. ``point`` makes ``data/inputs/RUN``: what the source reads, or the
pinned address of it, so that DVC can tell whether that changed. ``fetch`` writes the bytes to a folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from nlp_rnn.data.sources import catalog, demo, file, hub
from nlp_rnn.schema import UsageError

SOURCES: Mapping[str, ModuleType] = {"demo": demo, "file": file, "catalog": catalog, "hub": hub}
FORMS = ("demo", "file:PATH", "catalog:NAME", "hub:REPO[@REVISION]")


def parse(source: str) -> tuple[str, str]:
    """``hub:REPO@REVISION`` -> ``("hub", "REPO@REVISION")``; the key of SOURCES and the address.

    Raises:
        UsageError: the source has none of the FORMS.
    """
    kind, _, address = source.partition(":")
    if kind not in SOURCES or bool(address) == (kind == "demo"):
        raise UsageError(f"{source!r} is not a source; use one of: {', '.join(FORMS)}.")
    return kind, address


def point(run: str, source: str, *, task: str, language: str) -> Path:
    """Makes ``data/inputs/RUN``, or leaves it as it is where it is right already, and returns its path.

    Raises:
        UsageError: the source, or what it names, does not exist.
    """
    kind, address = parse(source)
    path = Path("data/inputs") / run
    SOURCES[kind].point(path, address, task=task, language=language)
    return path
