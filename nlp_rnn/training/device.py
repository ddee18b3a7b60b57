"""Where training runs, and what makes it run the same way twice."""

from __future__ import annotations

import torch


def choose(device: str) -> torch.device:
    """``auto`` takes a GPU where there is one."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(device)


def make_deterministic(*, seed: int, threads: int) -> None:
    """Fixes everything that decides the bits of the weights.

    Args:
        seed: of torch's random stream.
        threads: of a CPU operation; another number adds in another order, and gives other bits.
    """
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)
