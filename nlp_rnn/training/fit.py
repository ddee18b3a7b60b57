"""The training loop: it yields a report after each epoch and leaves the best weights in the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch

from nlp_rnn.models import Classifier, Tagger
from nlp_rnn.text import batches
from nlp_rnn.text.encoding import Encoded
from nlp_rnn.training.device import to_tensors
from nlp_rnn.training.memory import most_tokens
from nlp_rnn.training.step import Step
from nlp_rnn.training.weights import state

LEAST_RATE = 0.01  # of the highest, at the end


@dataclass(frozen=True)
class Judgement:
    """What dev says of the weights as they stand."""

    score: float  # the primary metric, which people read
    criterion: float  # what the best epoch is chosen by, higher is better; a tagger's is the score itself


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training data did."""

    epoch: int  # from 1
    train_loss: float
    dev_score: float  # the primary metric
    dev_criterion: float  # what the best epoch is chosen by
    gradient_norm: float  # mean over steps, before clipping
    learning_rate: float  # of the last step
    best: bool  # whether its criterion is higher than those of all earlier epochs


def fit(
    model: Tagger | Classifier,
    train: Encoded,
    judge: Callable[[], Judgement],
    *,
    epochs: int,
    patience: int,
    batch_tokens: int,
    learning_rate: float,
    warmup: float,
    weight_decay: float,
    clip: float,
    averaging: float,
    seed: int,
    device: torch.device,
    variant: Callable[[int], Encoded] | None = None,
    adversarial: float = 0.0,
    accumulation: int = 1,
    memory_mb: int = 0,
    precision: str = "auto",
    step: Callable[[int], object] = lambda tokens: None,
) -> Iterator[Epoch]:
    """Trains a model; its weights are the best ones on dev once the iterator is exhausted.

    Args:
        model: on ``device``.
        train: the training sentences with their tags or labels.
        judge: judges the model as it stands on dev.
        epochs: passes over the data, at most.
        patience: epochs without a higher criterion before training stops.
        batch_tokens: padded tokens in a batch, at most.
        learning_rate: the highest; it warms up and then falls as a cosine to a hundredth.
        warmup: share of all steps in which the rate rises.
        weight_decay: of AdamW (Loshchilov and Hutter, ICLR 2019).
        clip: the gradient's greatest norm, 0 for any.
        averaging: decay of the running average of the weights that dev scores see, 0 for none.
        seed: with the epoch's number it decides the batches and their order.
        device: where the model is.
        variant: the training sentences as an epoch, from 1, shall see them; without it, as they are.
        adversarial: length by which each token's features are moved, to where the loss grows, for a second
            gradient of each batch, 0 for none. Not in the warm-up: there weights still mean little.
        accumulation: batches whose gradients one step of the optimizer takes together, as one batch's.
        memory_mb: of the values that a gradient needs, at most, in MiB; larger batches go through in parts
            whose gradients add up to the same. 0 for no limit.
        precision: see :func:`nlp_rnn.training.device.autocast`.
        step: is told the tokens of each step, for a progress bar.

    Raises:
        FloatingPointError: the loss is no longer finite.
    """
    taken = Step(
        model,
        weight_decay=weight_decay,
        clip=clip,
        averaging=averaging,
        device=device,
        precision=precision,
    )
    most = most_tokens(model, train, memory_mb=memory_mb, device=device) if memory_mb else None
    # A variant may need a few more or less.
    total = epochs * math.ceil(len(batches.plan(train.lengths, batch_tokens)) / accumulation)
    done, highest, best_epoch, best_weights = 0, -math.inf, 0, state(model)
    with closing(taken):
        for epoch in range(1, epochs + 1):
            model.train()
            losses, norms, rate = [], [], learning_rate
            sentences = train if variant is None else variant(epoch)
            order = batches.plan(sentences.lengths, batch_tokens, np.random.default_rng([seed, epoch]))
            for start in range(0, len(order), accumulation):
                progress = min(1.0, done / total)
                rate = learning_rate * _schedule(progress, warmup)
                parts = list(_parts(sentences.lengths, order[start : start + accumulation], most))
                loss, norm = taken(
                    [batches.gather(sentences, part) for part in parts],
                    rate=rate,
                    adversarial=adversarial if progress >= warmup else 0.0,
                )
                losses.append(loss)
                norms.append(norm)
                done += 1
                step(int(sum(sentences.lengths[part].sum() for part in parts)))
            train_loss = float(torch.stack(losses).mean())
            if not math.isfinite(train_loss):
                raise FloatingPointError(f"the training loss is {train_loss} in epoch {epoch}")
            with taken.averaged():
                model.eval()
                judgement = judge()
                best = judgement.criterion > highest
                if best:
                    highest, best_epoch, best_weights = judgement.criterion, epoch, state(model)
            mean = float(torch.stack(norms).mean())
            yield Epoch(epoch, train_loss, judgement.score, judgement.criterion, mean, rate, best)
            if epoch - best_epoch >= patience:
                break
    model.load_state_dict(best_weights)
    model.eval()


def _parts(lengths: np.ndarray, order: Sequence[np.ndarray], most: int | None) -> Iterator[np.ndarray]:
    """Some batches, each in as many parts as keep to the most padded tokens."""
    for indexes in order:
        if most is None:
            yield indexes
        else:
            yield from (indexes[part] for part in batches.plan(lengths[indexes], most))


def predict(
    model: Tagger | Classifier, encoded: Encoded, *, batch_tokens: int, device: torch.device
) -> list[list[int]]:
    """The labels that the model gives each sentence, in their order."""
    answers: list[list[int]] = [[]] * len(encoded)
    with torch.inference_mode():
        for batch in batches.batches(encoded, batch_tokens):
            for index, answer in zip(batch.indexes, model.decode(to_tensors(batch, device))):
                answers[index] = answer
    return answers


def _schedule(done: float, warmup: float) -> float:
    """The share of the highest rate after a share of all steps."""
    if done < warmup:
        return 0.1 + 0.9 * done / warmup
    cosine = 0.5 * (1 + math.cos(math.pi * (done - warmup) / (1 - warmup)))
    return max(LEAST_RATE, cosine)
