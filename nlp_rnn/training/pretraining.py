"""The training of a language model: a report after each epoch, and the best weights left in the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from nlp_rnn.models import LanguageModel
from nlp_rnn.text import batches
from nlp_rnn.text.encoding import Encoded
from nlp_rnn.text.tokenizer import UNKNOWN
from nlp_rnn.training.device import to_tensors
from nlp_rnn.training.weights import state

BETAS = (0.9, 0.99)
CLIP = 1.0
WARMUP = 0.05  # share of all steps
HIGHEST = 100.0  # loss; a language model that knows nothing has that of a fair choice, of 10 or so


@dataclass(frozen=True)
class Epoch:
    """What one pass over the text did."""

    epoch: int  # from 1
    train_perplexity: float  # with dropout, while the weights changed
    perplexity: float  # of the held-out text
    best: bool  # no earlier epoch's was as low


def answers(text: Encoded, *, words: int, most: int) -> np.ndarray:
    """Which words are told apart as answers: the commonest of a text.

    Args:
        text: what is learned from.
        words: how many ids there are.
        most: how many words are told apart.

    Returns:
        [words], each id's number, from 1 for the commonest; 0 for one that is not told apart.
    """
    counts = np.bincount(text.words[text.forms], minlength=words)
    counts[: UNKNOWN + 1] = 0
    common = np.argsort(-counts, kind="stable")[:most]
    common = common[counts[common] > 0]
    numbers = np.zeros(words, np.int64)
    numbers[common] = np.arange(1, len(common) + 1)
    return numbers


def pretrain(
    model: LanguageModel,
    text: Encoded,
    held_out: Encoded,
    *,
    epochs: int,
    batch_tokens: int,
    learning_rate: float,
    seed: int,
    device: torch.device,
    step: Callable[[int], object] = lambda tokens: None,
) -> Iterator[Epoch]:
    """Trains a language model; its weights are those of the best epoch once the iterator is exhausted.

    Args:
        model: on ``device``.
        text: passages to learn from.
        held_out: other passages, which perplexities are of.
        epochs: passes over the text.
        batch_tokens: padded tokens in a batch, at most.
        learning_rate: the highest, of Adam; it warms up and then falls to 0 along a line.
        seed: with the epoch's number it decides the batches and their order.
        device: where the model is.
        step: is told the tokens of each step, for a progress bar.

    Raises:
        FloatingPointError: the loss is no number any more, or beyond all sense.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, betas=BETAS, fused=True)
    total = epochs * len(batches.plan(text.lengths, batch_tokens))
    taken, lowest, weights = 0, math.inf, state(model)
    for epoch in range(1, epochs + 1):
        model.train()
        losses = []
        order = batches.plan(text.lengths, batch_tokens, np.random.default_rng([seed, epoch]))
        for indexes in order:
            done = min(1.0, taken / total)  # the batches of one epoch may be a few more than of another
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * min((done + 1 / total) / WARMUP, (1 - done) / (1 - WARMUP), 1.0)
            loss = model.loss(to_tensors(batches.gather(text, indexes), device))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            optimizer.step()
            losses.append(loss.detach())
            taken += 1
            step(int(text.lengths[indexes].sum()))
        before = _exponential(float(torch.stack(losses).mean()))
        reached = perplexity(model, held_out, batch_tokens=batch_tokens, device=device)
        best = reached < lowest
        if best:
            lowest, weights = reached, state(model)
        yield Epoch(epoch, before, reached, best)
    model.load_state_dict(weights)
    model.eval()


def perplexity(model: LanguageModel, text: Encoded, *, batch_tokens: int, device: torch.device) -> float:
    """The exponential of the mean negative log-likelihood of all predictions, of both directions.

    Raises:
        FloatingPointError: as :func:`pretrain` says.
    """
    model.eval()
    total, count = 0.0, 0
    with torch.inference_mode():
        for batch in batches.batches(text, batch_tokens):
            found = model.log_likelihoods(to_tensors(batch, device))
            total += float(found.double().sum())
            count += len(found)
    return _exponential(-total / count)


def _exponential(loss: float) -> float:
    if not loss < HIGHEST:  # nor is a NaN
        raise FloatingPointError(f"the language model's loss is {loss}")
    return math.exp(loss)
