"""The history of a training as a table, which DVC and people plot."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

from nlp_rnn.training.fit import Epoch


def write(path: Path, epochs: Sequence[Epoch]) -> None:
    """Writes a CSV file with a row for each epoch; its folder is made if it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(field.name for field in fields(Epoch))
        rows.writerows(
            [f"{value:.6g}" if isinstance(value, float) else int(value) for value in astuple(epoch)]
            for epoch in epochs
        )
