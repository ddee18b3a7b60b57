"""Which steps of a padded batch are tokens, and what stands for the others under a maximum."""

from __future__ import annotations

import torch
from torch import Tensor

from nlp_rnn.text.batches import Batch

# Below whatever a maximum is taken over: not every state has a bound. Finite, for 0 * inf is no number.
LOWEST = -1e30


def inside(batch: Batch) -> Tensor:
    """-> [b, t], true where there is a token."""
    steps = torch.arange(batch.forms.shape[1], device=batch.forms.device)
    return steps < batch.lengths.unsqueeze(1)
