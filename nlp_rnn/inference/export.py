"""Trained weights -> one ONNX graph of the whole network, characters and true lengths included.

The graph is written by hand rather than traced: the same weights give the same bytes, within
milliseconds, and each recurrent layer is one operator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto

from nlp_rnn.inference import recurrent
from nlp_rnn.inference.graph import Graph
from nlp_rnn.inference.package import FP32, INT8
from nlp_rnn.inference.viterbi import Transitions
from nlp_rnn.text.labels import barriers

Weights = Mapping[str, np.ndarray]
END = int(np.iinfo(np.int32).max)  # of a slice that takes all the rest
WIDE = "wide.weight"
SUBWORD = "features.subword.weight"
BIGRAM = "features.bigram.weight"
BOUNDARY = "features.boundary.weight"
READ = [f"encoder.{side}.0.{name}" for side in recurrent.SIDES for name in ("weight_ih_l0", "gates.weight")]
LOWEST = -1e30  # as in nlp_rnn/models/masks.py, which needs torch


def graphs(weights: Weights, run: Mapping[str, Any]) -> dict[str, ModelProto]:
    """Both graphs of a trained network, by their precision, FP32 and INT8.

    Args:
        weights: the network's state, by torch's names.
        run: the resolved parameters of the run that trained it.
    """
    built = {name: run["model"][name] for name in ("cell", "layers", "hidden_size", "residual")}
    return {
        precision: export(weights, task=run["task"], small=precision == INT8, **built)
        for precision in (FP32, INT8)
    }


def transitions(weights: Weights, labels: list[str]) -> Transitions:
    """The CRF's scores with every move that the scheme forbids made hopeless."""
    return Transitions(
        **{
            name: weights[f"crf.{name}"] + np.array(scores, np.float32)
            for name, scores in barriers(labels).items()
        }
    )


def export(
    weights: Weights,
    *,
    task: str,
    cell: str,
    layers: int,
    hidden_size: int,
    residual: bool,
    small: bool = False,
) -> ModelProto:
    """Builds the graph.

    Args:
        weights: the network's state, by torch's names.
        task, cell, layers, hidden_size, residual: what the network was built with.
        small: keep tables and matrices in 8 bits, and let an LSTM compute with them.

    Returns:
        a model whose inputs are those of :class:`nlp_rnn.text.batches.Batch`, as far as the network uses
        them (``lengths`` [b], ``forms`` [b, t], ``words`` and ``shapes`` [u], ``characters`` [u, c + 2],
        ``subwords`` [u, s], ``bigrams`` [b, t + 1], ``boundaries`` [b, t], ``ngrams`` [b, kt]), and whose
        output is ``emissions`` [b, t, l] or ``logits`` [b, l].
    """
    axes = {"lengths": ["b"], "forms": ["b", "t"], "words": ["u"]}
    if "features.shape.weight" in weights:
        axes["shapes"] = ["u"]
    if "features.character.embedding.weight" in weights:
        axes["characters"] = ["u", "c"]
    if SUBWORD in weights:
        axes["subwords"] = ["u", "s"]
    if BIGRAM in weights:
        axes["bigrams"] = ["b", "pairs"]
    if BOUNDARY in weights:
        axes["boundaries"] = ["b", "t"]
    if WIDE in weights:
        axes["ngrams"] = ["b", "grams"]
    graph = Graph(axes, small=small)
    if small:
        weights = _stretched(weights)
    x, reach = _features(graph, weights), 1.0  # [t, b, e]
    for layer in range(layers):
        read = x
        x = recurrent.states(
            graph, weights, x, cell=cell, layer=layer, hidden_size=hidden_size, reach=reach
        )  # [t, b, dh]
        if residual and layer:
            x = graph.add("Add", read, x)
        reach = reach + 1 if residual and layer else 1.0
    if task == "ner":
        x = _linear(graph, weights, "output", x)  # [t, b, l]
        x = graph.add("Transpose", x, perm=[1, 0, 2])
        return graph.finish("emissions", x, ["b", "t", len(weights["output.bias"])], "nlp-rnn")
    parts = [_linear(graph, weights, "output", _pooled(graph, x))]  # [b, l]
    if WIDE in weights:
        parts.append(_wide(graph, weights))
    shares = (graph.weight(f"share{i}", share) for i, share in enumerate(weights["shares"]))
    x, *others = [graph.add("Mul", part, share) for part, share in zip(parts, shares)]
    for other in others:
        x = graph.add("Add", x, other)
    return graph.finish("logits", x, ["b", len(weights["output.bias"])], "nlp-rnn")


