"""What a graph has in common with ``weights.safetensors`` stands there alone, and the graph says where."""

from __future__ import annotations

import json
from pathlib import Path

from onnx import ModelProto, TensorProto


def share(model: ModelProto, weights: Path) -> None:
    """Takes out of a graph the tensors that a file of safetensors beside it holds, too, byte for byte.

    Args:
        model: is changed; loads from then on only from a file that lies beside ``weights``.
        weights: the file.
    """
    places = _places(weights)
    with weights.open("rb") as file:
        for tensor in model.graph.initializer:
            if tensor.name not in places:
                continue
            start, end = places[tensor.name]
            file.seek(start)
            if file.read(end - start) != tensor.raw_data:
                continue
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            where = {"location": weights.name, "offset": str(start), "length": str(end - start)}
            for key, value in where.items():
                entry = tensor.external_data.add()
                entry.key, entry.value = key, value


def _places(weights: Path) -> dict[str, tuple[int, int]]:
    """Where each tensor's bytes begin and end in a file of safetensors."""
    with weights.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    return {
        name: (8 + size + entry["data_offsets"][0], 8 + size + entry["data_offsets"][1])
        for name, entry in header.items()
        if name != "__metadata__"
    }
