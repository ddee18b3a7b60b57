"""How large a batch may be for what its gradient needs to fit into a given memory."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from nlp_rnn.models import Classifier, Tagger
from nlp_rnn.text import batches
from nlp_rnn.text.batches import Batch
from nlp_rnn.text.encoding import Encoded
from nlp_rnn.training.device import to_tensors

PROBE_TOKENS = 500
WORKING = 2  # what a backward pass holds at its peak, of what the forward pass kept for it


def most_tokens(model: Tagger | Classifier, train: Encoded, *, memory_mb: int, device: torch.device) -> int:
    """Padded tokens whose gradient needs a memory at most, by the measure of the longest sentences.

    The longest that are not trained on piece by piece are measured too: they keep more for each token.
    Weights, the state of the optimizer and the libraries come on top: they do not depend on a batch. A
    sentence is never cut for it; truncation bounds what a long one needs.

    Args:
        model: on ``device``.
        train: the training sentences.
        memory_mb: MiB.
        device: where the model is.
    """
    truncation = model.encoder.truncation or np.inf
    needed = 0.0
    for kind in (train.lengths > truncation, train.lengths <= truncation):
        if kind.any():
            longest = batches.plan(train.lengths[kind], PROBE_TOKENS)[0]
            sample = batches.gather(train, np.flatnonzero(kind)[longest])
            needed = max(needed, WORKING * kept(model, to_tensors(sample, device)) / sample.forms.size)
    return max(1, int(memory_mb * 2**20 / needed))


def kept(model: Tagger | Classifier, batch: Batch) -> int:
    """Bytes that a batch's forward pass keeps for its backward pass; random streams stay as they are."""
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    found: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        memory = tensor.untyped_storage()
        found[memory.data_ptr()] = memory.nbytes()
        return tensor

    devices = [batch.lengths.device] if batch.lengths.is_cuda else []
    model.train()
    with torch.random.fork_rng(devices), saved_tensors_hooks(note, lambda tensor: tensor):
        loss = model.loss(batch)
    del loss  # until here, so that no memory was counted twice
    return sum(size for place, size in found.items() if place not in weights)
