"""A language model in either direction, which teaches a network's lower layers from text without labels.

After Peters et al. (ACL 2017; NAACL 2018): one direction predicts each next word, the other each previous
one, and neither sees what it is to predict. Here they are the network's own features and first layer.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from nlp_rnn.models.encoders import LockedDropout, RecurrentEncoder
from nlp_rnn.models.features import Features
from nlp_rnn.models.masks import inside
from nlp_rnn.text.batches import Batch

HEAD = 1000  # answers in the first part of the softmax: the commonest, which most tokens are
LEARNED = ("features.", "encoder.ahead.0.", "encoder.back.0.")  # what the names of handed weights begin with


class LanguageModel(nn.Module):
    """Predicts a word from all to its left and, where the network reads both ways, once more from all to its
    right.

    Both directions share one adaptive softmax (Grave et al., ICML 2017): rare answers stand in a part of
    their own with narrower vectors, which is computed only where they are right; likelihoods stay exact.
    """

    answers: Tensor  # [words], the number of the answer that each word is

    def __init__(
        self, *, features: Features, encoder: RecurrentEncoder, answers: np.ndarray, dropout: float
    ) -> None:
        """
        Args:
            features, encoder: a network's own; of the encoder, the first layer is used.
            answers: for each word id its number among the words to be told apart, [words]: the commonest
                first, from 1, and 0 for all that are not.
            dropout: share of the features that the layer's input, and its output, lose in training.
        """
        super().__init__()
        self.features = features
        self.encoder = encoder
        self.dropout = LockedDropout(dropout)
        count = max(2, int(answers.max()) + 1)
        self.softmax = nn.AdaptiveLogSoftmaxWithLoss(
            encoder.hidden_size, count, cutoffs=[min(HEAD, count - 1)], head_bias=True
        )
        self.register_buffer("answers", torch.from_numpy(answers.astype(np.int64)), persistent=False)

    def loss(self, batch: Batch) -> Tensor:
        """Negative log-likelihood, averaged over all predictions of both directions."""
        return -self.log_likelihoods(batch).mean()

    def log_likelihoods(self, batch: Batch) -> Tensor:
        """Of each right answer, [n]: tokens with a left neighbour, then those with a right one, where the
        network reads both ways."""
        ahead, *back = self.states(batch)
        right = self.answers[batch.words.long()][batch.forms.long()]  # [b, t]
        pairs = inside(batch)[:, 1:]  # [b, t - 1], whether a step and the next one are tokens
        seen, wanted = [ahead[:, :-1][pairs]], [right[:, 1:][pairs]]
        for states in back:
            seen.append(states[:, 1:][pairs])
            wanted.append(right[:, :-1][pairs])
        return self.softmax(torch.cat(seen), torch.cat(wanted)).output

    def states(self, batch: Batch) -> list[Tensor]:
        """-> [b, t, h] each: after a token and all to its left; before it and all to its right."""
        x = self.dropout(self.features(batch))
        return [
            self.dropout(states)
            for states in self.encoder.first_layer(*self._without_answers(x), inside(batch))
        ]

    def _without_answers(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features for either direction: of a token's pairs with its neighbours, one holds the answer; and
        whether a word ends here was decided by what follows."""
        form, left, right, boundary = x.split(self.features.sizes, dim=2)
        no_pair, no_boundary = torch.zeros_like(left), torch.zeros_like(boundary)
        ahead = torch.cat((form, left, no_pair, no_boundary), dim=2)
        return ahead, torch.cat((form, no_pair, right, no_boundary), dim=2)


def learned(model: nn.Module) -> dict[str, Tensor]:
    """The weights of a network, or of a language model, that the latter hands to the former, by name."""
    return {name: tensor for name, tensor in model.state_dict().items() if name.startswith(LEARNED)}


def hand_over(weights: Mapping[str, Tensor], network: nn.Module) -> None:
    """Gives a network the weights that :func:`learned` took from a language model.

    Raises:
        ValueError: the network has others, or of another shape.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in learned(network).items()}
    given = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if given != shapes:
        name = sorted(dict(given.items() ^ shapes.items()))[0]
        raise ValueError(f"`{name}` is {given.get(name)} in the one, {shapes.get(name)} in the other")
    network.load_state_dict(dict(weights), strict=False)
