"""Where training runs, in which precision, and what makes it run the same way twice."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields

import numpy as np
import torch
from torch.utils import deterministic

from nlp_rnn.schema import UsageError
from nlp_rnn.text.batches import Batch


def choose(device: str) -> torch.device:
    """``auto`` takes a GPU where there is one.

    Raises:
        UsageError: ``cuda`` where torch finds none.
    """
    found = torch.cuda.is_available()
    if device == "cuda" and not found:
        raise UsageError(
            "`device` is `cuda`, but torch finds no GPU that it can use; set it to `auto` or `cpu`, or "
            "install a build of torch for this machine's GPU."
        )
    return torch.device("cuda" if found and device != "cpu" else "cpu")


def make_deterministic(*, seed: int, threads: int) -> None:
    """Fixes everything that decides the bits of the weights.

    Args:
        seed: of torch's random stream.
        threads: of a CPU operation; another number adds in another order, and gives other bits.
    """
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    # Or each new tensor would be filled with NaN first, at a sixth of a training step's time.
    deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.manual_seed(seed)


def halves(device: torch.device, precision: str) -> bool:
    """Whether products are made in bfloat16: if a GPU does so by itself, and nobody asked for ``float32``.

    Never on a CPU: few have the instructions, and on the others it is many times slower.
    """
    return (
        precision == "auto"
        and device.type == "cuda"
        and torch.cuda.is_bf16_supported(including_emulation=False)
    )


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """What a forward pass runs in; weights, sums and losses stay in single precision in any case.

    Args:
        device: where the model is.
        precision: ``auto`` or ``float32``; see :func:`halves`.
    """
    return torch.autocast(device.type, dtype=torch.bfloat16) if halves(device, precision) else nullcontext()


def to_tensors(batch: Batch, device: torch.device) -> Batch:
    """The same batch as tensors on a device."""
    arrays = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return Batch(
        **{
            name: None
            if array is None
            else torch.from_numpy(np.require(array, requirements=["C", "W"])).to(device)
            for name, array in arrays.items()
        }
    )
