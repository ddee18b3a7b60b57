"""What a person wants to know of each run: its score, its champion, and what was decided last."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nlp_rnn import params
from nlp_rnn.operations import decisions

COLUMNS = ("run", "metric", "test", "baseline", "champion", "last decision", "data docs")
SHOWN = 5  # of them, on a terminal


def line(run: str, root: Path, state: str) -> str:
    """One line for the terminal: ``ner-en: up to date, champion ner-en version 3, f1 0.71``."""
    report = _report(run, root)
    champion = _champion(decisions.last(run))
    parts = [state, f"champion {run} version {champion}" if champion else "no champion"]
    if report:
        parts.append(f"{report['primary']} {report['score']:.2f}")
    return f"{run}: {', '.join(parts)}"


def main() -> None:
    """Prints every run's score beside its baseline's, as a Markdown table that a terminal shows well, too."""
    root = Path.cwd()
    rows = [_row(run, root)[:SHOWN] for run in params.load_all(root / params.PATH)]
    widths = [max(map(len, column)) for column in zip(COLUMNS[:SHOWN], *rows)]
    for row in (COLUMNS[:SHOWN], tuple("-" * width for width in widths), *rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


def table(runs: Iterable[str], root: Path) -> str:
    """The same and more for all runs, as a Markdown table."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), *(_row(run, root) for run in runs)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _row(run: str, root: Path) -> tuple[str, ...]:
    report, record = _report(run, root), decisions.last(run)
    docs = root / "data" / "validation" / run / "docs" / "index.html"
    baseline = report.get("baseline") or {}
    return (
        run,
        str(report.get("primary", "")),
        _number(report.get("score")),
        f"{_number(baseline.get('score'))} {_cell(baseline.get('name', ''))}".strip(),
        _champion(record) or "none",
        _cell(record["reason"]) if record else "none",
        f"[{docs.relative_to(root)}]({docs.as_uri()})" if docs.exists() else "none",
    )


def _report(run: str, root: Path) -> Mapping[str, Any]:
    """The report of the run's evaluation, empty where there is none (yet)."""
    try:
        report = json.loads((root / "data" / "reports" / run / "metrics.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return report if isinstance(report, Mapping) and {"primary", "score"} <= set(report) else {}


def _champion(record: Mapping[str, Any] | None) -> str | None:
    """The champion's version as the last decision left it."""
    if record is None:
        return None
    if record["promote"]:
        return str(record["version"])
    return str(record["champion"]["version"]) if record["champion"] else None


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, (int, float)) else ""


def _cell(text: Any) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")
