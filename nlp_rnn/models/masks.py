"""Which steps of a padded batch are tokens."""

from __future__ import annotations

import torch
from torch import Tensor

from nlp_rnn.text.batches import Batch


def inside(batch: Batch) -> Tensor:
    """-> [b, t], true where there is a token."""
    steps = torch.arange(batch.forms.shape[1], device=batch.forms.device)
    return steps < batch.lengths.unsqueeze(1)
