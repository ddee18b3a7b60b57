"""A small writer of ONNX graphs: nodes, weights and constants, in the order in which they were added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from nlp_rnn.inference import int8

OPSET = 21
IR_VERSION = 10  # what onnxruntime 1.20 and later can read
MICROSOFT = "com.microsoft"  # the domain of onnxruntime's own operators


class Graph:
    """Collects the nodes of one graph; every value is known by its name."""

    def __init__(self, inputs: Mapping[str, Sequence[str]], *, small: bool) -> None:
        """
        Args:
            inputs: int32 inputs with the names of their axes.
            small: whether tables and matrices are kept in 8 bits.
        """
        self.small = small
        self._inputs = [helper.make_tensor_value_info(n, TensorProto.INT32, s) for n, s in inputs.items()]
        self._nodes: list = []
        self._weights: dict[str, np.ndarray] = {}

    def weight(self, name: str, values: np.ndarray) -> str:
        """Adds weights or a constant, once for each name."""
        self._weights[name] = np.ascontiguousarray(values)
        return name

    def table(self, name: str, values: np.ndarray) -> str:
        """Adds the rows of a table or a matrix, [n, e]; in a small graph each row has 8 bits a value.

        onnxruntime makes floats of them once, when it loads the graph.
        """
        if not self.small:
            return self.weight(name, values)
        whole, scales = int8.quantize(values)
        rows = self.add("Cast", self.weight(f"{name}.int8", whole), to=TensorProto.FLOAT)
        return self.add("Mul", rows, self.weight(f"{name}.scales", scales[:, None]))

    def integers(self, *values: int) -> str:
        """A constant vector of int64, such as axes and bounds."""
        return self.weight("i" + "_".join(map(str, values)), np.array(values, np.int64))

    def add(self, operator: str, *inputs: str, **attributes: object) -> str:
        """Adds a node and returns the name of its first result."""
        name = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def add_second(self, operator: str, *inputs: str, **attributes: object) -> str:
        """Adds a node of which only the second result is wanted, and returns the name of that."""
        name = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), ["", name], name=name, **attributes))
        return name

    def slice(self, value: str, start: int, end: int, axis: int) -> str:
        """``value[start:end]`` along an axis; an end past the last one is the last."""
        return self.add("Slice", value, self.integers(start), self.integers(end), self.integers(axis))

    def recurrence(self, kept: str, added: str, size: int) -> str:
        """``h_t = kept_t * h_{t-1} + added_t`` over the first axis of two [t, b, size], from h = 0."""
        names = ("h", "kept", "added", "next", "state")  # the last two are one: a Scan wants two results
        values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["b", size]) for n in names]
        step = helper.make_graph(
            [
                helper.make_node("Mul", ["h", "kept"], ["old"]),
                helper.make_node("Add", ["old", "added"], ["next"]),
                helper.make_node("Identity", ["next"], ["state"]),
            ],
            "step",
            values[:3],
            values[3:],
        )
        start = self.add("ConstantOfShape", self.add("Shape", added, start=1))  # [b, size]
        name = f"scan_{len(self._nodes)}"
        inputs, outputs = [start, kept, added], [f"{name}_last", name]
        self._nodes.append(helper.make_node("Scan", inputs, outputs, name=name, body=step, num_scan_inputs=2))
        return name

    def finish(self, name: str, result: str, axes: Sequence[str | int], producer: str) -> ModelProto:
        """The model, whose only output, float32, is ``name``."""
        self._nodes.append(helper.make_node("Identity", [result], [name], name=name))
        graph = helper.make_graph(
            self._nodes,
            name,
            self._inputs,
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(axes))],
            [numpy_helper.from_array(values, key) for key, values in self._weights.items()],
        )
        domains = {"": OPSET} | {node.domain: 1 for node in self._nodes if node.domain}
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(domain, version) for domain, version in domains.items()],
            ir_version=IR_VERSION,
            producer_name=producer,
        )
