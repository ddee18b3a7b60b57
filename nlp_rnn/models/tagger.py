"""A tagger of named entities: features, recurrent encoder, CRF (Huang, Xu and Yu, arXiv 1508.01991)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from nlp_rnn.models.crf import CRF
from nlp_rnn.models.encoders import LockedDropout, RecurrentEncoder
from nlp_rnn.models.features import Features
from nlp_rnn.models.masks import inside
from nlp_rnn.text.batches import Batch


class Tagger(nn.Module):
    """One label for each token."""

    def __init__(
        self, *, features: Features, encoder: RecurrentEncoder, labels: Sequence[str], dropout: float
    ) -> None:
        super().__init__()
        self.features = features
        self.encoder = encoder
        self.dropout = LockedDropout(dropout)
        self.output = nn.Linear(encoder.size, len(labels))
        self.crf = CRF(labels)

    def loss(self, batch: Batch) -> Tensor:
        """Negative log-likelihood of the right tags, averaged over sentences."""
        return self.loss_from(self.features(batch), batch)

    def loss_from(self, features: Tensor, batch: Batch) -> Tensor:
        """The same of given features [b, t, e], as training may have moved them."""
        mask = inside(batch)
        emissions = self._emissions(features, mask).float()  # sums over labels never in half precision
        return self.crf.loss(emissions, batch.tags, mask) / len(mask)

    def decode(self, batch: Batch) -> list[list[int]]:
        """The labels of each sentence's tokens."""
        return self.crf.decode(self.emissions(batch), inside(batch))

    def emissions(self, batch: Batch) -> Tensor:
        """-> [b, t, l]."""
        return self._emissions(self.features(batch), inside(batch))

    def _emissions(self, features: Tensor, mask: Tensor) -> Tensor:
        return self.output(self.dropout(self.encoder(features, mask)))
