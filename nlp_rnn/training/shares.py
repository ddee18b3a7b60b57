"""How much each part of a classifier counts, found on dev (stacking: Wolpert, Neural Networks, 1992)."""

from __future__ import annotations

import numpy as np
import torch

from nlp_rnn.models import Classifier
from nlp_rnn.text import batches
from nlp_rnn.text.encoding import Encoded
from nlp_rnn.training.device import to_tensors

MOST = 10.0  # a dev set that is told apart without an error would have them grow without end


def fit_shares(model: Classifier, dev: Encoded, *, batch_tokens: int, device: torch.device) -> float:
    """Sets the factor of each part, in [0, 10], with which dev's labels are likeliest.

    The whole is calibrated on dev, and never less likely there than either part by itself.

    Args:
        model: on ``device``; without a wide part it has one factor.
        dev: texts with labels.
        batch_tokens: padded tokens of a batch, at most.
        device: where the model is.

    Returns:
        the mean log-likelihood of a label of dev, at most 0.
    """
    from scipy.optimize import minimize

    parts = _parts(model, dev, batch_tokens, device)  # [p, b, l]
    labels = np.eye(parts.shape[2])[np.asarray(dev.labels)]  # [b, l]

    def loss(shares: np.ndarray) -> tuple[float, np.ndarray]:
        """Cross-entropy on dev, and its gradient."""
        logits = np.tensordot(shares, parts, axes=1)
        logits -= logits.max(axis=1, keepdims=True)
        log_sums = np.log(np.exp(logits).sum(axis=1, keepdims=True))
        errors = np.exp(logits - log_sums) - labels
        slopes = (errors * parts).sum(axis=2).mean(axis=1)
        return float((labels * (log_sums - logits)).sum(axis=1).mean()), slopes

    found = minimize(
        loss, np.full(len(parts), 0.5), jac=True, bounds=[(0.0, MOST)] * len(parts), method="L-BFGS-B"
    )
    model.shares.copy_(torch.from_numpy(found.x))
    return -float(found.fun)


def _parts(model: Classifier, dev: Encoded, batch_tokens: int, device: torch.device) -> np.ndarray:
    found: np.ndarray | None = None
    with torch.inference_mode():
        for batch in batches.batches(dev, batch_tokens):
            logits = torch.stack(model.parts(to_tensors(batch, device))).double().cpu().numpy()
            if found is None:
                found = np.zeros((len(logits), len(dev), logits.shape[2]))
            found[:, batch.indexes] = logits
    assert found is not None
    return found
