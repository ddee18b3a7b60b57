"""Pictures of a training and its evaluation, for people who look rather than read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Rows = Sequence[Mapping[str, str]]


def draw(
    metrics: Mapping[str, Any], *, history: Rows, confusion: Rows, calibration: Rows
) -> Iterator[tuple[str, Figure]]:
    """Yields the name and the picture of each; nothing at all where matplotlib is missing.

    Args:
        metrics: what ``metrics.json`` holds.
        history: the epochs, with ``epoch``, ``train_loss`` and ``dev_score``.
        confusion: one row for each entity or text of the test set, ``actual`` and ``predicted``.
        calibration: answers that the model was about equally sure of: ``confidence``, ``right``, ``answers``.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        return
    if history:
        yield "learning_curve", _learning_curve(history, metrics["primary"])
    if metrics["test"]["classes"]:
        rows = metrics["test"]["classes"].items()
        bars = {label: (row["f1"], f"{row['support']} in the test set") for label, row in rows}
        yield "classes", _bars(bars, "F1 on the test set")
    if metrics.get("behaviour"):
        rows = metrics["behaviour"].items()
        bars = {name: (row["share"], f"{row['failed']} of {row['cases']}") for name, row in rows}
        yield "behaviour", _bars(bars, "share of behaviour tests that fail")
    if calibration:
        yield "calibration", _calibration(calibration)
    if confusion:
        yield "confusion", _confusion(confusion)


def _learning_curve(history: Rows, primary: str) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    epochs = [int(row["epoch"]) for row in history]
    loss = figure.subplots()
    loss.plot(epochs, [float(row["train_loss"]) for row in history], color="tab:gray", label="training loss")
    loss.set(xlabel="epoch", ylabel="training loss", ylim=(0, None))
    score = loss.twinx()
    score.plot(epochs, [float(row["dev_score"]) for row in history], color="tab:blue", label=f"dev {primary}")
    score.set(ylabel=f"dev {primary}", ylim=(0, 1))
    figure.legend(loc="outside upper center", ncols=2)
    return figure


def _bars(rows: Mapping[str, tuple[float, str]], title: str) -> Figure:
    """Shares in [0, 1] by name, each with a note."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 1 + 0.5 * len(rows)), layout="constrained")
    axes = figure.subplots()
    labels = list(rows)[::-1]
    bars = axes.barh(labels, [rows[label][0] for label in labels], color="tab:blue")
    axes.bar_label(bars, [f"{rows[label][0]:.3f}  ({rows[label][1]})" for label in labels], padding=3)
    axes.set(xlabel=title, xlim=(0, 1.4), xticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
    return figure


def _calibration(rows: Rows) -> Figure:
    """The nearer to the diagonal, the better; a point's area is its number of answers."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="tab:gray", linestyle="dotted")
    sure, right, answers = ([float(row[name]) for row in rows] for name in ("confidence", "right", "answers"))
    axes.plot(sure, right, color="tab:blue")
    axes.scatter(sure, right, s=[20 + 400 * count / sum(answers) for count in answers], color="tab:blue")
    for row, x, y in zip(rows, sure, right):
        axes.annotate(row["answers"], (x, y), textcoords="offset points", xytext=(8, -12))
    axes.set(xlabel="how sure the model is", ylabel="share that is right", xlim=(0, 1.05), ylim=(0, 1.05))
    return figure


def _confusion(pairs: Rows) -> Figure:
    from matplotlib.figure import Figure

    counts = Counter((row["actual"], row["predicted"]) for row in pairs)
    labels = sorted({label for pair in counts for label in pair})
    table = [[counts[actual, predicted] for predicted in labels] for actual in labels]
    size = 2.5 + 0.6 * len(labels)
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.subplots()
    # Each row's color is its share, so that rare labels are seen as well as common ones.
    axes.imshow([[count / max(1, sum(row)) for count in row] for row in table], cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(table):
        for j, count in enumerate(row):
            dark = count > sum(row) / 2
            axes.text(j, i, str(count), ha="center", va="center", color="white" if dark else "black")
    axes.set(xlabel="predicted", ylabel="actual")
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    return figure
