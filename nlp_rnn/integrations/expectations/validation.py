"""Runs the expectations over a run's examples and says which rows are to blame."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import great_expectations
import pandas
from great_expectations.data_context.types.base import ProgressBarsConfig

from nlp_rnn.integrations.expectations import docs, suite, table
from nlp_rnn.integrations.expectations.check import Check
from nlp_rnn.schema import SPLITS, Example

ROWS_SHOWN = 20
REASON_LENGTH = 300


@dataclass(frozen=True)
class Outcome:
    """What became of one expectation."""

    name: str
    description: str
    severity: str  # error | warning
    success: bool
    observed: float | None  # of a whole split's figure, its value
    limit: float  # of the figure, or of `unexpected_share`
    unexpected_count: int  # rows
    unexpected_share: float  # of the rows it is about
    rows: tuple[str, ...]  # origins of the first of them


@dataclass(frozen=True)
class Report:
    """The verdict; a pure function of the examples, without times and paths."""

    success: bool
    counts: Mapping[str, int]  # examples of each split
    expectations: tuple[Outcome, ...]
    refused: tuple[
        Mapping[str, str], ...
    ]  # origin, expectation and reason of each row that a failed error names

    @property
    def failed(self) -> list[Outcome]:
        """The errors, for which the data is refused."""
        return [o for o in self.expectations if not o.success and o.severity == "error"]

    @property
    def warnings(self) -> list[Outcome]:
        """What is only told."""
        return [o for o in self.expectations if not o.success and o.severity == "warning"]

    def to_json(self) -> str:
        """The report as a file holds it."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"


def validate(
    examples: Mapping[str, Sequence[Example]],
    *,
    name: str,
    task: str,
    unknown_share: Mapping[str, float],
    docs_folder: Path,
) -> Report:
    """Checks examples and builds Data Docs of the outcome.

    Args:
        examples: those of train, dev and test.
        name: the run's, for the title of the docs.
        task: ``ner`` or ``sentiment``.
        unknown_share: of each split's tokens, those that the vocabulary lacks, in [0, 1].
        docs_folder: for the docs, which start at ``index.html``; what it holds is deleted.
    """
    counts = {split: len(examples[split]) for split in SPLITS}
    # An expectation of rows that are not there succeeds, so nothing else is asked where a split has none.
    asked = suite.all_of(task) if all(counts.values()) else suite.presence()
    frame = table.build(examples, task=task, unknown_share=unknown_share)
    result = _run(name, asked, frame)
    # By name, so that an expectation that was not run is an error and not a success.
    results = {one.expectation_config.meta["name"]: one for one in result.results}
    outcomes = tuple(_outcome(check, results[check.name]) for check in asked)
    refused = tuple(
        {"origin": str(row["origin"]), "expectation": check.name, "reason": _reason(check, row)}
        for check, outcome in zip(asked, outcomes)
        if not outcome.success and outcome.severity == "error"
        for row in _unexpected(results[check.name])
    )
    success = not any(not o.success and o.severity == "error" for o in outcomes)
    docs.build(docs_folder, result, name=name, counts=counts)
    return Report(success and all(counts.values()), counts, outcomes, refused)


def _run(name: str, asked: Sequence[Check], frame: pandas.DataFrame) -> Any:
    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("examples").add_dataframe_asset("examples")
    batch = asset.add_batch_definition_whole_dataframe("all")
    expected = great_expectations.ExpectationSuite(name=name, expectations=[c.expectation() for c in asked])
    definition = great_expectations.ValidationDefinition(
        name=name, data=batch, suite=context.suites.add(expected)
    )
    return context.validation_definitions.add(definition).run(
        batch_parameters={"dataframe": frame},
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": ["origin"],
            "return_unexpected_index_query": False,
        },
    )


def _outcome(check: Check, result: Any) -> Outcome:
    found, rows = result.result, _unexpected(result)
    if not found:  # the library caught an exception of its own and would call it a failure of the data
        raise RuntimeError(f"{check.name} could not be evaluated: {result.exception_info}")
    return Outcome(
        name=check.name,
        description=check.description,
        severity=check.severity,
        success=bool(result.success),
        observed=found["observed_value"] if check.is_figure else None,
        limit=check.limit,
        unexpected_count=len(rows),
        unexpected_share=0.0 if check.is_figure else len(rows) / max(found["element_count"], 1),
        rows=tuple(str(row["origin"]) for row in rows[:ROWS_SHOWN]),
    )


def _unexpected(result: Any) -> list[Mapping[str, Any]]:
    """The rows to blame, in the table's order: their ``origin`` and their value, under the column's name."""
    return result.result.get("unexpected_index_list") or []


def _reason(check: Check, row: Mapping[str, Any]) -> str:
    reason = check.reason.format(value=row[str(check.column)])
    return reason if len(reason) <= REASON_LENGTH else f"{reason[:REASON_LENGTH]}…"
