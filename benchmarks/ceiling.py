"""How near recurrent layers come to the machine's matrix product: operations per CPU-second."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.trainings import Training, network
from nlp_rnn.models.masks import inside
from nlp_rnn.text import batches
from nlp_rnn.training.device import to_tensors

SIDE = 1024  # of the square matrices whose product is the ceiling


def product(repeats: int = 8) -> float:
    """Of a large product of matrices in single precision."""
    left, right = torch.randn(2, SIDE, SIDE).unbind()
    begun = time.process_time()
    for _ in range(repeats):
        left @ right
    return repeats * 2 * SIDE**3 / (time.process_time() - begun)


class Recurrent:
    """The encoder at a hidden size, with batches of a set as training has them."""

    def __init__(self, given: Training, *, hidden_size: int, count: int, seed: int = 1) -> None:
        """
        Args:
            given: the set.
            hidden_size: h, of each direction.
            count: batches.
        """
        self._encoder = network(given, hidden_size=hidden_size).encoder.train()
        self._hidden_size = hidden_size
        cell = self._encoder.ahead[0]
        assert isinstance(cell, nn.LSTM)
        self._input_size = cell.input_size
        plan = batches.plan(given.train.lengths, given.recipe.batch_tokens, np.random.default_rng(seed))
        found = [
            to_tensors(batches.gather(given.train, indexes), torch.device("cpu")) for indexes in plan[:count]
        ]
        self._masks: list[Tensor] = [inside(batch) for batch in found]
        self._inputs = [
            torch.randn(*mask.shape, self._input_size, requires_grad=True) for mask in self._masks
        ]
        self._gradients = [torch.randn(*mask.shape, 2 * hidden_size) for mask in self._masks]

    def rate(self) -> float:
        """Of forward and backward pass, flips and dropout included; only products with weights count, and of
        those only steps that are tokens."""
        tokens = sum(int(mask.sum()) for mask in self._masks)
        begun = time.process_time()
        for x, mask, gradient in zip(self._inputs, self._masks, self._gradients):
            self._encoder.zero_grad()
            self._encoder(x, mask).backward(gradient)
            x.grad = None
        spent = time.process_time() - begun
        # Two operations a weight; products for states, and gradients of inputs and weights; two directions.
        weights = 4 * self._hidden_size * (self._input_size + self._hidden_size)
        return 2 * 3 * 2 * weights * tokens / spent
