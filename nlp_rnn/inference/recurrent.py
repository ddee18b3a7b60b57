"""A recurrent layer in ONNX: it reads both directions, and stops at true lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto

from nlp_rnn.inference.graph import Graph

Weights = Mapping[str, np.ndarray]
# In which order ONNX wants the gates that torch keeps as (r, z, n) and (i, f, g, o).
GATES = {"rnn": (0,), "gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}
SIDES = ("ahead", "back")


def states(graph: Graph, weights: Weights, x: str, *, cell: str, layer: int, hidden_size: int) -> str:
    """The states of one layer.

    Args:
        graph: has an input ``lengths`` [b].
        weights: the network's state, by torch's names.
        x: [t, b, e].
        cell, layer, hidden_size: which cell, the layer's number from 0, and h.

    Returns:
        [t, b, 2h]; what stands past a length means nothing.
    """
    if cell == "mingru":
        return _mingru(graph, weights, x, layer, hidden_size)
    cells = [f"encoder.{side}.{layer}" for side in SIDES]
    inputs = (x, *_weights(graph, weights, f"layer{layer}", cells, cell), "lengths")
    y = graph.add(cell.upper(), *inputs, **_attributes(cell, hidden_size))  # [t, 2, b, h]
    y = graph.add("Transpose", y, perm=[0, 2, 1, 3])
    return graph.add("Reshape", y, graph.integers(0, 0, 2 * hidden_size))


def last_states(graph: Graph, weights: Weights, x: str, lengths: str, *, name: str, hidden_size: int) -> str:
    """Where an LSTM ends in each direction.

    Args:
        graph, weights: as :func:`states` has them.
        x: [t, b, e].
        lengths: [b], int32, at least 1 each.
        name: of the module whose ``ahead`` and ``back`` the cells are.
        hidden_size: h.

    Returns:
        [b, 2h].
    """
    inputs = (x, *_weights(graph, weights, name, [f"{name}.{side}" for side in SIDES], "lstm"), lengths)
    y = graph.add_second("LSTM", *inputs, **_attributes("lstm", hidden_size))  # [2, b, h]
    y = graph.add("Transpose", y, perm=[1, 0, 2])
    return graph.add("Reshape", y, graph.integers(0, 2 * hidden_size))


def _weights(graph: Graph, weights: Weights, name: str, cells: Sequence[str], cell: str) -> list[str]:
    """W, R and B of the operator, both directions in each."""
    stacked = {
        kind: np.stack([_reordered(weights[f"{own}.{kind}_l0"], GATES[cell]) for own in cells])
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    }
    biases = np.concatenate((stacked["bias_ih"], stacked["bias_hh"]), axis=1)
    inputs = {"W": stacked["weight_ih"], "R": stacked["weight_hh"], "B": biases}
    return [graph.weight(f"{name}.{letter}", values) for letter, values in inputs.items()]


def _attributes(cell: str, hidden_size: int) -> dict[str, Any]:
    attributes: dict[str, Any] = {"hidden_size": hidden_size, "direction": "bidirectional"}
    if cell == "gru":
        attributes["linear_before_reset"] = 1
    return attributes


def _reordered(weight: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    gates = np.split(weight, len(order))
    return np.concatenate([gates[i] for i in order])


def _mingru(graph: Graph, weights: Weights, x: str, layer: int, size: int) -> str:
    """Both directions side by side, the backward one turned around by its lengths: one loop over time.

    ONNX's GRU could do it too, with R = 0 and Affine for tanh, but spends half its time on products with
    zero, and a gate that is all but closed leaks: the candidate's share is 1 - sigmoid there.
    """
    weight, bias = (
        np.concatenate([weights[f"encoder.{side}.{layer}.gates.{kind}"] for side in SIDES])
        for kind in ("weight", "bias")
    )
    x = graph.add("MatMul", x, graph.weight(f"layer{layer}.W", weight.T))
    x = graph.add("Add", x, graph.weight(f"layer{layer}.B", bias))  # [t, b, 4h]
    left, right = graph.slice(x, 0, 2 * size, 2), _turned(graph, graph.slice(x, 2 * size, 4 * size, 2))
    update, candidate = (
        graph.add("Concat", *(graph.slice(side, at, at + size, 2) for side in (left, right)), axis=2)
        for at in (0, size)
    )  # [t, b, 2h] each
    # onnxruntime's own sigmoid is off by some 1e-7, which for a closed gate is all that it lets through.
    one = graph.weight("one", np.array(1, np.float32))
    z = graph.add("Reciprocal", graph.add("Add", graph.add("Exp", graph.add("Neg", update)), one))
    added = graph.add("Mul", z, candidate)
    kept = graph.add("Sub", one, z)
    x = graph.recurrence(kept, added, 2 * size)
    left, right = graph.slice(x, 0, size, 2), graph.slice(x, size, 2 * size, 2)
    return graph.add("Concat", left, _turned(graph, right), axis=2)


def _turned(graph: Graph, x: str) -> str:
    """Each sequence from its end to its beginning; padding stays behind it."""
    lengths = graph.add("Cast", "lengths", to=TensorProto.INT64)
    return graph.add("ReverseSequence", x, lengths, time_axis=0, batch_axis=1)
