"""The weights of a network at one moment of its training."""

from __future__ import annotations

from torch import Tensor, nn


def state(model: nn.Module) -> dict[str, Tensor]:
    """A copy of all weights, by name."""
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
