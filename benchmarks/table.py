"""Records -> rows, one for each system and set, and rows -> a table for people."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
HEAD = (
    "system",
    "test",
    "dev",
    "training, CPU-s",
    "all tried, CPU-s",
    "tokens/CPU-s",
    "p50, ms",
    "p99, ms",
    "model, MB",
    "memory, MB",
)


def rows(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Means over seeds, and deviations of scores (of the sample; 0 for one seed), by set and system."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for record in records:
        groups.setdefault((record["dataset"], record["system"]), []).append(record)
    return [_row(group) for group in groups.values()]


def _row(group: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first = group[0]

    def mean(*keys: str) -> float:
        return statistics.fmean(_get(record, keys) for record in group)

    def deviation(key: str) -> float:
        return statistics.stdev(record[key] for record in group) if len(group) > 1 else 0.0

    return {
        "dataset": first["dataset"],
        "system": first["system"],
        "metric": first["metric"],
        "seeds": len(group),
        "test": mean("test"),
        "test_deviation": deviation("test"),
        "dev": mean("dev"),
        "dev_deviation": deviation("dev"),
        "train_cpu_s": mean("train_cpu_s"),
        "total_cpu_s": mean("total_cpu_s"),
        "whole_cpu_s": mean("whole_cpu_s"),
        "tokens_per_cpu_s": mean("predict", "tokens_per_cpu_s"),
        "p50_cpu_ms": mean("latency", "p50_cpu_ms"),
        "p99_cpu_ms": mean("latency", "p99_cpu_ms"),
        "p50_wall_ms": mean("latency", "p50_wall_ms"),
        "p99_wall_ms": mean("latency", "p99_wall_ms"),
        "model_bytes": mean("model_bytes"),
        "training_peak_bytes": mean("training_peak_bytes"),
        "ended": sorted({record["ended"] for record in group}),
        "curves": [record["curve"] for record in group],
        "versions": first["versions"],
        "processor": first["processor"],
    }


def _get(record: Mapping[str, Any], keys: Sequence[str]) -> float:
    value: Any = record
    for key in keys:
        value = value[key]
    return float(value)


def markdown(content: Sequence[Row]) -> str:
    """One table for each set, the best test score first."""
    parts = []
    for dataset in dict.fromkeys(row["dataset"] for row in content):
        chosen = sorted((row for row in content if row["dataset"] == dataset), key=lambda row: -row["test"])
        lines = [_line(HEAD), _line(["---"] * len(HEAD)), *(_line(_cells(row)) for row in chosen)]
        parts.append(f"`{dataset}`, {chosen[0]['metric']}:\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _cells(row: Row) -> list[str]:
    return [
        row["system"],
        _score(row, "test"),
        _score(row, "dev"),
        f"{row['train_cpu_s']:.1f}",
        f"{row['total_cpu_s']:.1f}",
        f"{row['tokens_per_cpu_s']:,.0f}",
        f"{row['p50_cpu_ms']:.2f}",
        f"{row['p99_cpu_ms']:.2f}",
        f"{row['model_bytes'] / 1e6:.1f}",
        f"{row['training_peak_bytes'] / 1e6:.0f}",
    ]


def _score(row: Row, key: str) -> str:
    spread = f" ± {row[f'{key}_deviation']:.4f}" if row["seeds"] > 1 else ""
    return f"{row[key]:.4f}{spread}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
