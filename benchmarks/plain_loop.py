"""The training loop that one writes first, to measure ours against: the same layers, nothing else of ours.

Sentences in random order, 32 to a batch, padded to its longest; characters encoded for each token anew;
element-wise dropout; the CRF's partition by autograd over a loop in Python; AdamW as it comes.
"""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from nlp_rnn.text.encoding import SHAPES, Encoded

SENTENCES = 32  # in a batch


class PlainTagger(nn.Module):
    """Words, characters, shapes and pairs of neighbours into a bidirectional LSTM and a CRF."""

    def __init__(
        self,
        *,
        words: int,
        characters: int,
        bigrams: int,
        labels: int,
        word_size: int,
        character_size: int,
        character_filters: int,
        shape_size: int,
        bigram_size: int,
        hidden_size: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.word = nn.Embedding(words, word_size)
        self.shape = nn.Embedding(SHAPES + 1, shape_size)
        self.bigram = nn.Embedding(bigrams, bigram_size) if bigrams else None
        self.character = (
            nn.Embedding(characters, character_size, padding_idx=0) if character_filters else None
        )
        self.convolution = nn.Conv1d(character_size, character_filters, 3) if character_filters else None
        size = word_size + shape_size + character_filters + (2 * bigram_size if bigrams else 0)
        self.lstm = nn.LSTM(size, hidden_size, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * hidden_size, labels)
        self.dropout = nn.Dropout(dropout)
        self.transition = nn.Parameter(torch.zeros(labels, labels))
        self.start, self.end = (nn.Parameter(torch.zeros(labels)) for _ in range(2))

    def loss(
        self,
        *,
        words: Tensor,
        shapes: Tensor,
        characters: Tensor,
        tags: Tensor,
        mask: Tensor,
        bigrams: Tensor | None = None,
    ) -> Tensor:
        """Negative log-likelihood, averaged over sentences.

        words, shapes, tags [b, t]; characters [b, t, c + 2]; bigrams [b, t + 1]; mask [b, t].
        """
        b, t = words.shape
        parts = [self.word(words), self.shape(shapes)]
        if self.character is not None and self.convolution is not None:
            x = self.character(characters.view(b * t, -1)).transpose(1, 2)
            parts.append(torch.tanh(self.convolution(x).amax(dim=2)).view(b, t, -1))
        if self.bigram is not None:
            pairs = self.bigram(bigrams)
            parts += [pairs[:, :-1], pairs[:, 1:]]
        states, _ = self.lstm(self.dropout(torch.cat(parts, dim=-1)))
        emissions = self.output(self.dropout(states))  # [b, t, l]
        alpha = self.start + emissions[:, 0]
        for step in range(1, t):
            scores = torch.logsumexp(alpha.unsqueeze(2) + self.transition, dim=1) + emissions[:, step]
            alpha = torch.where(mask[:, step, None], scores, alpha)
        emitted = (emissions.gather(2, tags.unsqueeze(2)).squeeze(2) * mask).sum(dim=1)
        moved = (self.transition[tags[:, :-1], tags[:, 1:]] * mask[:, 1:]).sum(dim=1)
        last = tags.gather(1, mask.sum(dim=1, keepdim=True) - 1).squeeze(1)
        gold = emitted + moved + self.start[tags[:, 0]] + self.end[last]
        return (torch.logsumexp(alpha + self.end, dim=1) - gold).mean()


def tokens_per_second(model: PlainTagger, train: Encoded, *, batches: int, clip: float, seed: int) -> float:
    """Trains on some batches; -> true tokens per CPU-second, the making of the batches included."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    forms = [
        torch.tensor(np.asarray(table)).long() for table in (train.words, train.shapes, train.characters)
    ]
    order = np.random.default_rng(seed).permutation(len(train))
    tokens, begun = 0, time.process_time()
    for start in range(0, min(batches * SENTENCES, len(train)), SENTENCES):
        batch = _batch(train, forms, order[start : start + SENTENCES])
        loss = model.loss(**batch)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        tokens += int(batch["mask"].sum())
    return tokens / (time.process_time() - begun)


def _batch(train: Encoded, tables: list[Tensor], indexes: np.ndarray) -> dict[str, Tensor]:
    """What the model's loss takes, padded; the tables tell each form's word, shape and characters."""

    def padded(values: np.ndarray, bounds: np.ndarray) -> Tensor:
        rows = [torch.tensor(values[bounds[index] : bounds[index + 1]]) for index in indexes]
        return pad_sequence(rows, batch_first=True).long()

    assert train.tags is not None
    forms = padded(train.forms, train.starts)
    words, shapes, characters = (table[forms] for table in tables)
    mask = torch.arange(forms.shape[1]) < torch.tensor(train.lengths[indexes]).unsqueeze(1)
    batch = {"words": words, "shapes": shapes, "characters": characters, "mask": mask}
    batch["tags"] = padded(train.tags, train.starts)
    if train.bigrams is not None:
        # A sentence has one pair more than tokens.
        batch["bigrams"] = padded(train.bigrams, train.starts + np.arange(len(train.starts)))
    return batch
