"""How far gradients reach in a trained network: from the last token's state back to each token's input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from nlp_rnn import models
from nlp_rnn.inference import package
from nlp_rnn.models.masks import inside
from nlp_rnn.text import batches, ngrams, segmentation
from nlp_rnn.text.encoding import Encoded
from nlp_rnn.training.device import to_tensors

PROBES = 8
SENTENCES = 100
FEWEST = 10  # sentences that a mean is taken over


def load(folder: Path) -> models.Tagger | models.Classifier:
    """The network that a package's weights belong to, ready to be looked into."""
    content = package.read_model(folder)
    weights = load_file(folder / "weights.safetensors")
    model = models.build(
        content["task"],
        labels=content["labels"],
        words=len(weights["features.word.weight"]),
        characters=len(content["characters"]) + 2,
        bigrams=content["bigrams"],
        subwords=content["subwords"],
        boundaries=segmentation.IDS if content["segmenter"] != "none" else 0,
        ngrams=len(ngrams.unpack(content["ngrams"])),
        **content["run"]["model"],
    )
    model.load_state_dict(weights)
    return model.eval()


def gradient_norms(
    model: models.Tagger | models.Classifier,
    encoded: Encoded,
    *,
    sentences: int = SENTENCES,
    fewest: int = FEWEST,
    seed: int = 0,
) -> list[float]:
    """Norms of d(state of the last token) / d(input of the token d before it), for d = 0, 1, ...

    The Frobenius norm of each Jacobian is estimated from products with random vectors: for a standard normal
    v, the mean of |v J|^2 is |J|^2 (Hutchinson, 1990). Norms are averaged over sentences.

    Args:
        model: a trained one.
        encoded: sentences, of which the longest are taken, to see far.
        sentences: how many, at most.
        fewest: how many must be long enough for a distance to count.
        seed: of the random vectors.
    """
    generator = torch.Generator().manual_seed(seed)
    longest = np.argsort(-encoded.lengths, kind="stable")[:sentences]
    norms = [_norms(model, encoded, int(index), generator) for index in longest]
    reached = sorted((len(row) for row in norms), reverse=True)[min(fewest, len(norms)) - 1]
    return [float(np.mean([row[d] for row in norms if len(row) > d])) for d in range(reached)]


def reach(norms: list[float], share: float) -> int:
    """The first distance from which on the norm stays below a share of the one at 0; the length if none."""
    above = [d for d, norm in enumerate(norms) if norm >= share * norms[0]]
    return above[-1] + 1 if above else 0


def _norms(
    model: models.Tagger | models.Classifier, encoded: Encoded, index: int, generator: torch.Generator
) -> np.ndarray:
    """[t], from the last token back."""
    batch = to_tensors(batches.gather(encoded, np.array([index])), torch.device("cpu"))
    x = model.features(batch).detach().requires_grad_()  # [1, t, e]
    last = model.encoder(x, inside(batch))[0, -1]  # [2h]
    total = torch.zeros(x.shape[1])
    for _ in range(PROBES):
        probe = torch.randn(last.shape, generator=generator)
        (gradient,) = torch.autograd.grad(last @ probe, x, retain_graph=True)  # [1, t, e]
        total += gradient[0].square().sum(dim=1)
    return (total / PROBES).sqrt().flip(0).numpy()
