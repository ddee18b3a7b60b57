"""One step of training: gradients of some batches, and the weights that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from nlp_rnn.models import Classifier, Tagger
from nlp_rnn.text.batches import Batch
from nlp_rnn.training.adversarial import perturbed
from nlp_rnn.training.averaging import WeightAverage
from nlp_rnn.training.device import autocast, to_tensors
from nlp_rnn.training.optimizer import Optimizer


class Step:
    """Called with batches, it moves the weights by the gradient of the mean loss of all their sentences.

    Only one batch's inner values are in memory at a time: their gradients add up to those of one batch.
    """

    def __init__(
        self,
        model: Tagger | Classifier,
        *,
        weight_decay: float,
        clip: float,
        averaging: float,
        device: torch.device,
        precision: str,
    ) -> None:
        """
        Args:
            model: on ``device``.
            the rest: see :func:`nlp_rnn.training.fit.fit`.
        """
        self._model, self._clip, self._device, self._precision = model, clip, device, precision
        self._optimizer = Optimizer(model, weight_decay=weight_decay, averaged=averaging > 0)
        self._average = WeightAverage(model, averaging, self._optimizer.tables) if averaging else None

    def __call__(
        self, batches: Sequence[Batch], *, rate: float, adversarial: float = 0.0
    ) -> tuple[Tensor, Tensor]:
        """Takes the step.

        Args:
            batches: of NumPy arrays.
            rate: of learning.
            adversarial: length of the perturbation for a second gradient, 0 for none.

        Returns:
            the loss before it, without a perturbation, and the gradient's length before clipping.
        """
        parts = [to_tensors(batch, self._device) for batch in batches]
        self._optimizer.zero_grad()
        loss = self._backward(parts, adversarial)
        norm = self._optimizer.clip(self._clip)
        self._optimizer.step(rate)
        if self._average is not None:
            self._average.update()
        return loss, norm

    def averaged(self) -> AbstractContextManager[None]:
        """The model as dev shall see it inside of the block: with averaged weights, if there are any."""
        self._optimizer.settle()
        return nullcontext() if self._average is None else self._average.applied()

    def close(self) -> None:
        """Leaves the model as an ordinary one."""
        self._optimizer.close()

    def _backward(self, parts: Sequence[Batch], adversarial: float) -> Tensor:
        """Adds up the gradients, those under a perturbation included; -> the mean loss without one."""
        sentences = sum(len(part.lengths) for part in parts)
        losses = []
        for part in parts:
            share = len(part.lengths) / sentences
            with autocast(self._device, self._precision):
                features = self._model.features(part)
                if adversarial:
                    features.retain_grad()
                loss = self._model.loss_from(features, part) * share
            loss.backward()
            losses.append(loss.detach())
            if adversarial:
                moved = perturbed(features, adversarial)
                with autocast(self._device, self._precision):
                    again = self._model.loss_from(moved, part) * share
                again.backward()
        return torch.stack(losses).sum()
