"""Characters of a form -> a vector, two ways: by convolution, or by reading them from both ends."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from nlp_rnn.models.masks import LOWEST

WINDOW = 3  # characters that one filter of the convolution sees


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
        x = self.embedding(characters)  # [u, c + 2, e]
        # One matrix product over three shifted views beats a convolution of such small widths on a CPU.
        x = self.convolution(torch.cat((x[:, :-2], x[:, 1:-1], x[:, 2:]), dim=-1))  # [u, c, size]
        x = x.masked_fill((characters[:, 1:-1] == 0).unsqueeze(-1), LOWEST)
        return torch.tanh(x.amax(dim=1))


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
