"""What the network sees of each token: its word, characters, shape, and its pairs with both neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from nlp_rnn.models.character_maximum import gradients, maximum
from nlp_rnn.models.masks import LOWEST
from nlp_rnn.models.rows import look_up
from nlp_rnn.text.batches import Batch
from nlp_rnn.text.encoding import SHAPES
from nlp_rnn.text.tokenizer import UNKNOWN

WINDOW = 3  # characters that one filter of the convolution sees


class _CompiledMaximum(torch.autograd.Function):
    """The greatest value of each filter by compiled code, [u, c + 2] and [window, n, filters] -> [u, f]."""

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


class CharacterEncoder(nn.Module):
    """Characters of a form -> a vector: convolution, then the maximum (Ma and Hovy, ACL 2016)."""

    def __init__(self, *, characters: int, size: int, filters: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, size, padding_idx=0)
        self.convolution = nn.Linear(WINDOW * size, filters)

    def forward(self, characters: Tensor) -> Tensor:
        """[u, c + 2] ids, padded on either side -> [u, filters]."""
        contributions = self._contributions()
        # As in the CRF, only device and precision choose, for weights would differ by what is installed.
        if characters.device.type == "cpu" and contributions.dtype == torch.float32:
            return torch.tanh(_CompiledMaximum.apply(characters, contributions))
        return torch.tanh(self._plain_maximum(characters, contributions))

    def _contributions(self) -> Tensor:
        """What each known character adds to the filters in each place of a window, [window, n, filters].

        A batch has many times more characters than an alphabet: its products with the weights are made once
        for each known one, and the convolution becomes a sum of three rows.
        """
        known = torch.arange(self.embedding.num_embeddings, device=self.embedding.weight.device)
        size = self.embedding.embedding_dim
        weights = self.convolution.weight.view(-1, WINDOW, size).permute(1, 2, 0)  # [window, size, filters]
        return self.embedding(known) @ weights + self.convolution.bias / WINDOW

    def _plain_maximum(self, characters: Tensor, contributions: Tensor) -> Tensor:
        """The same as the compiled code in torch alone, for any device and precision."""
        left, center, right = contributions.unbind()
        x = look_up(characters[:, :-2], left)  # [u, c, filters]
        x = x + look_up(characters[:, 1:-1], center) + look_up(characters[:, 2:], right)
        x = x.masked_fill((characters[:, 1:-1] == 0).unsqueeze(2), LOWEST)  # no window around padding counts
        return x.max(dim=1).values


class Features(nn.Module):
    """All features of a batch's tokens, side by side; a size of 0 leaves one out."""

    def __init__(
        self,
        *,
        words: int,
        characters: int,
        bigrams: int,
        word_size: int,
        character_size: int,
        character_filters: int,
        shape_size: int,
        bigram_size: int,
        word_dropout: float,
    ) -> None:
        super().__init__()
        self.word_dropout = word_dropout
        self.word = _embedding(words, word_size)
        self.shape = nn.Embedding(SHAPES + 1, shape_size) if shape_size else None
        self.character = (
            CharacterEncoder(characters=characters, size=character_size, filters=character_filters)
            if character_filters
            else None
        )
        self.bigram = _embedding(bigrams, bigram_size) if bigrams and bigram_size else None
        pairs = 2 * bigram_size if self.bigram is not None else 0
        self.size = word_size + shape_size + character_filters + pairs

    def forward(self, batch: Batch) -> Tensor:
        """-> [b, t, size]."""
        forms = [self.word(self._drop(batch.words))]
        if self.character is not None:
            forms.append(self.character(batch.characters))
        if self.shape is not None:
            forms.append(self.shape(batch.shapes))
        x = look_up(batch.forms, _join(forms))  # [b, t, e]
        if self.bigram is None:
            return x
        pairs = self.bigram(self._drop(batch.bigrams))  # [b, t + 1, e]
        return torch.cat((x, pairs[:, :-1], pairs[:, 1:]), dim=-1)

    def _drop(self, ids: Tensor) -> Tensor:
        """Makes some ids unknown in training: a whole form of the batch at a time, as Gal and Ghahramani
        (NIPS 2016) do, so that a word's neighbours and spelling must carry what its id usually tells."""
        if not self.training or not self.word_dropout:
            return ids
        return torch.where(torch.rand(ids.shape, device=ids.device) < self.word_dropout, UNKNOWN, ids)


def _join(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), dim=-1)


def _embedding(rows: int, size: int) -> nn.Embedding:
    table = nn.Embedding(rows, size)
    bound = (3 / size) ** 0.5
    nn.init.uniform_(table.weight, -bound, bound)
    return table
