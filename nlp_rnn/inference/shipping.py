"""What a package runs in production: in how many bits, and how sure it says it is; chosen on dev."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlp_rnn.inference import calibration, export
from nlp_rnn.inference.package import FP32, INT8
from nlp_rnn.inference.scorer import Scored, Scorer
from nlp_rnn.inference.viterbi import Transitions
from nlp_rnn.text.encoding import Encoded
from nlp_rnn.text.labels import spans, to_bio

TOLERANCE = 0.003  # how much of its dev score, in [0, 1], a model may lose to 8 bits


@dataclass(frozen=True)
class Shipping:
    """Which graph a package runs, the dev score of each, and by what its scores are divided."""

    precision: str
    dev: Mapping[str, float]
    temperature: float


def choose(
    weights: Mapping[str, np.ndarray],
    dev: Encoded,
    *,
    run: Mapping[str, Any],
    labels: list[str],
    score: Callable[[list[list[int]]], float],
) -> Shipping:
    """Answers dev with both graphs of a network, as production will.

    Args:
        weights: the network's state, by torch's names.
        dev: with its tags or labels.
        run: the resolved parameters of the run.
        labels: BIOES labels, or classes.
        score: of label ids for each sentence, in [0, 1]; higher is better.

    Returns:
        8 bits where they lose no more than TOLERANCE, and the temperature of the graph that is chosen.
    """
    crf = export.transitions(weights, labels) if run["task"] == "ner" else None
    answers = {
        precision: Scorer(graph.SerializeToString(), crf).run(dev)
        for precision, graph in export.graphs(weights, run).items()
    }
    found = {precision: score([one.ids.tolist() for one in given]) for precision, given in answers.items()}
    chosen = INT8 if found[INT8] >= found[FP32] - TOLERANCE else FP32
    return Shipping(chosen, found, _temperature(answers[chosen], dev, labels, crf))


def _temperature(
    answers: Sequence[Scored], dev: Encoded, labels: Sequence[str], crf: Transitions | None
) -> float:
    if crf is None:
        assert dev.labels is not None
        return calibration.of_labels(np.stack([one.scores for one in answers]), dev.labels)
    assert dev.tags is not None
    gold = [set(_entities(ids, labels)) for ids in np.split(dev.tags, dev.starts[1:-1])]
    entities = [_entities(one.ids, labels) for one in answers]
    return calibration.of_entities(
        [one.scores for one in answers],
        [one.ids for one in answers],
        [[(first, end) for first, end, _ in found] for found in entities],
        [[entity in right for entity in found] for found, right in zip(entities, gold)],
        crf,
    )


def _entities(ids: np.ndarray, labels: Sequence[str]) -> list[tuple[int, int, str]]:
    return spans(to_bio([labels[i] for i in ids.tolist()], "BIOES"))
