"""The server's log: one JSON object a line on standard error, and never a word of anybody's text."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any


def write(event: str, **fields: Any) -> None:
    """Writes one line: when, what, and more about it."""
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = json.dumps({"time": time, "event": event, **fields}, default=str)
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


class Handler(logging.Handler):
    """What libraries log, in the same form; without their tracebacks, whose messages may hold a text."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a record's message."""
        write("library", logger=record.name, level=record.levelname.lower(), message=record.getMessage())
