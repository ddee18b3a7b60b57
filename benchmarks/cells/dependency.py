"""A made-up task: name the key that stood d steps before the end, with nothing but noise in between."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nlp_rnn.models.encoders import BidirectionalEncoder
from nlp_rnn.training.fit import BETAS

KEYS, NOISE = 8, 16  # symbols of each kind; chance is one in KEYS
QUESTION = KEYS + NOISE  # the symbol at the end
LONGEST_BEFORE = 8  # noise in front of the key, so that its place from the start tells nothing
BATCH = 32
LONGEST = 128  # steps, in training
DISTANCES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
TESTED = 512  # sequences of each distance
RATE, CLIP = 0.003, 5.0


class Reader(nn.Module):
    """Reads with the project's encoder and answers from the last state."""

    def __init__(self, cell: str, hidden_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(KEYS + NOISE + 1, 32)
        self.encoder = BidirectionalEncoder(
            cell=cell, input_size=32, hidden_size=hidden_size, layers=1, dropout=0.0
        )
        self.output = nn.Linear(self.encoder.size, KEYS)

    def forward(self, ids: Tensor) -> Tensor:
        """[b, t] -> [b, KEYS]."""
        mask = torch.ones(ids.shape, dtype=torch.bool)
        return self.output(self.encoder(self.embedding(ids), mask)[:, -1])


def sequences(rng: np.random.Generator, distance: int, count: int) -> tuple[Tensor, Tensor]:
    """Sequences of one length, and their keys.

    Args:
        rng: draws them.
        distance: from the key to the question, at least 1.
        count: b.

    Returns:
        ids [b, t]: noise, the key, noise, the question; keys [b].
    """
    before = int(rng.integers(LONGEST_BEFORE + 1))
    ids = rng.integers(KEYS, KEYS + NOISE, (count, before + distance + 1))
    keys = rng.integers(KEYS, size=count)
    ids[:, before], ids[:, -1] = keys, QUESTION
    return torch.from_numpy(ids), torch.from_numpy(keys)


def learn(
    cell: str,
    *,
    seed: int,
    steps: int = 1500,
    hidden_size: int = 64,
    longest: int = LONGEST,
    distances: Sequence[int] = DISTANCES,
    tested: int = TESTED,
) -> dict[str, Any]:
    """Trains one cell on distances up to the longest, short ones more often, and tests it at each.

    Args:
        cell: a key of CELLS.
        seed: of weights and sequences.
        steps: batches. hidden_size: h of each direction. longest: distance in training.
        distances: to test at; one beyond the longest asks for more than was taught.
        tested: sequences of each.

    Returns:
        ``accuracy`` by distance, and ``train_cpu_s``.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = Reader(cell, hidden_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=BETAS, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=RATE, total_steps=steps, pct_start=0.15, cycle_momentum=False
    )
    begun = time.process_time()
    for _ in range(steps):
        distance = round(float(np.exp(rng.uniform(0, np.log(longest)))))
        ids, keys = sequences(rng, distance, BATCH)
        loss = nn.functional.cross_entropy(model(ids), keys)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        schedule.step()
    spent = time.process_time() - begun
    fresh = np.random.default_rng([seed, 1])
    return {
        "accuracy": {distance: _accuracy(model, fresh, distance, tested) for distance in distances},
        "train_cpu_s": spent,
    }


@torch.inference_mode()
def _accuracy(model: Reader, rng: np.random.Generator, distance: int, count: int) -> float:
    right = 0
    for _ in range(count // BATCH):
        ids, keys = sequences(rng, distance, BATCH)
        right += int((model(ids).argmax(dim=1) == keys).sum())
    return right / (count // BATCH * BATCH)
