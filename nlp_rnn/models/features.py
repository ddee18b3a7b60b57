"""What the network sees of each token: its word, spelling and shape, its pairs with both neighbours,
and where a segmenter's words begin and end."""

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
        boundaries: int = 0,
        boundary_size: int = 0,
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
        self.boundary = nn.Embedding(boundaries, boundary_size) if boundaries and boundary_size else None
        pair = bigram_size if self.bigram is not None else 0
        pieces = subword_size if self.subword is not None else 0
        spelling = self.character.size if self.character is not None else 0
        # Of what tells of the form alone, of its pairs to the left and to the right, and of its boundaries.
        self.sizes = (
            word_size + shape_size + spelling + pieces,
            pair,
            pair,
            boundary_size if self.boundary is not None else 0,
        )
        self.size = sum(self.sizes)

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
            forms.append(self._subwords(batch.subwords))
        parts = [look_up(batch.forms, _join(forms))]  # [b, t, e] each
        if self.bigram is not None:
            pairs = self.bigram(self._drop(batch.bigrams))  # [b, t + 1, e]
            parts += [pairs[:, :-1], pairs[:, 1:]]
        if self.boundary is not None:
            parts.append(self.boundary(batch.boundaries))
        return _join(parts)

    def _subwords(self, subwords: Tensor) -> Tensor:
        """[u, s] ids, with padding behind them -> the mean of their vectors, [u, subword_size]."""
        assert self.subword is not None
        kept = (subwords != 0).unsqueeze(2)  # [u, s, 1]
        return (self.subword(subwords) * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1)

    def _drop(self, ids: Tensor) -> Tensor:
        """Makes some ids unknown in training, so that a word's neighbours and spelling must carry what its id
        usually tells: of words a whole form of the batch at a time, as Gal and Ghahramani (NIPS 2016) do; of
        pairs each place by itself, which then reads the first bucket."""
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
