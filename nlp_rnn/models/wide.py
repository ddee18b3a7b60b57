"""The wide part of a classifier: a linear model on n-grams, which generalises from few texts where the deep
part learns them by heart (Cheng et al., DLRS 2016)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Wide(nn.Module):
    """A weight for each known n-gram and label; :mod:`nlp_rnn.training.wide` finds them, not gradients."""

    weight: Tensor  # [1 + n, labels]; row 0 is padding
    rarity: Tensor  # [1 + n], how much each n-gram counts
    bias: Tensor  # [labels]

    def __init__(self, *, ngrams: int, labels: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(1 + ngrams, labels))
        self.register_buffer("rarity", torch.zeros(1 + ngrams))
        self.register_buffer("bias", torch.zeros(labels))

    def forward(self, ngrams: Tensor) -> Tensor:
        """[b, kt] ids, 0 for what is not known or a repetition -> logits [b, l]."""
        rarity = self.rarity[ngrams]
        total = (rarity.unsqueeze(2) * self.weight[ngrams]).sum(dim=1)
        # A text is a vector of length 1, however many n-grams it has; one without any gets the bias.
        norm = rarity.square().sum(dim=1, keepdim=True).sqrt().clamp(min=1e-6)
        return total / norm + self.bias
