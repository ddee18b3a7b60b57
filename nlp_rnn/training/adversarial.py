"""Features moved to where the loss grows fastest, for a second gradient beside the usual one.

Miyato, Dai and Goodfellow, Adversarial Training Methods for Semi-Supervised Text Classification, ICLR 2017,
with the length of a move set for each token: one that hardly matters is moved as far as one that decides.
"""

from __future__ import annotations

import torch
from torch import Tensor


def perturbed(features: Tensor, strength: float) -> Tensor:
    """The features, each token's moved along their gradient, which they hold.

    Args:
        features: [b, t, e], after a backward pass that kept their gradient.
        strength: the length of each move; of a fresh word's vector it is about 1.

    Returns:
        [b, t, e], without a way back to what made them: what reads features learns from it, they do not.
    """
    assert features.grad is not None
    lengths = torch.linalg.vector_norm(features.grad, dim=2, keepdim=True)
    # A gradient of nothing but zeros, padding's, has no direction, and moves nothing.
    return features.detach() + strength * features.grad / lengths.clamp_min(1e-12)
