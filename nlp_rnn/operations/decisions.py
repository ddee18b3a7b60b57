"""The record of every promotion that was decided in this workspace: ``mlruns/decisions.jsonl``."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from nlp_rnn.integrations import store

PATH = store.FOLDER / "decisions.jsonl"


def append(record: Mapping[str, Any]) -> None:
    """Adds a decision and makes sure that it is on the disk."""
    PATH.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(record, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    with PATH.open("a+b") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":  # whoever wrote last was cut off
                line = b"\n" + line
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def last(run: str) -> Mapping[str, Any] | None:
    """The latest decision about a run, passing over lines that were cut off."""
    try:
        lines = PATH.read_bytes().splitlines()
    except FileNotFoundError:
        return None
    for line in reversed(lines):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, Mapping) and record.get("run") == run:
            return record
    return None
