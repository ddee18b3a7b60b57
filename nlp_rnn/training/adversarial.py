"""Embeddings moved to where the loss grows fastest, for a second gradient beside the usual one.

Miyato, Dai and Goodfellow, Adversarial Training Methods for Semi-Supervised Text Classification, ICLR 2017,
with the tables moved instead of each occurrence's vector: all occurrences of a word in a batch move together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class AdversarialPerturbation:
    """``strength * g / |g|``, where ``g`` is the gradient of all embedding tables as one vector."""

    def __init__(self, features: nn.Module, strength: float) -> None:
        """
        Args:
            features: what holds the tables.
            strength: the perturbation's length, where a row of fresh word embeddings has a length of about 1.
        """
        self._tables = [part.weight for part in features.modules() if isinstance(part, nn.Embedding)]
        self._strength = strength

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The tables are moved inside of the block, and hold their own weights again, bit for bit, after it.

        The gradients of a batch's loss, which the tables hold, tell the direction and stay as they are.
        """
        tables = [table for table in self._tables if table.grad is not None]
        found = [_gradient(table) for table in tables]
        places, gradients = [place for place, _ in found], [gradient for _, gradient in found]
        own = [table.detach()[place].clone() for table, place in zip(tables, places)]
        norm = torch.stack(torch._foreach_norm(gradients)).norm()
        # A gradient of nothing but zeros has no direction, and moves nothing.
        moves = torch._foreach_mul(gradients, self._strength / norm.clamp_min(1e-12))
        moved = torch._foreach_add(own, moves)
        _write(tables, places, moved)
        try:
            yield
        finally:
            _write(tables, places, own)


def _gradient(table: Tensor) -> tuple[Tensor | slice, Tensor]:
    """Which rows of a table have a gradient, and what it is; the same in memory as the table holds."""
    assert table.grad is not None
    if not table.grad.is_sparse:
        return slice(None), table.grad
    table.grad = table.grad.coalesce()
    return table.grad.indices()[0], table.grad.values()


@torch.no_grad()
def _write(tables: Sequence[Tensor], places: Sequence[Tensor | slice], rows: Sequence[Tensor]) -> None:
    for table, place, values in zip(tables, places, rows):
        table[place] = values
