"""The minimal gated recurrent unit (Feng et al., "Were RNNs All We Needed?", arXiv 2410.01201, 2024)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MinGRU(nn.Module):
    """A GRU whose gate and candidate see the input alone: ``h_t = (1 - z_t) h_{t-1} + z_t c_t``.

    All products with weights are thus one for the whole sequence, and a step is a single interpolation: on
    a CPU the plain loop over time is faster than the paper's parallel scan, and it needs no logarithms
    and so no positive candidates. A state is a mean of candidates: it can neither grow nor vanish with time.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.gates = nn.Linear(input_size, 2 * hidden_size)  # z before its sigmoid, then c

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """[b, t, e] and the state before, [b, h] -> states [b, t, h] and the last of them [b, h]."""
        gates = self.gates(x)
        # Products may be in half precision; in a sum over time, a gate that is nearly closed would add none.
        gates = gates.to(torch.promote_types(gates.dtype, torch.float32))
        update, candidate = gates.chunk(2, dim=-1)  # [b, t, h] each
        if state is None:
            state = torch.zeros_like(candidate[:, 0])
        states = []
        for z, c in zip(update.sigmoid().unbind(dim=1), candidate.unbind(dim=1)):
            state = torch.lerp(state, c, z)
            states.append(state)
        return torch.stack(states, dim=1), state
