"""One system, one set, one seed, in a process of its own: trains, scores dev and test, writes a record."""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.system import SYSTEMS, Budget

LIBRARIES = (
    "flair",
    "nlp-rnn",
    "numpy",
    "onnxruntime",
    "python-crfsuite",
    "scikit-learn",
    "spacy",
    "torch",
)


def main() -> None:
    """``python -m benchmarks.child SYSTEM SET --seed N --workspace FOLDER --record FILE``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument("dataset")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--least", type=float, default=0.0, help="CPU-seconds that a peer trains at least")
    parser.add_argument("--most", type=float, default=float("inf"), help="and at most")
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--core", type=int)
    given = parser.parse_args()
    path = given.record.resolve()
    core = measure.one_core(given.core)
    os.chdir(given.workspace)
    content = record(
        given.system, given.dataset, seed=given.seed, budget=Budget(least=given.least, most=given.most)
    )
    save(path, {**content, "core": core})


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Writes a record under its name only once it is whole."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    unfinished.rename(path)


def record(system: str, name: str, *, seed: int, budget: Budget, **more: Any) -> dict[str, Any]:
    """Trains and measures in the working folder.

    Args:
        system: a key of SYSTEMS.
        name: the set, whose examples lie in data/examples.
        seed: of the training.
        budget: how long a peer trains.
        more: what this system alone takes.
    """
    from benchmarks.datasets import DATASETS, count
    from nlp_rnn.data.examples import read_all
    from nlp_rnn.evaluation.metrics import PRIMARY, gold, score

    dataset = DATASETS[name]
    examples = read_all(Path("data/examples") / name)
    before = time.process_time()
    module = import_module(SYSTEMS[system])
    trained = module.train(
        name, examples, language=dataset.language, task=dataset.task, seed=seed, budget=budget, **more
    )
    whole = time.process_time() - before
    training_memory = measure.peak_memory()
    scores = {
        split: score(
            dataset.task,
            gold(dataset.task, examples[split]),
            trained.predict(examples[split], trained.batches[-1]),
        )
        for split in ("dev", "test")
    }
    test, metric = examples["test"], PRIMARY[dataset.task]
    tokens = count(test, dataset.language)
    passes = measure.throughput(
        trained.predict, test, tokens=tokens, batches=trained.batches, renew=trained.renew
    )
    trained.renew()
    return {
        "system": system,
        "dataset": name,
        "seed": seed,
        "task": dataset.task,
        "metric": metric,
        "dev": scores["dev"][metric],
        "test": scores["test"][metric],
        "scores": scores,
        "train_cpu_s": trained.cpu_s,
        "total_cpu_s": trained.total_cpu_s,
        "whole_cpu_s": whole,  # with imports
        **trained.further,
        "budget": {key: value for key, value in asdict(budget).items() if value != float("inf")},
        "ended": trained.ended,
        "best": asdict(max(trained.curve, key=lambda point: point.dev)),
        "curve": [asdict(point) for point in trained.curve],
        "predict": passes,
        "latency": measure.latency(trained.predict, test),
        "model_bytes": trained.model_bytes,
        "training_peak_bytes": training_memory,
        "sizes": {split: len(content) for split, content in examples.items()},
        "test_tokens": tokens,
        "settings": dict(trained.settings),
        "versions": {"python": platform.python_version(), **_versions()},
        "processor": _processor(),
    }


def _versions() -> dict[str, str]:
    found = {}
    for library in LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
