"""One expectation in the project's words, and the kinds of them that there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas
from great_expectations import expectations as gx
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider, column_condition_partial
from great_expectations.expectations.row_conditions import Column

from nlp_rnn.text import labels


class ColumnValuesLegalBio(ColumnMapMetricProvider):
    """Whether tags, as text with a blank between them, are such that each ``I-`` continues an entity."""

    condition_metric_name = "column_values.legal_bio"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pandas.Series, **_: Any) -> pandas.Series:  # noqa: N805
        return column.map(lambda tags: not labels.illegal(tags.split(" "))).astype(bool)


class ExpectColumnValuesToBeLegalBio(ColumnMapExpectation):
    """Expects a column of tag sequences to be legal BIO."""

    map_metric = "column_values.legal_bio"
    success_keys = ("mostly",)


# About each row's value in a column: nothing is there, it is unique, between bounds, legal BIO.
NOTHING, UNIQUE = gx.ExpectColumnValuesToBeNull, gx.ExpectColumnValuesToBeUnique
BETWEEN, LEGAL = gx.ExpectColumnValuesToBeBetween, ExpectColumnValuesToBeLegalBio
# About a split as a whole: its rows, or a column's sum, maximum or number of values, between bounds.
ROWS, SUM = gx.ExpectTableRowCountToBeBetween, gx.ExpectColumnSumToBeBetween
MAXIMUM, DIFFERENT = gx.ExpectColumnMaxToBeBetween, gx.ExpectColumnUniqueValueCountToBeBetween


@dataclass(frozen=True)
class Check:
    """An expectation of rows one by one, or of a figure that a split has as a whole."""

    name: str  # with `/SPLIT` where it is about one
    description: str
    kind: Any  # Great Expectations' class
    column: str | None
    reason: str = ""  # what is wrong with an unexpected row's `{value}`
    split: str | None = None
    least: float | None = None
    most: float | None = None
    tolerated: float = 0.0  # share of the rows that may be unexpected
    severity: Literal["error", "warning"] = "error"  # an error refuses the data, a warning is only told

    @property
    def is_figure(self) -> bool:
        """Whether it is about a whole split, so that there is no row to blame."""
        return self.kind in (ROWS, SUM, MAXIMUM, DIFFERENT)

    @property
    def limit(self) -> float:
        """The bound of a figure, or the share of rows that is tolerated."""
        bound = self.least if self.most is None else self.most
        return bound if self.is_figure and bound is not None else self.tolerated

    def expectation(self) -> Any:
        """The same for Great Expectations."""
        tolerance = f" (tolerated: {self.tolerated:.0%} of rows)" if self.tolerated else ""
        arguments = {
            "column": self.column,
            "min_value": self.least,
            "max_value": self.most,
            "mostly": None if self.is_figure else 1 - self.tolerated,
            "row_condition": Column("split") == self.split if self.split else None,
        }
        return self.kind(
            **{name: value for name, value in arguments.items() if value is not None},
            description=f"{self.name}: {self.description}{tolerance}",
            severity="critical" if self.severity == "error" else "warning",
            meta={"name": self.name},
        )