def _features(graph: Graph, weights: Weights) -> str:
    """-> [t, b, e], in the order of :class:`nlp_rnn.models.features.Features`."""
    forms = [graph.add("Gather", _table(graph, weights, "features.word"), "words")]
    if "features.character.embedding.weight" in weights:
        forms.append(_characters(graph, weights))
    if "features.shape.weight" in weights:
        forms.append(graph.add("Gather", _table(graph, weights, "features.shape"), "shapes"))
    if SUBWORD in weights:
        forms.append(_subwords(graph, weights[SUBWORD]))
    table = graph.add("Concat", *forms, axis=1)  # [u, e]
    parts = [graph.add("Gather", table, graph.add("Transpose", "forms"))]  # [t, b, e] each
    if BIGRAM in weights:
        table, ids = (
            _table(graph, weights, "features.bigram"),
            graph.add("Transpose", "bigrams"),
        )  # [t + 1, b]
        sides = (graph.slice(ids, *bounds, 0) for bounds in ((0, -1), (1, END)))
        parts += [graph.add("Gather", table, side) for side in sides]
    if BOUNDARY in weights:
        table = _table(graph, weights, "features.boundary")
        parts.append(graph.add("Gather", table, graph.add("Transpose", "boundaries")))
    return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=2)


def _stretched(weights: Weights) -> Weights:
    """The same network, with every column of a table stretched to reach 1, so that 8 bits tell most of it."""
    tables: dict[str, np.ndarray] = {}
    by: list[np.ndarray] = []  # how much less each column of x is
    for name, width in _columns(weights):
        if name is None:
            by.append(np.ones(width, np.float32))
            continue
        largest = np.abs(weights[name]).max(axis=0)
        largest[largest == 0] = 1
        tables[name] = weights[name] / largest
        by.append(largest)
    read = {name: weights[name] * np.concatenate(by) for name in weights if name in READ}
    return {**weights, **tables, **read}


def _columns(weights: Weights) -> Iterator[tuple[str | None, int]]:
    """The tables whose columns x consists of, and how many each has; None is what comes of no table."""
    yield "features.word.weight", weights["features.word.weight"].shape[1]
    character = "features.character"
    if f"{character}.convolution.bias" in weights:
        yield None, len(weights[f"{character}.convolution.bias"])
    elif f"{character}.embedding.weight" in weights:
        yield None, 2 * weights[f"{character}.ahead.weight_hh_l0"].shape[1]
    for name in ("features.shape.weight", SUBWORD, BIGRAM, BIGRAM, BOUNDARY):
        if name in weights:
            yield name, weights[name].shape[1]


def _characters(graph: Graph, weights: Weights) -> str:
    """-> [u, filters].

    A character adds the same to a filter's sum wherever it stands before, at or after the middle, so that the
    convolution is three rows of three tables, added. Padding at the middle adds what no maximum can choose.
    """
    prefix = "features.character"
    if f"{prefix}.convolution.weight" not in weights:
        return _read_characters(graph, weights, prefix)
    embedding, weight, bias = (
        weights[f"{prefix}.{name}"].astype(np.float64)
        for name in ("embedding.weight", "convolution.weight", "convolution.bias")
    )
    tables = [embedding @ part.T for part in np.split(weight, 3, axis=1)]  # [characters, filters] each
    tables[1] += bias
    tables[1][0] = LOWEST
    sums = []
    for start, table in enumerate(tables):
        ids = graph.slice("characters", start, -2 + start or END, 1)  # [u, c]
        name = graph.weight(f"{prefix}.{start}", table.astype(np.float32))
        sums.append(graph.add("Gather", name, ids))
    x = graph.add("Add", graph.add("Add", sums[0], sums[1]), sums[2])  # [u, c, filters]
    return graph.add("Tanh", graph.add("ReduceMax", x, graph.integers(1), keepdims=0))


def _subwords(graph: Graph, weight: np.ndarray) -> str:
    """The mean of each form's n-grams, [u, e]; zeros for a form without any."""
    table = weight.copy()
    table[0] = 0  # padding adds nothing
    x = graph.add("Gather", graph.table(SUBWORD, table), "subwords")  # [u, s, e]
    total = graph.add("ReduceSum", x, graph.integers(1), keepdims=0)
    count = graph.add("ReduceSum", _known(graph, "subwords"), graph.integers(1), keepdims=1)  # [u, 1]
    count = graph.add("Max", count, graph.weight("at_least_one", np.array(1, np.int32)))
    return graph.add("Div", total, graph.add("Cast", count, to=TensorProto.FLOAT))


