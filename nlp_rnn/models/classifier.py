"""A classifier of whole texts: a recurrent encoder with maximum and mean over time, beside a wide part."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nlp_rnn.models.encoders import BidirectionalEncoder
from nlp_rnn.models.features import Features
from nlp_rnn.models.masks import LOWEST, inside
from nlp_rnn.models.wide import Wide
from nlp_rnn.text.batches import Batch


class Classifier(nn.Module):
    """One label for each text."""

    def __init__(
        self,
        *,
        features: Features,
        encoder: BidirectionalEncoder,
        wide: Wide | None,
        labels: Sequence[str],
        dropout: float,
        label_smoothing: float,
    ) -> None:
        super().__init__()
        self.features = features
        self.encoder = encoder
        self.wide = wide
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(2 * encoder.size, len(labels))
        self.label_smoothing = label_smoothing

    def loss(self, batch: Batch) -> Tensor:
        """Cross-entropy, averaged over texts; each part answers alone, so that neither leans on the other."""
        return sum(
            (
                nn.functional.cross_entropy(logits, batch.labels.long(), label_smoothing=self.label_smoothing)
                for logits in self._parts(batch)
            ),
            torch.zeros((), device=batch.labels.device),
        )

    def decode(self, batch: Batch) -> list[list[int]]:
        """The label of each text, in a list of its own."""
        return self.logits(batch).argmax(dim=1, keepdim=True).tolist()

    def logits(self, batch: Batch) -> Tensor:
        """-> [b, l], the mean of what the parts say."""
        return torch.stack(self._parts(batch)).mean(dim=0)

    def _parts(self, batch: Batch) -> list[Tensor]:
        """-> [b, l] each."""
        mask = inside(batch).unsqueeze(2)  # [b, t, 1]
        x = self.encoder(self.features(batch), mask.squeeze(2))  # [b, t, 2h]
        highest = x.masked_fill(~mask, LOWEST).amax(dim=1)
        mean = (x * mask).sum(dim=1) / mask.sum(dim=1)
        deep = self.output(self.dropout(torch.cat((highest, mean), dim=1)))
        return [deep] if self.wide is None else [deep, self.wide(batch.ngrams)]
