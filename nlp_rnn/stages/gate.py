"""The verdict of validation, asked for before a later stage spends time on the data."""

from __future__ import annotations

from pathlib import Path

from nlp_rnn.data import results
from nlp_rnn.schema import DataRefused


def require_valid(run_name: str) -> None:
    """Stops here unless validation let the run's data pass.

    Raises:
        DataError: there is no readable verdict.
        DataRefused: the verdict is no.
    """
    path = Path("data/validation") / run_name / "report.json"
    if results.read(path, stage="validate").get("success") is not True:
        raise DataRefused(
            f"{path}: validation refused the data of {run_name}; the report names what failed and the rows. "
            f"Mend them at their source and run `nlp-rnn ingest {run_name}` again."
        )
