"""Records of cells -> tables and a picture."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.cells.child import CELLS, DEPENDENCY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Records = Sequence[Mapping[str, Any]]
SHARE = 0.01  # of the gradient at distance 0: what counts as reached
COLORS = {"rnn": "tab:gray", "gru": "tab:blue", "lstm": "tab:red", "mingru": "tab:green"}


def tables(records: Records) -> str:
    """One table of the sets, and one of the made-up task."""
    parts = []
    if chosen := [record for record in records if record["dataset"] != DEPENDENCY]:
        parts.append(_sets(chosen))
    if chosen := [record for record in records if record["dataset"] == DEPENDENCY]:
        parts.append(_dependency(chosen))
    return "\n\n".join(parts) + "\n"


def draw(records: Records, path: Path) -> None:
    """A panel for each set with the gradient's norm by distance, and one with the made-up task's accuracy.

    Args:
        records: of all cells, sets and seeds that there are.
        path: a PNG.
    """
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(record["dataset"] for record in records))
    rows = (len(names) + 2) // 3
    figure = Figure(figsize=(13, 4 * rows), layout="constrained")
    panels = list(figure.subplots(rows, 3, squeeze=False).flat)
    for name, panel in zip(names, panels):
        chosen = [record for record in records if record["dataset"] == name]
        if name == DEPENDENCY:
            _draw_accuracy(panel, chosen)
        else:
            _draw_norms(panel, name, chosen)
        panel.grid(alpha=0.3)
        panel.legend()
    for panel in panels[len(names) :]:
        panel.set_visible(False)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def mean_norms(records: Records) -> list[float]:
    """The mean curve of several seeds, relative to distance 0."""
    curves = [[norm / record["gradient_norms"][0] for norm in record["gradient_norms"]] for record in records]
    return [statistics.fmean(values) for values in zip(*curves)]


def _of(records: Records, **wanted: str) -> Records:
    return [record for record in records if all(record[key] == value for key, value in wanted.items())]


def _sets(records: Records) -> str:
    lines = _head(
        "set", "cell", "test", "dev, best epoch", "training, CPU-s", f"gradient above {SHARE:.0%} up to"
    )
    for dataset in dict.fromkeys(record["dataset"] for record in records):
        for cell in CELLS:
            group = _of(records, dataset=dataset, cell=cell)
            if group:
                norms = mean_norms(group)
                last = max(d for d, norm in enumerate(norms) if norm >= SHARE)
                reached = f"{last} tokens" if last + 1 < len(norms) else f"{last} tokens, the farthest seen"
                spent = statistics.fmean(record["train_cpu_s"] for record in group)
                test = _mean([record["test"] for record in group])
                dev = _mean([record["best"]["dev"] for record in group])
                lines.append(_line(f"`{dataset}`", cell, test, dev, f"{spent:.1f}", reached))
    return "\n".join(lines)


def _dependency(records: Records) -> str:
    distances = list(records[0]["accuracy"])
    lines = _head("cell", *(f"{distance} steps" for distance in distances), "training, CPU-s")
    for cell in CELLS:
        if group := _of(records, cell=cell):
            means = [statistics.fmean(record["accuracy"][d] for record in group) for d in distances]
            spent = statistics.fmean(record["train_cpu_s"] for record in group)
            lines.append(_line(cell, *(f"{mean:.3f}" for mean in means), f"{spent:.1f}"))
    return "\n".join(lines)


def _mean(values: Sequence[float]) -> str:
    spread = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.4f}{spread}"


def _head(*cells: str) -> list[str]:
    return [_line(*cells), _line(*["---"] * len(cells))]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _draw_norms(panel: Axes, name: str, records: Records) -> None:
    for cell in CELLS:
        if group := _of(records, cell=cell):
            panel.plot(mean_norms(group), color=COLORS[cell], label=cell)
    panel.axhline(SHARE, color="black", linewidth=0.5)
    panel.set(
        title=f"{name}: gradient at the last token",
        xlabel="distance, tokens",
        ylabel="norm, relative to distance 0",
        xscale="symlog",
        xlim=(0, None),
        yscale="log",
        ylim=(1e-6, 10),
    )


def _draw_accuracy(panel: Axes, records: Records) -> None:
    for cell in CELLS:
        group = _of(records, cell=cell)
        for number, record in enumerate(group):
            distances = [int(distance) for distance in record["accuracy"]]
            accuracies = list(record["accuracy"].values())
            label = cell if number == 0 else None
            panel.plot(distances, accuracies, color=COLORS[cell], marker=".", label=label)
    panel.set(title="a key among noise", xlabel="steps since the key", ylabel="accuracy", xscale="log")
