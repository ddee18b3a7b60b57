"""What turns gradients into new weights: fused AdamW, row by row for large tables, after clipping."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nlp_rnn.training import rowwise
from nlp_rnn.training.rowwise import LARGE, RowwiseAdamW

BETAS = (0.9, 0.99)


class Optimizer:
    """AdamW (Loshchilov and Hutter, ICLR 2019) over all weights of a model."""

    def __init__(
        self, model: nn.Module, *, weight_decay: float, averaged: bool = False, large: int = LARGE
    ) -> None:
        """
        Args:
            model: where it is trained.
            weight_decay: of AdamW.
            averaged: whether a :class:`nlp_rnn.training.averaging.WeightAverage` is told of each step.
            large: rows from which on a table of embeddings is updated row by row.
        """
        tables = [
            part
            for part in model.modules()
            if isinstance(part, nn.Embedding) and part.num_embeddings >= large and part.weight.requires_grad
        ]
        self.tables = [
            RowwiseAdamW(part, betas=BETAS, weight_decay=weight_decay, averaged=averaged) for part in tables
        ]
        apart = {id(table.weight) for table in self.tables}
        self._others = [parameter for parameter in model.parameters() if id(parameter) not in apart]
        self._adamw = torch.optim.AdamW(
            self._others, betas=BETAS, weight_decay=weight_decay, eps=rowwise.EPSILON, fused=True
        )

    def zero_grad(self) -> None:
        """Forgets the gradients."""
        self._adamw.zero_grad()
        for table in self.tables:
            table.weight.grad = None

    @torch.no_grad()
    def clip(self, most: float) -> Tensor:
        """Shortens the gradient of all weights, as one vector, to ``most`` unless it is 0; -> its length."""
        gradients = [parameter.grad for parameter in self._others if parameter.grad is not None]
        gradients += [table.gradient()[1] for table in self.tables if table.weight.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        if most:
            torch._foreach_mul_(gradients, (most / (norm + 1e-6)).clamp(max=1.0))
        return norm

    def step(self, rate: float) -> None:
        """Moves the weights, at a learning rate."""
        for group in self._adamw.param_groups:
            group["lr"] = rate
        self._adamw.step()
        for table in self.tables:
            table.step(rate)

    def settle(self) -> None:
        """Lets whoever reads large tables find all their rows up to date."""
        for table in self.tables:
            table.settle()

    def close(self) -> None:
        """Leaves the model without anything of this optimizer's in it."""
        for table in self.tables:
            table.close()
