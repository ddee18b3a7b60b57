"""A linear-chain conditional random field (Lafferty, McCallum and Pereira, ICML 2001)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from nlp_rnn.models.forward_backward import loss_and_gradients
from nlp_rnn.text.labels import barriers


class _CompiledLoss(torch.autograd.Function):
    """The loss by compiled code, which has all gradients ready when it is done."""

    @staticmethod
    def forward(ctx: Any, emissions: Tensor, tags: Tensor, mask: Tensor, *scores: Tensor) -> Tensor:
        inputs = (emissions.contiguous(), tags.int().contiguous(), mask.sum(dim=1), *scores)
        loss, gradients = loss_and_gradients(*(tensor.detach().numpy() for tensor in inputs))
        ctx.save_for_backward(*(torch.from_numpy(gradient).to(emissions.dtype) for gradient in gradients))
        return emissions.new_tensor(loss)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, scale: Tensor) -> tuple[Tensor | None, ...]:
        d_emissions, *d_scores = (gradient * scale for gradient in ctx.saved_tensors)
        return d_emissions, None, None, *d_scores


class CRF(nn.Module):
    """Scores label sequences; a transition that the BIOES scheme forbids can never be part of one."""

    forbidden_transition: Tensor
    forbidden_start: Tensor
    forbidden_end: Tensor

    def __init__(self, labels: Sequence[str]) -> None:
        super().__init__()
        size = len(labels)
        self.transition = nn.Parameter(torch.zeros(size, size))  # [from, to]
        self.start = nn.Parameter(torch.zeros(size))
        self.end = nn.Parameter(torch.zeros(size))
        for name, scores in barriers(labels).items():
            self.register_buffer(f"forbidden_{name}", torch.tensor(scores), persistent=False)

    def scores(self) -> tuple[Tensor, Tensor, Tensor]:
        """Transition [l, l], start [l] and end [l] scores, forbidden ones included."""
        return (
            self.transition + self.forbidden_transition,
            self.start + self.forbidden_start,
            self.end + self.forbidden_end,
        )

    def loss(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """Negative log-likelihood, summed over the batch.

        Args:
            emissions: [b, t, l]. tags: [b, t]. mask: [b, t], true ones first in each row.
        """
        # Never torch alone because numba is missing: the weights' bits would depend on what is installed.
        if emissions.device.type == "cpu" and emissions.dtype == torch.float32:
            return _CompiledLoss.apply(emissions, tags, mask, *self.scores())
        return self._plain_loss(emissions, tags, mask)

    def _plain_loss(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """The same in torch alone, for any device and precision."""
        return (self._log_partition(emissions, mask) - self._score(emissions, tags, mask)).sum()

    def decode(self, emissions: Tensor, mask: Tensor) -> list[list[int]]:
        """The best legal sequence of each row (Viterbi, 1967), as long as its mask."""
        transition, start, end = self.scores()
        best = start + emissions[:, 0]  # [b, l]
        pointers = []
        for step in range(1, emissions.shape[1]):
            scores, origins = (best.unsqueeze(2) + transition).max(dim=1)
            inside = mask[:, step, None]
            best = torch.where(inside, scores + emissions[:, step], best)
            pointers.append(torch.where(inside, origins, torch.arange(len(start), device=origins.device)))
        last = (best + end).argmax(dim=1)  # [b]
        path = [last]
        for origins in reversed(pointers):
            last = origins.gather(1, last.unsqueeze(1)).squeeze(1)
            path.append(last)
        rows = torch.stack(path[::-1], dim=1).tolist()
        return [row[:length] for row, length in zip(rows, mask.sum(dim=1).tolist())]

    def _log_partition(self, emissions: Tensor, mask: Tensor) -> Tensor:
        transition, start, end = self.scores()
        alpha = start + emissions[:, 0]  # [b, l]
        for step in range(1, emissions.shape[1]):
            scores = torch.logsumexp(alpha.unsqueeze(2) + transition, dim=1) + emissions[:, step]
            alpha = torch.where(mask[:, step, None], scores, alpha)
        return torch.logsumexp(alpha + end, dim=1)

    def _score(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        transition, start, end = self.scores()
        tags = tags.long()
        emitted = emissions.gather(2, tags.unsqueeze(2)).squeeze(2) * mask  # [b, t]
        moved = transition[tags[:, :-1], tags[:, 1:]] * mask[:, 1:]
        last = tags.gather(1, mask.sum(dim=1, keepdim=True) - 1).squeeze(1)
        return emitted.sum(dim=1) + moved.sum(dim=1) + start[tags[:, 0]] + end[last]
