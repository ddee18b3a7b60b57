"""What a stage wrote of a run as one JSON object, read by whatever comes after it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nlp_rnn.schema import DataError


def read(path: Path, *, stage: str) -> Mapping[str, Any]:
    """Reads a file that a stage wrote into its run's folder.

    Raises:
        DataError: it is missing or damaged; the message names the stage to run.
    """
    mend = f"run `nlp-rnn {stage} {path.parent.name}` first."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; {mend}") from None
    except ValueError as error:
        raise DataError(f"{path}: not valid JSON ({error}); {mend}") from None
    if not isinstance(content, Mapping):
        raise DataError(f"{path}: holds no JSON object; {mend}")
    return content
