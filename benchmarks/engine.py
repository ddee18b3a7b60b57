"""The training engine in ratios: against the plain loop, to the machine's ceiling, and as data grows.

``python -m benchmarks.engine [--out FOLDER]``, with NLP_RNN_MIRROR where the public sets are, prints a table
and writes it with engine.json. Times are CPU-seconds of one thread; what is compared is measured in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from benchmarks import document, trainings
from benchmarks.ceiling import Recurrent, product
from benchmarks.growth import peak
from benchmarks.plain_loop import PlainTagger, tokens_per_second
from benchmarks.trainings import Training
from nlp_rnn import environment
from nlp_rnn.models.crf import CRF
from nlp_rnn.training.device import make_deterministic

RESULTS = Path(__file__).resolve().parent / "results"
PAIRS = 7
SHARE = 4  # of a set's sentences, one in so many is trained on at a time
PLAIN_BATCHES = 16
CORPORA = (1000, 10_000, 100_000)  # sentences


def main() -> None:
    """Runs all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS, help="where engine.json goes")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--corpora", type=int, nargs="+", default=CORPORA, help="sentences of each")
    given = parser.parse_args()
    environment.quiet()
    if os.environ.get("NLP_RNN_MIRROR"):  # stays right in another working folder
        os.environ["NLP_RNN_MIRROR"] = str(Path(os.environ["NLP_RNN_MIRROR"]).resolve())
    make_deterministic(seed=1, threads=1)
    with tempfile.TemporaryDirectory() as folder:
        report = measure(Path(folder), pairs=given.pairs, corpora=given.corpora)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "engine.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    text = table(report)
    if given.out == RESULTS:
        document.insert(RESULTS.parent / "README.md", "engine", text)
    print(text)


def measure(folder: Path, *, pairs: int, corpora: list[int]) -> dict[str, Any]:
    """All figures, by set."""
    report: dict[str, Any] = {"pairs": pairs, "sets": {}, "memory": []}
    for name in ("wnut17", "resume"):
        given = trainings.load(trainings.prepare(folder, name), name)
        given = replace(given, train=trainings.part(given.train, SHARE))
        recurrent = Recurrent(given, hidden_size=256, count=16)
        report["sets"][name] = {
            "tokens_per_second": alternated(partial(ours, given), partial(plain, given), pairs),
            "share_of_ceiling_at_256": alternated(recurrent.rate, product, pairs),
            "crf_share": statistics.median(crf_share(given) for _ in range(pairs)),
            "crf_share_whole": (
                statistics.median(crf_share(given, adversarial=adversarial) for _ in range(pairs))
                if (adversarial := given.recipe.adversarial)
                else None
            ),
        }
    for sentences in corpora:
        tokens, mebibytes = peak(folder, sentences)
        report["memory"].append({"sentences": sentences, "tokens": tokens, "peak_mib": round(mebibytes, 1)})
    return report


def alternated(one: Callable[[], float], other: Callable[[], float], pairs: int) -> dict[str, float]:
    """Medians of two measures taken in turns, and of their ratio within each pair; a first pair warms up."""
    found = [(one(), other()) for _ in range(pairs + 1)][1:]
    first, second = zip(*found)
    ratios = [a / b for a, b in found]
    return {
        "ours": statistics.median(first),
        "other": statistics.median(second),
        "ratio": statistics.median(ratios),
        "least_ratio": min(ratios),
        "greatest_ratio": max(ratios),
    }


def ours(given: Training) -> float:
    """True tokens per CPU-second in one epoch of our training, everything included."""
    model = trainings.network(given)
    begun = time.process_time()
    tokens = trainings.epoch(model, given, seed=1)
    return tokens / (time.process_time() - begun)


def plain(given: Training) -> float:
    """The same of the plain loop, with layers of the same sizes."""
    model, vocabulary = given.model, given.vocabulary
    tagger = PlainTagger(
        words=vocabulary["words"],
        characters=len(vocabulary["characters"]) + 2,
        bigrams=vocabulary["bigrams"],
        labels=len(vocabulary["labels"]),
        word_size=model.word_size,
        character_size=model.character_size,
        character_filters=model.character_filters,
        shape_size=model.shape_size,
        bigram_size=model.bigram_size,
        hidden_size=model.hidden_size,
        dropout=model.dropout,
    )
    return tokens_per_second(tagger, given.train, batches=PLAIN_BATCHES, clip=given.recipe.clip, seed=1)


def crf_share(given: Training, *, adversarial: float = 0.0) -> float:
    """CPU-seconds in the CRF's loss, which has its gradients ready when it is done, of those of training."""
    model = trainings.network(given)
    with timed(CRF, "loss") as spent:
        begun = time.process_time()
        trainings.epoch(model, given, seed=1, adversarial=adversarial)
        whole = time.process_time() - begun
    return sum(spent) / whole


@contextmanager
def timed(kind: type[torch.nn.Module], name: str) -> Iterator[list[float]]:
    """The CPU-seconds of each call of a method, while the block lasts."""
    method, spent = getattr(kind, name), []

    def watched(*given: Any) -> Any:
        begun = time.process_time()
        result = method(*given)
        spent.append(time.process_time() - begun)
        return result

    setattr(kind, name, watched)
    try:
        yield spent
    finally:
        setattr(kind, name, method)


def table(report: dict[str, Any]) -> str:
    """The figures that are promised, for people."""
    lines = ["| what | set | figure | range | promised |", "|---|---|---|---|---|"]
    for name, found in report["sets"].items():
        speed, ceiling = found["tokens_per_second"], found["share_of_ceiling_at_256"]
        lines += [
            f"| tokens per CPU-second, times the plain loop | {name} | {speed['ratio']:.2f} |"
            f" {speed['least_ratio']:.2f} to {speed['greatest_ratio']:.2f} | at least 2.5 |",
            f"| recurrent layers of 256, share of a matrix product | {name} | {ceiling['ratio']:.0%} |"
            f" {ceiling['least_ratio']:.0%} to {ceiling['greatest_ratio']:.0%} | at least 50% |",
            f"| the CRF's share of training | {name} | {found['crf_share']:.1%} | | at most 5% |",
        ]
        if found["crf_share_whole"] is not None:
            share = found["crf_share_whole"]
            lines.append(f"| the same, of training with the adversarial pass | {name} | {share:.1%} | | |")
    for less, more in pairwise(report["memory"]):
        growth = more["peak_mib"] / less["peak_mib"]
        lines.append(
            f"| peak memory, {more['sentences']:,} sentences, in times of {less['sentences']:,} | demo |"
            f" {growth:.2f} | {less['peak_mib']:.0f} to {more['peak_mib']:.0f} MiB | below 1.3 |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
