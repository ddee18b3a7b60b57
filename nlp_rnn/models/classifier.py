"""A classifier of whole texts: a recurrent encoder with maximum and mean over time, beside a wide part."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nlp_rnn.models.encoders import RecurrentEncoder
from nlp_rnn.models.features import Features
from nlp_rnn.models.masks import LOWEST, inside
from nlp_rnn.models.wide import Wide
from nlp_rnn.text.batches import Batch


class Classifier(nn.Module):
    """One label for each text."""

    shares: Tensor  # what each part's logits are multiplied by, [1 or 2]; training.shares finds them

    def __init__(
        self,
        *,
        features: Features,
        encoder: RecurrentEncoder,
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
        self.register_buffer("shares", torch.ones(1) if wide is None else torch.full((2,), 0.5))

    def loss(self, batch: Batch) -> Tensor:
        """Cross-entropy of the deep part, averaged over texts: the wide part must not learn for it."""
        return self.loss_from(self.features(batch), batch)

    def loss_from(self, features: Tensor, batch: Batch) -> Tensor:
        """The same of given features [b, t, e], as training may have moved them."""
        return nn.functional.cross_entropy(
            self._deep(features, batch).float(), batch.labels.long(), label_smoothing=self.label_smoothing
        )

    def decode(self, batch: Batch) -> list[list[int]]:
        """The label of each text, in a list of its own."""
        return self.logits(batch).argmax(dim=1, keepdim=True).tolist()

    def logits(self, batch: Batch) -> Tensor:
        """-> [b, l], what the parts say together."""
        return torch.stack([share * part for share, part in zip(self.shares, self.parts(batch))]).sum(dim=0)

    def parts(self, batch: Batch) -> list[Tensor]:
        """What the deep part says, and the wide one if there is one, [b, l] each."""
        deep = self._deep(self.features(batch), batch)
        return [deep] if self.wide is None else [deep, self.wide(batch.ngrams)]

    def _deep(self, features: Tensor, batch: Batch) -> Tensor:
        """[b, t, e] -> [b, l]."""
        mask = inside(batch).unsqueeze(2)  # [b, t, 1]
        x = self.encoder(features, mask.squeeze(2))  # [b, t, dh]
        highest = x.masked_fill(~mask, LOWEST).amax(dim=1)
        mean = (x * mask).sum(dim=1) / mask.sum(dim=1)
        return self.output(self.dropout(torch.cat((highest, mean), dim=1)))
