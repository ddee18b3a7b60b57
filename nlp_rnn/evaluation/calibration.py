"""Whether a model is as sure as it is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from nlp_rnn.evaluation.ratios import DIGITS, ratio
from nlp_rnn.text.labels import spans

BINS = 10  # of equal width


class Claim(NamedTuple):
    """How sure a model was of one answer, in [0, 1], and whether it was right."""

    confidence: float
    right: bool


class Bin(NamedTuple):
    """The answers of which a model was about equally sure: how sure on average, and how many were right."""

    confidence: float
    right: float
    answers: int


def claims(
    task: str, gold: Sequence[Any], predicted: Sequence[Any], confidences: Sequence[Sequence[float]]
) -> list[Claim]:
    """One claim for each predicted entity, which is right with its ends and its type, or for each label.

    Args:
        task: ``ner`` or ``sentiment``.
        gold, predicted: lists of BIO tags, or labels.
        confidences: for each example those of its predicted entities, in their order, or of its label.
    """
    return list(chain.from_iterable(map(_of_one, [task] * len(gold), gold, predicted, confidences)))


def _of_one(task: str, gold: Any, predicted: Any, confidences: Sequence[float]) -> Iterator[Claim]:
    if task != "ner":
        yield Claim(confidences[0], gold == predicted)
        return
    right = set(spans(gold))
    for entity, confidence in zip(spans(predicted), confidences, strict=True):
        yield Claim(confidence, entity in right)


def bins(claims: Sequence[Claim]) -> list[Bin]:
    """The answers by how sure the model was, the least sure first; bins without any are left out."""
    groups: list[list[Claim]] = [[] for _ in range(BINS)]
    for claim in claims:
        groups[min(BINS - 1, int(claim.confidence * BINS))].append(claim)
    return [
        Bin(
            round(sum(claim.confidence for claim in group) / len(group), DIGITS),
            ratio(sum(claim.right for claim in group), len(group)),
            len(group),
        )
        for group in groups
        if group
    ]


def figures(claims: Sequence[Claim]) -> dict[str, float]:
    """How far apart confidence and truth lie.

    Returns:
        ``ece``, the expected calibration error (Naeini et al., AAAI 2015): how far, in [0, 1], a bin's mean
        confidence is from its share of right answers, on average over all answers; ``confidence`` and
        ``right``, the means over all; and how many ``answers`` there are.
    """
    count = len(claims)
    gaps = sum(one.answers * abs(one.confidence - one.right) for one in bins(claims))
    return {
        "ece": round(gaps / max(1, count), DIGITS),
        "confidence": round(sum(claim.confidence for claim in claims) / max(1, count), DIGITS),
        "right": ratio(sum(claim.right for claim in claims), count),
        "answers": count,
    }
