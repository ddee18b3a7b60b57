"""The training loop: it yields a report after each epoch and leaves the best weights in the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor, nn

from nlp_rnn.models import Classifier, Tagger
from nlp_rnn.text import batches
from nlp_rnn.text.batches import Batch
from nlp_rnn.text.encoding import Encoded
from nlp_rnn.training.adversarial import AdversarialPerturbation
from nlp_rnn.training.averaging import WeightAverage

BETAS = (0.9, 0.99)
LEAST_RATE = 0.01  # of the highest, at the end


@dataclass(frozen=True)
class Judgement:
    """What dev says of the weights as they stand."""

    score: float  # the primary metric, which people read
    criterion: float  # what the best epoch has most of; often the score itself


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training data did."""

    epoch: int  # from 1
    train_loss: float
    dev_score: float
    gradient_norm: float  # mean over steps, before clipping
    learning_rate: float  # of the last step
    best: bool  # no earlier epoch had as much of the criterion on dev


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
    step: Callable[[int], object] = lambda tokens: None,
) -> Iterator[Epoch]:
    """Trains a model; its weights are the best ones on dev once the iterator is exhausted.

    Args:
        model: on ``device``; anything with ``loss(batch)``.
        train: the training sentences with their tags or labels.
        judge: judges the model as it stands on dev.
        epochs: passes over the data, at most.
        patience: epochs without more of the criterion before training stops.
        batch_tokens: padded tokens in a batch, at most.
        learning_rate: the highest; it warms up and then falls as a cosine to a hundredth.
        warmup: share of all steps in which the rate rises.
        weight_decay: of AdamW (Loshchilov and Hutter, ICLR 2019).
        clip: the gradient's greatest norm.
        averaging: decay of the running average of the weights that dev scores see, 0 for none.
        seed: with the epoch's number it decides the batches and their order.
        device: where the model is.
        variant: the training sentences as an epoch, from 1, shall see them; without it, as they are.
        adversarial: length of the perturbation of embeddings under which each batch's gradient is taken
            once more and added, 0 for none.
        step: is told the tokens of each step, for a progress bar.

    Raises:
        FloatingPointError: the loss is no longer finite.
    """
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=learning_rate, betas=BETAS, weight_decay=weight_decay, fused=True
    )
    average = WeightAverage(model, averaging) if averaging else None
    perturbation = AdversarialPerturbation(model.features, adversarial) if adversarial else None
    parameters = list(model.parameters())
    total = epochs * len(batches.plan(train.lengths, batch_tokens))  # a variant may take a few more or less
    taken = 0
    most, best_epoch, best_weights = -math.inf, 0, state(model)
    for epoch in range(1, epochs + 1):
        model.train()
        losses, norms, rate = [], [], learning_rate
        sentences = train if variant is None else variant(epoch)
        order = batches.plan(sentences.lengths, batch_tokens, np.random.default_rng([seed, epoch]))
        for indexes in order:
            rate = learning_rate * _schedule(min(1.0, taken / total), warmup)
            for group in optimizer.param_groups:
                group["lr"] = rate
            batch = to_tensors(batches.gather(sentences, indexes), device)
            loss = model.loss(batch)
            optimizer.zero_grad()
            loss.backward()
            if perturbation is not None:
                with perturbation.applied():
                    model.loss(batch).backward()  # the gradients add up
            norms.append(nn.utils.clip_grad_norm_(parameters, clip))
            optimizer.step()
            losses.append(loss.detach())
            taken += 1
            if average is not None:
                average.update()
            step(int(sentences.lengths[indexes].sum()))
        train_loss = float(torch.stack(losses).mean())
        if not math.isfinite(train_loss):
            raise FloatingPointError(f"the training loss is {train_loss} in epoch {epoch}")
        with average.applied() if average is not None else nullcontext():
            model.eval()
            judgement = judge()
            best = judgement.criterion > most
            if best:
                most, best_epoch, best_weights = judgement.criterion, epoch, state(model)
        norm = float(torch.stack(norms).mean())
        yield Epoch(epoch, train_loss, judgement.score, norm, rate, best)
        if epoch - best_epoch >= patience:
            break
    model.load_state_dict(best_weights)
    model.eval()


def state(model: nn.Module) -> dict[str, Tensor]:
    """A copy of all weights."""
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


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


def to_tensors(batch: Batch, device: torch.device) -> Batch:
    """The same batch as tensors on a device."""
    arrays = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return Batch(
        **{
            name: None if array is None else torch.from_numpy(np.ascontiguousarray(array)).to(device)
            for name, array in arrays.items()
        }
    )


def _schedule(done: float, warmup: float) -> float:
    """The share of the highest rate after a share of all steps."""
    if done < warmup:
        return 0.1 + 0.9 * done / warmup
    cosine = 0.5 * (1 + math.cos(math.pi * (done - warmup) / (1 - warmup)))
    return max(LEAST_RATE, cosine)
