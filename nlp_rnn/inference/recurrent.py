"""A recurrent layer in ONNX: it reads in one direction or both, and stops at true lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto

from nlp_rnn.inference import int8
from nlp_rnn.inference.graph import MICROSOFT, Graph

Weights = Mapping[str, np.ndarray]
# In which order ONNX wants the gates that torch keeps as (r, z, n) and (i, f, g, o).
GATES = {"rnn": (0,), "gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}
SIDES = ("ahead", "back")
OPEN = 50.0  # a bias that opens a gate wholly


def states(
    graph: Graph, weights: Weights, x: str, *, cell: str, layer: int, hidden_size: int, reach: float
) -> str:
    """The states of one layer.

    Args:
        graph: has an input ``lengths`` [b].
        weights: the network's state, by torch's names.
        x: [t, b, e].
        cell, layer, hidden_size: which cell, the layer's number from 0, and h.
        reach: no value of x is larger, or smaller than its negative, in a small graph of LSTMs.

    Returns:
        [t, b, dh], of d directions; what stands past a length means nothing.
    """
    sides = [side for side in SIDES if any(name.startswith(f"encoder.{side}.{layer}.") for name in weights)]
    cells = [f"encoder.{side}.{layer}" for side in sides]
    if cell == "mingru":
        return _mingru(graph, weights, x, cells, f"layer{layer}", hidden_size)
    w, r, b = _weights(weights, cells, cell)
    if graph.small and cell == "lstm":
        y = _lstm_int8(graph, x, w, r, b, name=f"layer{layer}", reach=reach)  # [t, d, b, h]
    else:
        inputs = (x, *_added(graph, f"layer{layer}", w, r, b), "lengths")
        y = graph.add(cell.upper(), *inputs, **_attributes(cell, hidden_size, len(cells)))
    y = graph.add("Transpose", y, perm=[0, 2, 1, 3])
    return graph.add("Reshape", y, graph.integers(0, 0, len(cells) * hidden_size))


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
    w, r, b = _weights(weights, [f"{name}.{side}" for side in SIDES], "lstm")
    inputs = (x, *_added(graph, name, w, r, b), lengths)
    y = graph.add_second("LSTM", *inputs, **_attributes("lstm", hidden_size, 2))  # [2, b, h]
    y = graph.add("Transpose", y, perm=[1, 0, 2])
    return graph.add("Reshape", y, graph.integers(0, 2 * hidden_size))


def _weights(weights: Weights, cells: Sequence[str], cell: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """W [d, gh, e], R [d, gh, h] and B [d, 2gh] of the operator, all directions in each, g gates."""
    stacked = {
        kind: np.stack([_reordered(weights[f"{own}.{kind}_l0"], GATES[cell]) for own in cells])
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    }
    biases = np.concatenate((stacked["bias_ih"], stacked["bias_hh"]), axis=1)
    return stacked["weight_ih"], stacked["weight_hh"], biases


def _added(graph: Graph, name: str, w: np.ndarray, r: np.ndarray, b: np.ndarray) -> list[str]:
    """The operator's weights in the graph."""
    matrices = []
    for letter, values in (("W", w), ("R", r)):
        rows = graph.table(f"{name}.{letter}", values.reshape(-1, values.shape[2]))
        matrices.append(graph.add("Reshape", rows, graph.integers(*values.shape)))
    return [*matrices, graph.weight(f"{name}.B", b)]


