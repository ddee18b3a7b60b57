"""AdamW for a large table of embeddings, at the cost of a batch's rows instead of the table's.

Where a row has no gradient, AdamW still moves it: by what is left of its momentum, and by weight decay. Both
follow from the row's state when it last had one, and from the rates since, which all rows share. So a row is
left alone until a batch needs it, and then takes all steps that it missed at once. The weights are those of
AdamW over the whole table, but for rounding, and for the epsilon in a missed step's denominator, which fades
with it. The usual "lazy" updates leave missed steps out: a rare word would learn ten times less each time.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

EPSILON = 1e-8
LARGE = 4096  # rows; a smaller table is updated faster as a whole
MOST_COLUMNS = 2048  # one for each step and each average; then all rows are brought up to date


class RowwiseAdamW:
    """AdamW (Loshchilov and Hutter, ICLR 2019), and a running average of the weights, for one table.

    Rows are brought up to date by the table itself, before it looks them up in training. What else reads
    the weights calls :meth:`settle` first.

    After j missed steps a row of weight w, average a and direction u (the first moment over the root of the
    second) is ``shrink * w - travel * u``, and its average ``keep * a + gain * w - drift * u``. These
    factors depend only on when the row was last up to date: there is a column of them for each such time. The
    last column is that of rows that have missed nothing.
    """

    def __init__(
        self, table: nn.Embedding, *, betas: tuple[float, float], weight_decay: float, averaged: bool
    ) -> None:
        """
        Args:
            table: whose weights are read by looking rows up and in no other way; its gradients become sparse.
            betas: decays of the two moments.
            weight_decay: of AdamW.
            averaged: whether there is an average, which the weights as they are now begin.
        """
        table.sparse = True
        self._table = table
        self.weight = table.weight
        self._betas, self._weight_decay = betas, weight_decay
        self._first = torch.zeros_like(self.weight, requires_grad=False)  # moment, [n, e]
        self._second = torch.zeros_like(self._first)
        self._average = self.weight.detach().clone() if averaged else None  # [n, e]
        self._steps = 0
        self._columns = self._fresh()
        self._column = torch.zeros(len(self.weight), dtype=torch.int64, device=self.weight.device)  # [n]
        self._begin()
        self._hook = table.register_forward_pre_hook(self._before_looking_up)

    def gradient(self) -> tuple[Tensor, Tensor]:
        """The numbers of rows that have a gradient, each once, [r], and the gradient itself, [r, e]."""
        assert self.weight.grad is not None
        self.weight.grad = self.weight.grad.coalesce()
        return self.weight.grad.indices()[0], self.weight.grad.values()

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Takes one step at a learning rate; rows without a gradient take it later."""
        if self._columns.shape[1] > MOST_COLUMNS:
            self.settle()
        self._steps += 1
        first_beta, second_beta = self._betas
        root = (1 - second_beta**self._steps) ** 0.5  # corrects the second moment's bias
        pace = rate * root / (1 - first_beta**self._steps)
        shrink, travel, _, _, _, missed = self._columns
        missed += 1
        shrink *= 1 - rate * self._weight_decay
        travel *= 1 - rate * self._weight_decay
        travel += pace * (first_beta / second_beta**0.5) ** missed
        self._columns = torch.cat((self._columns, self._fresh()), dim=1)
        if self.weight.grad is None:
            return
        rows, gradient = self.gradient()
        first = self._first[rows].lerp_(gradient, 1 - first_beta)
        second = self._second[rows].mul_(second_beta).addcmul_(gradient, gradient, value=1 - second_beta)
        weight = self.weight[rows].mul_(1 - rate * self._weight_decay)
        weight.addcdiv_(first, second.sqrt().add_(EPSILON * root), value=-pace)
        self._write(rows, weight, first, second)

    def average(self, keep: float) -> None:
        """Takes the weights as they are into the average, of which a share stays."""
        shrink, travel, kept, gain, drift, _ = self._columns
        kept *= keep
        gain.mul_(keep).add_(shrink, alpha=1 - keep)
        drift.mul_(keep).add_(travel, alpha=1 - keep)
        self._columns = torch.cat((self._columns, self._fresh()), dim=1)

    def averaged(self) -> Tensor:
        """The average of all rows, [n, e]."""
        assert self._average is not None
        self.settle()
        return self._average

    def settle(self) -> None:
        """Brings all rows up to date."""
        self._catch_up(torch.arange(len(self.weight), device=self.weight.device))
        self._begin()

    def close(self) -> None:
        """Leaves the table as an ordinary one, up to date."""
        self.settle()
        self._hook.remove()
        self._table.sparse = False

    def _before_looking_up(self, table: nn.Module, given: tuple[Any, ...]) -> None:
        if table.training:
            self._catch_up(given[0].flatten().unique().long())

    @torch.no_grad()
    def _catch_up(self, rows: Tensor) -> None:
        """Takes the steps that some rows, each given once, have missed."""
        columns = self._column[rows]
        behind = columns < self._columns.shape[1] - 1
        rows, columns = rows[behind], columns[behind]
        if not len(rows):
            return
        factors = self._columns[:, columns].to(self.weight.dtype).unsqueeze(2)  # [6, r, 1]
        shrink, travel, keep, gain, drift, missed = factors
        weight, first, second = self.weight[rows], self._first[rows], self._second[rows]
        direction = first / (second.sqrt() + EPSILON)
        if self._average is not None:
            average = keep * self._average[rows] + gain * weight - drift * direction
            self._average.index_copy_(0, rows, average)
        first_beta, second_beta = self._betas
        self._write(
            rows,
            shrink * weight - travel * direction,
            first * first_beta**missed,
            second * second_beta**missed,
        )

    def _write(self, rows: Tensor, weight: Tensor, first: Tensor, second: Tensor) -> None:
        self.weight.index_copy_(0, rows, weight)
        self._first.index_copy_(0, rows, first)
        self._second.index_copy_(0, rows, second)
        self._column[rows] = self._columns.shape[1] - 1

    def _begin(self) -> None:
        """Forgets what no row needs: all are up to date."""
        self._columns = self._fresh()
        self._column.zero_()

    def _fresh(self) -> Tensor:
        """The factors of rows that have missed nothing, in double precision, for errors would add up."""
        column = torch.tensor([1.0, 0.0, 1.0, 0.0, 0.0, 0.0], dtype=torch.float64)
        return column.unsqueeze(1).to(self.weight.device)
