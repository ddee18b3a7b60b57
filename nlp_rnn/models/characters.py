"""Characters of a form -> a vector, two ways: by convolution, or by reading them from both ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from nlp_rnn.models.character_maximum import gradients, maximum
from nlp_rnn.models.masks import LOWEST
from nlp_rnn.models.rows import look_up

WINDOW = 3  # characters that one filter of the convolution sees


class _CompiledMaximum(torch.autograd.Function):
    """The greatest value of each filter by compiled code: [u, c + 2], [window, n, size] -> [u, size]."""

    @staticmethod
    def forward(ctx: Any, characters: Tensor, contributions: Tensor) -> Tensor:
        values, windows = maximum(characters.numpy(), contributions.detach().numpy(), LOWEST)
        ctx.save_for_backward(characters, torch.from_numpy(windows))
        ctx.known = contributions.shape[1]
        return torch.from_numpy(values)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_values: Tensor) -> tuple[Tensor | None, ...]:
        characters, windows = (tensor.numpy() for tensor in ctx.saved_tensors)
        return None, torch.from_numpy(gradients(characters, windows, d_values.numpy(), ctx.known))


class ConvolutionalCharacters(nn.Module):
    """A convolution, then the maximum over its places (Ma and Hovy, ACL 2016)."""

    def __init__(self, *, characters: int, embedding_size: int, size: int) -> None:
        """
        Args:
            characters: how many ids there are.
            embedding_size: e, of a character. size: of what comes out, one number for each filter.
        """
        super().__init__()
        self.embedding = nn.Embedding(characters, embedding_size, padding_idx=0)
        self.convolution = nn.Linear(WINDOW * embedding_size, size)
        self.size = size

    def forward(self, characters: Tensor) -> Tensor:
        """[u, c + 2] ids, padded on either side -> [u, size]."""
        contributions = self._contributions()
        # As in the CRF, only device and precision choose, for weights would differ by what is installed.
        if characters.device.type == "cpu" and contributions.dtype == torch.float32:
            return torch.tanh(_CompiledMaximum.apply(characters, contributions))
        return torch.tanh(self._plain_maximum(characters, contributions))

    def _contributions(self) -> Tensor:
        """What each known character adds to each filter in each place of a window, [window, n, size].

        A batch has many times more characters than an alphabet: its products with the weights are made once
        for each known one, and the convolution becomes a sum of three rows.
        """
        known = torch.arange(self.embedding.num_embeddings, device=self.embedding.weight.device)
        weights = self.convolution.weight.view(-1, WINDOW, self.embedding.embedding_dim)  # [size, window, e]
        weights = weights.permute(1, 2, 0)  # [window, e, size]
        return self.embedding(known) @ weights + self.convolution.bias / WINDOW

    def _plain_maximum(self, characters: Tensor, contributions: Tensor) -> Tensor:
        """The same as the compiled code in torch alone, for any device and precision."""
        left, center, right = contributions.unbind()
        x = look_up(characters[:, :-2], left)  # [u, c, size]
        x = x + look_up(characters[:, 1:-1], center) + look_up(characters[:, 2:], right)
        x = x.masked_fill((characters[:, 1:-1] == 0).unsqueeze(2), LOWEST)  # no window around padding counts
        return x.max(dim=1).values


class RecurrentCharacters(nn.Module):
    """The last states of an LSTM in each direction (Lample et al., NAACL 2016)."""

    def __init__(self, *, characters: int, embedding_size: int, size: int) -> None:
        """
        Args:
            characters: how many ids there are.
            embedding_size: e, of a character. size: of what comes out, half from each direction.
        """
        super().__init__()
        hidden_size = (size + 1) // 2
        self.embedding = nn.Embedding(characters, embedding_size, padding_idx=0)
        self.ahead = nn.LSTM(embedding_size, hidden_size, batch_first=True)
        self.back = nn.LSTM(embedding_size, hidden_size, batch_first=True)
        self.size = 2 * hidden_size

    def forward(self, characters: Tensor) -> Tensor:
        """[u, c + 2] ids, padded on either side -> [u, size]."""
        inner = characters[:, 1:-1].long()  # [u, c]
        last = (inner != 0).sum(dim=1, keepdim=True).clamp(min=1) - 1  # [u, 1]; the empty form has one step
        steps = torch.arange(inner.shape[1], device=inner.device)
        turned = inner.gather(1, torch.where(steps <= last, last - steps, steps))
        left, right = (
            cell(self.embedding(ids))[0] for cell, ids in ((self.ahead, inner), (self.back, turned))
        )  # [u, c, size / 2] each
        at = last.unsqueeze(2).expand(-1, -1, left.shape[2])
        return torch.cat((left.gather(1, at), right.gather(1, at)), dim=2).squeeze(1)


ENCODERS: Mapping[str, type[ConvolutionalCharacters] | type[RecurrentCharacters]] = {
    "convolution": ConvolutionalCharacters,
    "recurrent": RecurrentCharacters,
}
