"""A running average of the weights, which generalises better than the last (Polyak and Juditsky, 1992)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from nlp_rnn.training.rowwise import RowwiseAdamW

EVERY = 4  # steps; averaging at each would cost more and change little


class WeightAverage:
    """An exponential average whose memory grows with the steps taken, up to that of ``decay``."""

    def __init__(self, model: nn.Module, decay: float, tables: Sequence[RowwiseAdamW] = ()) -> None:
        """
        Args:
            model: its weights as they are now begin the average.
            decay: of the average, per step.
            tables: those of the model's tables whose rows are updated, and averaged, when they are needed.
        """
        self._tables = tables
        deferred = {id(table.weight) for table in tables}
        self._parameters: list[torch.Tensor] = [
            parameter for parameter in model.parameters() if id(parameter) not in deferred
        ]
        self._average = [parameter.detach().clone() for parameter in self._parameters]
        self._decay = decay**EVERY
        self._steps = 0

    def update(self) -> None:
        """Takes note of the weights after one step."""
        self._steps += 1
        if self._steps % EVERY == 0:
            keep = min(self._decay, (1 + self._steps) / (10 + self._steps))
            current = [parameter.detach() for parameter in self._parameters]
            torch._foreach_lerp_(self._average, current, 1 - keep)
            for table in self._tables:
                table.average(keep)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The model holds the average inside of the block, if there is one, and its own weights after it."""
        if self._steps < EVERY:
            yield
            return
        parameters = self._parameters + [table.weight for table in self._tables]
        average = self._average + [table.averaged() for table in self._tables]
        own = [parameter.detach().clone() for parameter in parameters]
        _fill(parameters, average)
        try:
            yield
        finally:
            _fill(parameters, own)


def _fill(parameters: list[torch.Tensor], values: list[torch.Tensor]) -> None:
    with torch.no_grad():
        torch._foreach_copy_(parameters, values)
