"""What is measured, and how: CPU time of one process that has one core."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "RAYON_NUM_THREADS",
)
ENOUGH_SECONDS = 3.0  # of repeated passes over the test set
LATENCIES = 300  # sentences, one at a time
WARM_UP = 20


def one_core(core: int | None = None) -> int:
    """Ties this process, and what it starts, to one core and one thread; returns the core's number.

    Called before any numerical library is imported: most read their number of threads only then.
    """
    for name in THREADS:
        os.environ[name] = "1"
    chosen = min(os.sched_getaffinity(0)) if core is None else core
    os.sched_setaffinity(0, {chosen})
    return chosen


def seconds(work: Callable[..., object], *given: Any) -> float:
    """The CPU-seconds of this process that a call takes."""
    before = time.process_time()
    work(*given)
    return time.process_time() - before


def throughput(
    predict: Callable[[Sequence[Any], int], object],
    examples: Sequence[Any],
    *,
    tokens: int,
    batches: Sequence[int],
    renew: Callable[[], object] = lambda: None,
) -> dict[str, float]:
    """Tokens predicted for each CPU-second, over all examples, with the size of batch that serves best.

    Args:
        predict: what is measured: examples and sentences in a batch -> answers.
        examples: the whole test set.
        tokens: how many tokens that is.
        batches: the sizes to try; the fastest of several passes counts.
        renew: called before each pass, outside the clock, so that no cache knows the test set already.
    """
    best, best_size = float("inf"), 0
    for size in batches:
        spent = 0.0
        while spent < ENOUGH_SECONDS:
            renew()
            passed = seconds(predict, examples, size)
            spent += passed
            if passed < best:
                best, best_size = passed, size
    return {"tokens_per_cpu_s": tokens / best, "cpu_s": best, "batch": best_size}


def latency(predict: Callable[[Sequence[Any], int], object], examples: Sequence[Any]) -> dict[str, float]:
    """Median and 99th percentile of one sentence at a time, in milliseconds of CPU and of the clock.

    The two differ only where something else ran on the core: then the CPU's are the ones to compare.
    """
    chosen = [examples[i * len(examples) // LATENCIES] for i in range(LATENCIES)]
    for example in chosen[:WARM_UP]:
        predict([example], 1)
    cpu, wall = [], []
    for example in chosen:
        before = time.process_time(), time.perf_counter()
        predict([example], 1)
        after = time.process_time(), time.perf_counter()
        cpu.append(1000 * (after[0] - before[0]))
        wall.append(1000 * (after[1] - before[1]))
    return {
        "p50_cpu_ms": _quantile(cpu, 0.5),
        "p99_cpu_ms": _quantile(cpu, 0.99),
        "p50_wall_ms": _quantile(wall, 0.5),
        "p99_wall_ms": _quantile(wall, 0.99),
    }


def peak_memory() -> int:
    """The most memory that this process has held so far, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
