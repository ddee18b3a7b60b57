"""examples -> verdict: asks whether the data is fit to train on, and stops the run where it is not."""

from __future__ import annotations

from pathlib import Path

from nlp_rnn.data import results
from nlp_rnn.data.examples import read_all
from nlp_rnn.integrations.expectations.validation import Outcome, Report, validate
from nlp_rnn.params import Run
from nlp_rnn.schema import SPLITS, DataError, DataRefused

ROWS_NAMED = 3


def main(run: Run) -> None:
    """Reads data/examples/RUN and data/tokens/RUN/coverage.json; writes data/validation/RUN.

    Raises:
        DataRefused: an expectation failed that is no mere warning; the report is written all the same.
    """
    folder = Path("data/validation") / run.name
    report = validate(
        read_all(Path("data/examples") / run.name),
        name=run.name,
        task=run.task,
        unknown_share=_unknown_share(Path("data/tokens") / run.name / "coverage.json"),
        docs_folder=folder / "docs",
    )
    unfinished = folder / ".report.json.unfinished"
    unfinished.write_text(report.to_json(), encoding="utf-8", newline="\n")
    unfinished.rename(folder / "report.json")
    print(_summary(run.name, report))
    if not report.success:
        raise DataRefused(
            f"{run.name}: the data is not fit to train on: {'; '.join(map(_in_short, report.failed))}. "
            f"Mend these rows at their source and run `nlp-rnn ingest {run.name}` again; "
            f"{folder / 'docs/index.html'} shows them, {folder / 'report.json'} lists them all."
        )


def _unknown_share(path: Path) -> dict[str, float]:
    coverage = results.read(path, stage="tokenize")
    try:
        return {split: coverage[split]["unknown"] / max(coverage[split]["tokens"], 1) for split in SPLITS}
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{path}: lacks counts of a split ({error!r}); run `nlp-rnn tokenize {path.parent.name}`."
        ) from None


def _summary(name: str, report: Report) -> str:
    sizes = ", ".join(f"{count} {split}" for split, count in report.counts.items())
    head = f"{name}: {len(report.expectations)} expectations of {sizes} examples, {len(report.failed)} failed"
    return "\n".join([head, *(f"{name}: warning: {_in_short(one)}" for one in report.warnings)])


def _in_short(outcome: Outcome) -> str:
    """One expectation that failed, and the first rows to blame."""
    if not outcome.rows:
        return f"{outcome.name} ({outcome.observed:g}, limit {outcome.limit:g})"
    named = ", ".join(outcome.rows[:ROWS_NAMED])
    more = ", ..." if outcome.unexpected_count > ROWS_NAMED else ""
    return f"{outcome.name} ({outcome.unexpected_count} rows: {named}{more})"