def _lstm_int8(
    graph: Graph, x: str, w: np.ndarray, r: np.ndarray, b: np.ndarray, *, name: str, reach: float
) -> str:
    """An LSTM that computes in 8 bits: [t, b, e] -> [t, d, b, h].

    onnxruntime scales what it multiplies by the largest and the smallest value that there is at the time, in
    all sentences of a batch, so that a sentence's company would change its answer. Both are made the same
    for all: two more columns of x are as large as any value can be, and two more units are as far from zero
    as a unit can be after so many tokens, with all gates open. Their weights are zero.
    """
    hidden = r.shape[2]
    reach *= 1.001  # what rounding adds is a little
    for value in (reach, -reach):
        bound = graph.weight(f"{name}.reach{value:+g}", np.array(value, np.float32))
        x = graph.add("Pad", x, graph.integers(0, 0, 0, 0, 0, 1), bound)
    gates = [np.pad(part, ((0, 0), (0, 2), (0, 0))) for part in np.split(w, 4, axis=1)]
    w = np.pad(np.concatenate(gates, axis=1), ((0, 0), (0, 0), (0, 2)))
    gates = [np.pad(part, ((0, 0), (0, 2), (0, 2))) for part in np.split(r, 4, axis=1)]
    r = np.concatenate(gates, axis=1)
    ends = [(OPEN, OPEN)] * 3 + [(OPEN, -OPEN)] + [(0.0, 0.0)] * 4  # i, o, f, c, and the second biases
    parts = [np.pad(part, ((0, 0), (0, 2))) for part in np.split(b, 8, axis=1)]
    for part, end in zip(parts, ends):
        part[:, -2:] = end
    inputs = [x]
    scales = []
    for letter, values in (("W", w), ("R", r)):
        whole, scale = int8.quantize(values.reshape(-1, values.shape[2]), int8.LARGEST_FACTOR)
        whole = whole.reshape(values.shape).transpose(0, 2, 1)  # [d, e, 4h]
        inputs.append(graph.weight(f"{name}.{letter}", whole))
        zero = graph.weight(f"{name}.{letter}.zero", np.zeros(values.shape[:2], np.int8))
        scales += [graph.weight(f"{name}.{letter}.scales", scale.reshape(values.shape[:2])), zero]
    inputs += [graph.weight(f"{name}.B", np.concatenate(parts, axis=1)), "lengths", "", "", "", *scales]
    attributes = _attributes("lstm", hidden + 2, len(r))
    return graph.slice(
        graph.add("DynamicQuantizeLSTM", *inputs, domain=MICROSOFT, **attributes), 0, hidden, 3
    )


def _attributes(cell: str, hidden_size: int, directions: int) -> dict[str, Any]:
    direction = "bidirectional" if directions == 2 else "forward"
    attributes: dict[str, Any] = {"hidden_size": hidden_size, "direction": direction}
    if cell == "gru":
        attributes["linear_before_reset"] = 1
    return attributes


def _reordered(weight: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    gates = np.split(weight, len(order))
    return np.concatenate([gates[i] for i in order])


def _mingru(graph: Graph, weights: Weights, x: str, cells: Sequence[str], name: str, size: int) -> str:
    """All directions side by side, the backward one turned around by its lengths: one loop over time.

    ONNX's GRU could do it too, with R = 0 and Affine for tanh, but spends half its time on products with
    zero, and a gate that is all but closed leaks: the candidate's share is 1 - sigmoid there.
    """
    weight, bias = (
        np.concatenate([weights[f"{cell}.gates.{kind}"] for cell in cells]) for kind in ("weight", "bias")
    )
    x = graph.add("MatMul", x, graph.add("Transpose", graph.table(f"{name}.W", weight)))
    x = graph.add("Add", x, graph.weight(f"{name}.B", bias))  # [t, b, 2dh]
    gates = [graph.slice(x, 0, 2 * size, 2)]
    if len(cells) == 2:
        gates.append(_turned(graph, graph.slice(x, 2 * size, 4 * size, 2)))
    update, candidate = (
        _side_by_side(graph, [graph.slice(side, at, at + size, 2) for side in gates]) for at in (0, size)
    )  # [t, b, dh] each
    # onnxruntime's own sigmoid is off by some 1e-7, which for a closed gate is all that it lets through.
    one = graph.weight("one", np.array(1, np.float32))
    z = graph.add("Reciprocal", graph.add("Add", graph.add("Exp", graph.add("Neg", update)), one))
    added = graph.add("Mul", z, candidate)
    kept = graph.add("Sub", one, z)
    x = graph.recurrence(kept, added, len(cells) * size)
    if len(cells) == 1:
        return x
    left, right = graph.slice(x, 0, size, 2), graph.slice(x, size, 2 * size, 2)
    return _side_by_side(graph, [left, _turned(graph, right)])


def _side_by_side(graph: Graph, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=2)


def _turned(graph: Graph, x: str) -> str:
    """Each sequence from its end to its beginning; padding stays behind it."""
    lengths = graph.add("Cast", "lengths", to=TensorProto.INT64)
    return graph.add("ReverseSequence", x, lengths, time_axis=0, batch_axis=1)
