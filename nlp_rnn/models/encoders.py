"""Recurrent encoders: ``forward(x [b, t, e], mask [b, t]) -> [b, t, dh]``, for d directions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from nlp_rnn.models.mingru import MinGRU
from nlp_rnn.models.rows import look_up

# Sizes e and h -> a cell, which is called with x [b, t, e] and the memory of an earlier call, if any, and
# gives the states [b, t, h] and its memory after the last of them.
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


class RecurrentEncoder(nn.Module):
    """Layers of a cell that read each sequence from both ends, or from its beginning alone.

    Sequences stay padded: a batch holds like lengths, so on a CPU padding costs less than packing would. The
    backward direction reads each sequence flipped by its own length, so padding always comes last
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
        direction: str = "both",
        residual: bool = False,
        truncation: int = 0,
    ) -> None:
        """
        Args:
            cell: one of :data:`CELLS`.
            input_size: e. hidden_size: h, of each direction. layers: one on top of the other.
            dropout: share of the features that each layer's input loses in training.
            direction: ``both``, or ``ahead`` for states that know of no later token.
            residual: each layer above the first adds to what it reads (He et al., CVPR 2016), rather than
                replacing it.
            truncation: steps of the pieces that longer sequences are trained on by, 0 for none; see
                :func:`run`.
        """
        super().__init__()
        kind, directions = CELLS[cell], 2 if direction == "both" else 1
        sizes = [input_size, *[directions * hidden_size] * (layers - 1)]
        self.ahead = nn.ModuleList(kind(size, hidden_size) for size in sizes)
        self.back = nn.ModuleList(kind(size, hidden_size) for size in sizes if direction == "both")
        self.dropout = LockedDropout(dropout)
        self.residual = residual
        self.truncation = truncation
        self.hidden_size = hidden_size
        self.size = directions * hidden_size

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """[b, t, e] and [b, t] -> [b, t, dh]; what stands at padded steps means nothing."""
        flipped = _flipped(mask)  # [b, t]
        for layer in range(len(self.ahead)):
            seen = self.dropout(x)
            states = torch.cat(self._layer(layer, seen, seen, flipped), dim=-1)
            x = x + states if self.residual and layer else states
        return x

    def first_layer(self, ahead: Tensor, back: Tensor, mask: Tensor) -> list[Tensor]:
        """The first layer's states alone, [b, t, h] of each direction, which reads an input of its own."""
        return self._layer(0, ahead, back, _flipped(mask))

    def _layer(self, layer: int, ahead: Tensor, back: Tensor, flipped: Tensor) -> list[Tensor]:
        states = [run(self.ahead[layer], ahead, self.truncation)]  # [b, t, h]
        if len(self.back):
            turned = run(self.back[layer], _rearranged(back, flipped), self.truncation)
            states.append(_rearranged(turned, flipped))
        return states


def run(cell: nn.Module, x: Tensor, truncation: int) -> Tensor:
    """The states of all steps, by truncated back-propagation (Williams and Peng, 1990) where there are many.

    The sequence is read piece by piece; each begins with what the cell remembered after the one before, so
    that the states are those of the whole, in either direction. Gradients end where a piece begins. No
    piece's inner values are kept for them: they are computed once more when its gradient is due (Chen et
    al., arXiv 1604.06174), so memory beyond inputs and states is that of one piece, however many there are.

    Args:
        cell: a value of :data:`CELLS`.
        x: [b, t, e].
        truncation: steps of a piece; 0 for the whole.

    Returns:
        states, [b, t, h].
    """
    if not truncation or x.shape[1] <= truncation or not torch.is_grad_enabled():
        states, _ = cell(x)
        return states
    memory, pieces = None, []
    for piece in x.split(truncation, dim=1):
        states, memory = checkpoint(cell, piece, memory, use_reentrant=False, preserve_rng_state=False)
        memory = tuple(part.detach() for part in memory) if isinstance(memory, tuple) else memory.detach()
        pieces.append(states)
    return torch.cat(pieces, dim=1)


def _flipped(mask: Tensor) -> Tensor:
    """Indexes, [b, t], into all b * t steps, that turn each sequence around and leave padding in place."""
    rows, steps = (torch.arange(size, device=mask.device) for size in mask.shape)
    turned = torch.where(mask, mask.sum(dim=1, keepdim=True) - 1 - steps, steps)
    return turned + mask.shape[1] * rows.unsqueeze(1)


def _rearranged(x: Tensor, steps: Tensor) -> Tensor:
    return look_up(steps, x.flatten(0, 1))
