"""The picture: dev score against CPU-seconds of training, set by set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.system import OURS, WITH_TEXT

COLORS = {
    OURS: "tab:red",
    WITH_TEXT: "tab:pink",
    "crfsuite": "tab:blue",
    "svm": "tab:green",
    "spacy": "tab:orange",
    "flair": "tab:purple",
}


def draw(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Writes a picture with a panel for each set; each line is one seed, its dots are where dev was scored.

    Args:
        rows: what :func:`benchmarks.table.rows` gives.
        path: a PNG.
    """
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(row["dataset"] for row in rows))
    height = (len(names) + 1) // 2
    figure = Figure(figsize=(11, 4 * height), layout="constrained")
    panels = figure.subplots(height, 2, squeeze=False).flat
    for name, panel in zip(names, panels):
        chosen = [row for row in rows if row["dataset"] == name]
        for row in chosen:
            for number, curve in enumerate(row["curves"]):
                panel.plot(
                    [point["cpu_s"] for point in curve],
                    [point["dev"] for point in curve],
                    color=COLORS.get(row["system"], "tab:gray"),
                    linewidth=2 if row["system"] == OURS else 1,
                    marker=".",
                    label=row["system"] if number == 0 else None,
                )
        highest = max(point["dev"] for row in chosen for curve in row["curves"] for point in curve)
        lowest = min(max(point["dev"] for point in curve) for row in chosen for curve in row["curves"])
        panel.set(
            title=name,
            xlabel="CPU-seconds of training, one core",
            ylabel=f"dev {chosen[0]['metric']}",
            xscale="log",
            ylim=(max(0.0, lowest - (highest - lowest) - 0.05), highest + 0.02),
        )
        panel.grid(alpha=0.3)
        panel.legend(loc="lower right")
    for panel in panels:  # the zip took those in use
        panel.set_visible(False)
    figure.savefig(path, dpi=110, metadata={"Software": None})
