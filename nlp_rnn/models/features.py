"""What the network sees of each token: its word, spelling and shape, and its pairs with both neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nlp_rnn.models import characters as character_encoders
from nlp_rnn.models.rows import look_up
from nlp_rnn.text.batches import Batch
from nlp_rnn.text.encoding import SHAPES
from nlp_rnn.text.tokenizer import UNKNOWN


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
        character_encoder: str = "convolution",
        subwords: int = 0,
        subword_size: int = 0,
    ) -> None:
        super().__init__()
        self.word_dropout = word_dropout
        self.word = _embedding(words, word_size)
        self.shape = nn.Embedding(SHAPES + 1, shape_size) if shape_size else None
        self.character = (
            character_encoders.ENCODERS[character_encoder](
                characters=characters, embedding_size=character_size, size=character_filters
            )
            if character_filters
            else None
        )
        self.bigram = _embedding(bigrams, bigram_size) if bigrams and bigram_size else None
        self.subword = _embedding(subwords, subword_size) if subwords and subword_size else None
        pairs = 2 * bigram_size if self.bigram is not None else 0
        pieces = subword_size if self.subword is not None else 0
        spelling = self.character.size if self.character is not None else 0
        self.size = word_size + shape_size + spelling + pieces + pairs

    def start_from(self, vectors: Tensor) -> None:
        """Gives words their rows of [words, word_size] to begin with; a row of zeros leaves one as it is."""
        known = vectors.any(dim=1)
        with torch.no_grad():
            self.word.weight[known] = vectors[known].to(self.word.weight.device)

    def forward(self, batch: Batch) -> Tensor:
        """-> [b, t, size]."""
        forms = [self.word(self._drop(batch.words))]
        if self.character is not None:
            forms.append(self.character(batch.characters))
        if self.shape is not None:
            forms.append(self.shape(batch.shapes))
        if self.subword is not None:
            forms.append(self._pieces(batch.subwords))
        x = look_up(batch.forms, _join(forms))  # [b, t, e]
        if self.bigram is None:
            return x
        pairs = self.bigram(self._drop(batch.bigrams))  # [b, t + 1, e]
        return torch.cat((x, pairs[:, :-1], pairs[:, 1:]), dim=-1)

    def _pieces(self, subwords: Tensor) -> Tensor:
        """[u, s] ids, with padding behind them -> the mean of their vectors, [u, subword_size]."""
        assert self.subword is not None
        kept = (subwords != 0).unsqueeze(2)  # [u, s, 1]
        return (self.subword(subwords) * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1)

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
