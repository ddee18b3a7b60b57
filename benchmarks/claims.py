"""What this project says of itself beside its peers, each with what was measured and whether it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.system import OURS, WITH_TEXT

Row = Mapping[str, Any]
WITH_RAW_TEXT = 0.200
TARGETS = {"resume": 0.950, "wnut17": 0.170, "sst2": 0.825}
THROUGHPUT = (
    ("wnut17", "crfsuite", 1.0),
    ("resume", "crfsuite", 0.5),
    ("wnut17", "spacy", 5.0),
    ("resume", "spacy", 5.0),
)
QUICK_DEV = 0.92  # on resume, within twice CRFsuite's time


@dataclass(frozen=True)
class Claim:
    """A sentence, the figures behind it, and whether they bear it out."""

    text: str
    measured: str
    holds: bool


def check(rows: Iterable[Row]) -> list[Claim]:
    """Every claim that the rows can decide; those whose systems or sets are missing are left out."""
    by = {(row["dataset"], row["system"]): row for row in rows}
    found: list[Claim] = []
    for part in (_scores, _ahead, _time, _prediction):
        found += part(by)
    return found


def markdown(content: Sequence[Claim]) -> str:
    """A table of claims."""
    lines = ["| claim | measured | holds |", "| --- | --- | --- |"]
    lines += [f"| {claim.text} | {claim.measured} | {'yes' if claim.holds else 'no'} |" for claim in content]
    return "\n".join(lines) + "\n"


def _scores(by: Mapping[tuple[str, str], Row]) -> Iterator[Claim]:
    for dataset, target in TARGETS.items():
        if row := by.get((dataset, OURS)):
            text = f"`{dataset}`: test {row['metric']} at least {target}"
            yield Claim(text, f"{row['test']:.4f}", row["test"] >= target)
    if row := by.get(("wnut17", WITH_TEXT)):
        text = f"`wnut17` with raw text: test {row['metric']} at least {WITH_RAW_TEXT}"
        yield Claim(text, f"{row['test']:.4f}", row["test"] >= WITH_RAW_TEXT)
    ours, svm = by.get(("chnsenticorp", OURS)), by.get(("chnsenticorp", "svm"))
    if ours and svm:
        text = "`chnsenticorp`: test accuracy at least the SVM's"
        yield Claim(text, f"{ours['test']:.4f} against {svm['test']:.4f}", ours["test"] >= svm["test"])


def _ahead(by: Mapping[tuple[str, str], Row]) -> Iterator[Claim]:
    for dataset in dict.fromkeys(dataset for dataset, _ in by):
        ours = by.get((dataset, OURS))
        peers = [
            row for (name, system), row in by.items() if name == dataset and system not in (OURS, WITH_TEXT)
        ]
        if ours and peers:
            best = max(peers, key=lambda row: row["test"])
            measured = f"{ours['test']:.4f} against {best['test']:.4f} of {best['system']}"
            yield Claim(f"`{dataset}`: ahead of every peer", measured, ours["test"] > best["test"])


def _time(by: Mapping[tuple[str, str], Row]) -> Iterator[Claim]:
    ours, crfsuite = by.get(("resume", OURS)), by.get(("resume", "crfsuite"))
    if not (ours and crfsuite):
        return
    ratio = ours["train_cpu_s"] / crfsuite["train_cpu_s"]
    yield Claim(
        "`resume`: within 6 times the CPU-seconds of CRFsuite's fit", f"{ratio:.2f} times", ratio <= 6
    )
    reached = [
        next((point["cpu_s"] for point in curve if point["dev"] >= QUICK_DEV), float("inf"))
        for curve in ours["curves"]
    ]
    quick = sum(reached) / len(reached) / crfsuite["train_cpu_s"]
    yield Claim(f"`resume`: dev {QUICK_DEV} within 2 times", f"{quick:.2f} times", quick <= 2)


def _prediction(by: Mapping[tuple[str, str], Row]) -> Iterator[Claim]:
    for dataset, peer, least in THROUGHPUT:
        ratio = _ratio(by, dataset, peer, "tokens_per_cpu_s")
        if ratio is not None:
            text = f"`{dataset}`: predicts at least {least:g} times the tokens per CPU-second of {peer}"
            yield Claim(text, f"{ratio:.2f} times", ratio >= least)
    ratio = _ratio(by, "resume", "crfsuite", "p50_cpu_ms")
    if ratio is not None:
        text = "`resume`: p50 of one sentence at most 3 times CRFsuite's"
        yield Claim(text, f"{ratio:.2f} times", ratio <= 3)


def _ratio(by: Mapping[tuple[str, str], Row], dataset: str, peer: str, key: str) -> float | None:
    """Ours to a peer's, where both are there."""
    ours, other = by.get((dataset, OURS)), by.get((dataset, peer))
    return ours[key] / other[key] if ours and other else None
