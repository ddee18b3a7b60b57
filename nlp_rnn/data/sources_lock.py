"""data/sources.lock: what was last fetched for each run, for people and for git; no stage depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from nlp_rnn.data.sources.fetched import Fetched
from nlp_rnn.schema import DataError

PATH = Path("data/sources.lock")


def record(run: str, source: str, fetched: Fetched, path: Path = PATH) -> None:
    """Notes what was fetched for a run, unless the same is noted already.

    Args:
        run: its name.
        source: as params.yaml has it.
        fetched: what it brought.
        path: the file; other processes that write it wait.
    """
    from filelock import FileLock

    entry = {
        "source": source,
        "address": fetched.address,
        "revision": fetched.revision,
        "files": dict(fetched.files),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        entries = dict(_read(path))
        before = dict(entries.get(run, {}))
        before.pop("fetched", None)
        if before != entry:
            entries[run] = {**entry, "fetched": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
            _write(path, {name: entries[name] for name in sorted(entries)})


def read(run: str, path: Path = PATH) -> Mapping[str, Any]:
    """What is noted for a run; empty where nothing was fetched."""
    return _read(path).get(run, {})


def _read(path: Path) -> Mapping[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if not path.exists():
        return {}
    try:
        entries = YAML(typ="safe").load(path) or {}
    except (YAMLError, UnicodeDecodeError):
        entries = None
    if not isinstance(entries, Mapping) or not all(isinstance(entry, Mapping) for entry in entries.values()):
        raise DataError(f"{path}: is damaged; take it from git again, or remove it.")
    return entries


def _write(path: Path, entries: Mapping[str, Any]) -> None:
    from ruamel.yaml import YAML

    stream = StringIO()
    yaml = YAML()
    yaml.width = 1000
    yaml.dump(dict(entries), stream)
    unfinished = path.with_name(f".{path.name}.unfinished")
    text = "# What was last fetched for each run; `nlp-rnn ingest` writes it.\n" + stream.getvalue()
    unfinished.write_text(text, encoding="utf-8", newline="\n")
    unfinished.replace(path)
