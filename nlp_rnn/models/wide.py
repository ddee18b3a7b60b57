"""The wide part of a classifier: a linear model on hashed n-grams, which generalises where the deep part
learns sentences by heart (Cheng et al., DLRS 2016; hashing as in Weinberger et al., ICML 2009)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Wide(nn.Module):
    """A weight for each hashed n-gram and label."""

    scale: Tensor

    def __init__(self, *, buckets: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(buckets, labels, padding_idx=0)
        nn.init.zeros_(self.embedding.weight)
        # Steps of a size that suits the deep part are too small here; kept with the weights, for the export.
        self.register_buffer("scale", torch.tensor(10.0))
        self.dropout = dropout

    def forward(self, ngrams: Tensor) -> Tensor:
        """[b, 3t + 1] ids, 0 for padding -> logits [b, l]."""
        if self.training and self.dropout:
            ngrams = torch.where(torch.rand(ngrams.shape, device=ngrams.device) < self.dropout, 0, ngrams)
        count = (ngrams != 0).sum(dim=1, keepdim=True).clamp(min=1)
        # By the root of their number, so that a long text is surer than a short one, but not in proportion.
        return self.scale * self.embedding(ngrams).sum(dim=1) / count.sqrt()
