"""The server's log: one JSON object a line on standard error, and never a word of anybody's text.

Lines about requests are written together, a few times a second: one by one they cost a tenth of the server's
time. All others are written at once, after those that were before them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
from datetime import UTC, datetime
from typing import Any

SECONDS = 0.1  # that a line may wait
_waiting: list[str] = []
_lock = threading.Lock()
_ENCODER = json.JSONEncoder(default=str)


def write(event: str, **fields: Any) -> None:
    """Writes one line: when, what, and more about it."""
    with _lock:
        _waiting.append(_line(event, fields))
    flush()


def later(event: str, **fields: Any) -> None:
    """The same, soon; to be called where an event loop runs."""
    with _lock:
        if not _waiting:
            asyncio.get_running_loop().call_later(SECONDS, flush)
        _waiting.append(_line(event, fields))


def flush() -> None:
    """Writes what waits."""
    with _lock:
        lines = "".join(_waiting)
        _waiting.clear()
        sys.stderr.write(lines)
        sys.stderr.flush()


def _line(event: str, fields: dict[str, Any]) -> str:
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"{_ENCODER.encode({'time': time, 'event': event, **fields})}\n"


class Handler(logging.Handler):
    """What libraries log, in the same form; without their tracebacks, whose messages may hold a text."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a record's message."""
        write("library", logger=record.name, level=record.levelname.lower(), message=record.getMessage())
