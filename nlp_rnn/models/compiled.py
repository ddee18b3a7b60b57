"""Plain loops over NumPy arrays as machine code: for recursions that no array operation expresses well."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles a function with numba at its first call, in each process, and keeps the code on disk.

    One thread and IEEE arithmetic in the order that is written: the same input gives the same bits.
    There is no way around numba where it is missing, as other code would give other bits.

    Args:
        function: over arrays and numbers; it may call nothing of ours, and checks its own indexes, as
            compiled code does not.
    """

    @cache
    def machine_code() -> Callable[..., Any]:
        import numba  # takes a second that who only predicts or reads --help need not wait

        try:
            return numba.njit(cache=True, error_model="numpy")(function)
        except RuntimeError:  # neither beside this file nor in the user's cache folder may it be written
            return numba.njit(error_model="numpy")(function)

    @wraps(function)
    def call(*arguments: Any) -> Any:
        return machine_code()(*arguments)

    return call