def _read_characters(graph: Graph, weights: Weights, prefix: str) -> str:
    """-> [u, size], the last states of the recurrent character encoder."""
    ids = graph.add("Transpose", graph.slice("characters", 1, -1, 1))  # [c, u]
    count = graph.add("ReduceSum", _known(graph, ids), graph.integers(0), keepdims=0)
    lengths = graph.add("Max", count, graph.weight("at_least_one", np.array(1, np.int32)))
    x = graph.add("Gather", _table(graph, weights, f"{prefix}.embedding"), ids)  # [c, u, e]
    size = weights[f"{prefix}.ahead.weight_hh_l0"].shape[1]
    return recurrent.last_states(graph, weights, x, lengths, name=prefix, hidden_size=size)


def _pooled(graph: Graph, x: str) -> str:
    """[t, b, dh] -> maximum and mean over time, [b, 2dh]."""
    steps = graph.add("Gather", graph.add("Shape", x), graph.weight("first", np.array(0, np.int64)))
    span = graph.add(
        "Range",
        graph.weight("from", np.array(0, np.int64)),
        steps,
        graph.weight("by", np.array(1, np.int64)),
    )
    span = graph.add("Cast", span, to=TensorProto.INT32)
    span = graph.add("Unsqueeze", span, graph.integers(1))  # [t, 1]
    inside = graph.add("Unsqueeze", graph.add("Less", span, "lengths"), graph.integers(2))  # [t, b, 1]
    highest = graph.add(
        "ReduceMax", graph.add("Where", inside, x, _lowest(graph)), graph.integers(0), keepdims=0
    )
    zero = graph.weight("none", np.array(0, np.float32))
    total = graph.add("ReduceSum", graph.add("Where", inside, x, zero), graph.integers(0), keepdims=0)
    count = graph.add("Unsqueeze", graph.add("Cast", "lengths", to=TensorProto.FLOAT), graph.integers(1))
    return graph.add("Concat", highest, graph.add("Div", total, count), axis=1)


def _wide(graph: Graph, weights: Weights) -> str:
    """-> [b, l]; one table holds each n-gram's weights, times its rarity, and its rarity's square."""
    rarity = weights["wide.rarity"][:, None]
    table = np.concatenate((rarity * weights[WIDE], rarity**2), axis=1)
    x = graph.add("Gather", _halved(graph, "wide", table), "ngrams")  # [b, kt, l + 1]
    x = graph.add("ReduceSum", x, graph.integers(1), keepdims=0)  # [b, l + 1]
    norm = graph.add("Sqrt", graph.slice(x, -1, END, 1))
    norm = graph.add("Max", norm, graph.weight("least", np.array(1e-6, np.float32)))
    x = graph.add("Div", graph.slice(x, 0, -1, 1), norm)
    return graph.add("Add", x, graph.weight("wide.bias", weights["wide.bias"]))


def _linear(graph: Graph, weights: Weights, name: str, x: str) -> str:
    product = graph.add("MatMul", x, graph.weight(f"{name}.weight", weights[f"{name}.weight"].T))
    return graph.add("Add", product, graph.weight(f"{name}.bias", weights[f"{name}.bias"]))


def _table(graph: Graph, weights: Weights, name: str) -> str:
    return graph.table(f"{name}.weight", weights[f"{name}.weight"])


def _halved(graph: Graph, name: str, values: np.ndarray) -> str:
    """In a small graph 16 bits a value: a row's values differ too much in size for 8."""
    if not graph.small:
        return graph.weight(name, values)
    most = float(np.finfo(np.float16).max)
    half = np.clip(values, -most, most)
    return graph.add("Cast", graph.weight(name, half.astype(np.float16)), to=TensorProto.FLOAT)


def _known(graph: Graph, ids: str) -> str:
    """1 where an id is not padding's."""
    return graph.add("Cast", graph.add("Cast", ids, to=TensorProto.BOOL), to=TensorProto.INT32)


def _lowest(graph: Graph) -> str:
    return graph.weight("lowest", np.array(LOWEST, np.float32))
