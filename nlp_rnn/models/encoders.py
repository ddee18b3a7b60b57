"""Recurrent encoders behind one contract: ``forward(x [b, t, e], mask [b, t]) -> [b, t, 2h]``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn

from nlp_rnn.models.mingru import MinGRU

# Sizes of input and state, e and h -> a module that makes states [b, t, h], and the last one, of [b, t, e].
CELLS: Mapping[str, Callable[[int, int], nn.Module]] = {
    "rnn": partial(nn.RNN, batch_first=True),
    "gru": partial(nn.GRU, batch_first=True),
    "lstm": partial(nn.LSTM, batch_first=True),
    "mingru": MinGRU,
}


class LockedDropout(nn.Module):
    """Drops the same features at every step of a sequence (Gal and Ghahramani, NIPS 2016)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """[b, t, e] -> [b, t, e]."""
        if not self.training or not self.rate:
            return x
        kept = torch.rand(x.shape[0], 1, x.shape[2], device=x.device) >= self.rate
        return x * kept / (1 - self.rate)


class BidirectionalEncoder(nn.Module):
    """Layers of a cell that read each sequence from both ends.

    Sequences stay padded: on a CPU that is faster than packing them once like lengths stand together.
    The backward direction reads each sequence flipped by its own length, so padding always comes last
    and never reaches a state that is used.
    """

    def __init__(
        self,
        *,
        cell: str,
        input_size: int,
        hidden_size: int,
        layers: int,
        dropout: float,
        residual: bool = False,
    ) -> None:
        """
        Args:
            cell: one of :data:`CELLS`.
            input_size: e. hidden_size: h, of each direction. layers: one on top of the other.
            dropout: share of the features that each layer's input loses in training.
            residual: each layer above the first adds to what it reads (He et al., CVPR 2016), rather than
                replacing it.
        """
        super().__init__()
        kind = CELLS[cell]
        sizes = [input_size, *[2 * hidden_size] * (layers - 1)]
        self.ahead = nn.ModuleList(kind(size, hidden_size) for size in sizes)
        self.back = nn.ModuleList(kind(size, hidden_size) for size in sizes)
        self.dropout = LockedDropout(dropout)
        self.residual = residual
        self.size = 2 * hidden_size

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """[b, t, e] and [b, t] -> [b, t, 2h]; what stands at padded steps means nothing."""
        flipped = _flipped(mask)  # [b, t]
        for layer, (ahead, back) in enumerate(zip(self.ahead, self.back)):
            seen = self.dropout(x)
            left, _ = ahead(seen)  # [b, t, h]
            right, _ = back(_rearranged(seen, flipped))
            states = torch.cat((left, _rearranged(right, flipped)), dim=-1)
            x = x + states if self.residual and layer else states
        return x

    def apart(self, ahead: Tensor, back: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The first layer's states alone, [b, t, h] of each direction, which reads an input of its own."""
        flipped = _flipped(mask)
        left, _ = self.ahead[0](ahead)
        right, _ = self.back[0](_rearranged(back, flipped))
        return left, _rearranged(right, flipped)


def _flipped(mask: Tensor) -> Tensor:
    """For each step the one that takes its place when the sequence is turned around; padding stays."""
    steps = torch.arange(mask.shape[1], device=mask.device)
    return torch.where(mask, mask.sum(dim=1, keepdim=True) - 1 - steps, steps)


def _rearranged(x: Tensor, steps: Tensor) -> Tensor:
    return x.gather(1, steps.unsqueeze(-1).expand_as(x))
