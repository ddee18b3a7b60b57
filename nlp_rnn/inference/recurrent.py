"""A recurrent layer as one ONNX operator that reads both directions and stops at true lengths."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nlp_rnn.inference.graph import Graph

Weights = Mapping[str, np.ndarray]
# In which order ONNX wants the gates that torch keeps as (r, z, n) and (i, f, g, o).
ORDER = {"rnn": (0,), "gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}
OPERATORS = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM", "mingru": "GRU"}
ATTRIBUTES: Mapping[str, Mapping[str, object]] = {
    "rnn": {},
    "gru": {"linear_before_reset": 1},  # torch's variant, and cuDNN's
    "lstm": {},
    # The candidate stays as it is, 1 * c + 0, in both directions.
    "mingru": {
        "activations": ["Sigmoid", "Affine"] * 2,
        "activation_alpha": [1.0, 1.0],
        "activation_beta": [0.0, 0.0],
    },
}


def layer(graph: Graph, weights: Weights, x: str, *, cell: str, layer: int, hidden_size: int) -> str:
    """Adds a layer.

    Args:
        graph: has an input ``lengths`` [b].
        weights: the network's state, by torch's names.
        x: [t, b, e].
        cell, layer, hidden_size: which cell, the layer's number from 0, and h.

    Returns:
        states [t, b, 2h], zero past each length.
    """
    directions = [_gates(weights, cell, f"encoder.{side}.{layer}") for side in ("ahead", "back")]
    stacked = [
        graph.weight(f"layer{layer}.{name}", np.stack(parts)) for name, parts in zip("WRB", zip(*directions))
    ]
    y = graph.add(
        OPERATORS[cell],
        x,
        *stacked,
        "lengths",
        hidden_size=hidden_size,
        direction="bidirectional",
        **ATTRIBUTES[cell],
    )  # [t, 2, b, h]
    y = graph.add("Transpose", y, perm=[0, 2, 1, 3])
    return graph.add("Reshape", y, graph.integers(0, 0, 2 * hidden_size))


def _gates(weights: Weights, cell: str, prefix: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One direction's W [gh, e], R [gh, h] and B [2gh] for the g gates of its operator."""
    if cell == "mingru":
        return _mingru(weights[f"{prefix}.gates.weight"], weights[f"{prefix}.gates.bias"])
    w, r, wb, rb = (
        _reordered(weights[f"{prefix}.{name}_l0"], ORDER[cell])
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    return w, r, np.concatenate((wb, rb))


def _mingru(weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A GRU that is blind to its own states: R is zero, so what it resets does not matter.

    ONNX's z is the share of the old state that is kept, ours the share that is replaced, and
    1 - sigmoid(a) = sigmoid(-a).
    """
    (update, candidate), (update_bias, candidate_bias) = np.split(weight, 2), np.split(bias, 2)
    size = len(candidate)
    w = np.concatenate((-update, np.zeros_like(update), candidate))  # z, r, h
    b = np.concatenate((-update_bias, np.zeros_like(update_bias), candidate_bias))
    return w, np.zeros((3 * size, size), np.float32), np.concatenate((b, np.zeros_like(b)))


def _reordered(weight: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    gates = np.split(weight, len(order))
    return np.concatenate([gates[i] for i in order])
