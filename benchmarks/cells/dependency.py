"""A made-up task: name the key that stood d steps before the end, with nothing but noise in between."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nlp_rnn.models.encoders import RecurrentEncoder

KEYS, NOISE = 8, 16  # symbols of each kind; chance is one in KEYS
QUESTION = KEYS + NOISE  # the symbol at the end
LONGEST_BEFORE = 8  # noise in front of the key, so that its place from the start tells nothing
DISTANCES = (2, 4, 8, 16, 32, 64, 128)
STEPS = 1000  # batches, at most
BATCH = 32
TESTED = 512  # sequences of each distance
RATE, BETAS, CLIP = 0.003, (0.9, 0.99), 5.0  # as in the recipe of a tagger
SOLVED = 0.02  # mean loss over RECENT batches: there is nothing left to learn
RECENT = 25


class Reader(nn.Module):
    """Reads with the project's encoder and answers from the last state."""

    def __init__(self, cell: str, hidden_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(KEYS + NOISE + 1, 32)
        self.encoder = RecurrentEncoder(
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
    steps: int = STEPS,
    hidden_size: int = 64,
    distances: Sequence[int] = DISTANCES,
) -> dict[str, Any]:
    """Trains a cell anew for each distance, which is the only one that it sees, and tests it there.

    So nothing but a gradient that comes all the way can teach it: no shorter distance shows what to look for.

    Args:
        cell: a key of CELLS.
        seed: of weights and sequences.
        steps: batches of each training, at most: it ends when the loss is all but gone.
        hidden_size: h of each direction.
        distances: to train and test at.

    Returns:
        ``accuracy`` and ``steps`` by distance, and ``train_cpu_s`` of all trainings.
    """
    accuracy, taken, spent = {}, {}, 0.0
    for distance in distances:
        torch.manual_seed(seed)
        model = Reader(cell, hidden_size)
        rng = np.random.default_rng([seed, distance])
        begun = time.process_time()
        taken[distance] = _train(model, rng, distance, steps)
        spent += time.process_time() - begun
        accuracy[distance] = _accuracy(model, rng, distance)
    return {"accuracy": accuracy, "steps": taken, "train_cpu_s": spent}


def _train(model: Reader, rng: np.random.Generator, distance: int, steps: int) -> int:
    """Returns how many batches it took."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=BETAS, fused=True)
    losses: list[float] = []
    while len(losses) < steps:
        ids, keys = sequences(rng, distance, BATCH)
        loss = nn.functional.cross_entropy(model(ids), keys)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        losses.append(float(loss.detach()))
        if len(losses) >= RECENT and float(np.mean(losses[-RECENT:])) < SOLVED:
            break
    return len(losses)


@torch.inference_mode()
def _accuracy(model: Reader, rng: np.random.Generator, distance: int) -> float:
    right = 0
    for _ in range(TESTED // BATCH):
        ids, keys = sequences(rng, distance, BATCH)
        right += int((model(ids).argmax(dim=1) == keys).sum())
    return right / TESTED
