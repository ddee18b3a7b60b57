"""An entity's probability is what counting all label sequences gives."""

from itertools import pairwise, product

import numpy as np
import pytest

from nlp_rnn.inference import calibration, marginals
from nlp_rnn.inference.viterbi import Transitions, decode
from nlp_rnn.text.labels import barriers, bioes_labels, spans, to_bio

LABELS, RNG = 3, np.random.default_rng(5)
CRF = Transitions(*(RNG.normal(size=size).astype(np.float32) for size in ((3, 3), 3, 3)))


def by_counting(emissions: np.ndarray, path: np.ndarray, first: int, end: int, temperature: float) -> float:
    steps, total, hit = len(emissions), 0.0, 0.0
    for labels in product(range(LABELS), repeat=steps):
        score = (
            CRF.start[labels[0]] + CRF.end[labels[-1]] + sum(emissions[t, y] for t, y in enumerate(labels))
        )
        score += sum(CRF.transition[a, b] for a, b in pairwise(labels))
        weight = np.exp(score / temperature)
        total += weight
        hit += weight * (list(labels[first:end]) == path[first:end].tolist())
    return hit / total


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_it_equals_counting(temperature) -> None:
    emissions = [RNG.normal(size=(length, LABELS)).astype(np.float32) * 2 for length in (1, 2, 5, 7, 4)]
    paths = [decode(one[None], np.array([len(one)]), CRF)[0] for one in emissions]
    entities = [[(0, 1)], [(0, 2)], [(0, 1), (2, 4)], [], [(3, 4)]]
    found = marginals.shares(emissions, paths, entities, CRF, temperature=temperature)
    assert [len(one) for one in found] == [1, 1, 2, 0, 1]
    for one, path, bounds, shares in zip(emissions, paths, entities, found):
        for (first, end), share in zip(bounds, shares):
            assert share == pytest.approx(by_counting(one, path, first, end, temperature), rel=1e-6)


def test_neither_length_nor_size_of_scores_breaks_it() -> None:
    labels = bioes_labels(["LOC", "PER"])
    barred = Transitions(**{name: np.array(values, np.float32) for name, values in barriers(labels).items()})
    emissions = RNG.normal(size=(20_000, len(labels))).astype(np.float32) * 20
    (path,) = decode(emissions[None], np.array([len(emissions)]), barred)
    entities = [(first, end) for first, end, _ in spans(to_bio([labels[i] for i in path], "BIOES"))]
    (found,) = marginals.shares([emissions], [path], [entities], barred, temperature=1.0)
    ahead, back = sums(emissions, barred), sums(emissions[::-1], mirrored(barred))[::-1]
    whole = np.logaddexp.reduce(ahead[-1] + barred.end)
    assert len(found) > 1000
    for share, (first, end) in zip(found, entities):
        y = path[first:end]
        inside = emissions[range(first, end), y].sum() + sum(barred.transition[a, b] for a, b in pairwise(y))
        ends = emissions[first, y[0]] + emissions[end - 1, y[-1]]
        expected = np.exp(ahead[first, y[0]] + inside - ends + back[end - 1, y[-1]] - whole)
        assert share == pytest.approx(expected, abs=1e-3)


def sums(emissions: np.ndarray, crf: Transitions) -> np.ndarray:
    """All in logarithms: slow, and safe."""
    rows = [crf.start.astype(float) + emissions[0]]
    for row in emissions[1:].astype(float):
        rows.append(np.logaddexp.reduce(rows[-1][:, None] + crf.transition, axis=0) + row)
    return np.array(rows)


def mirrored(crf: Transitions) -> Transitions:
    return Transitions(crf.transition.T, crf.end, crf.start)


def test_the_temperature_of_labels_is_found_again() -> None:
    logits = RNG.normal(size=(20_000, 4)) * 2
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    right = np.array([RNG.choice(4, p=row) for row in shares])
    for temperature in (0.5, 1.0, 4.0):
        assert calibration.of_labels(logits * temperature, right) == pytest.approx(temperature, rel=0.05)
    assert calibration.of_labels(np.empty((0, 4)), np.empty(0, int)) == 1


def test_the_temperature_of_entities_is_found_again() -> None:
    emissions = [RNG.normal(size=(6, LABELS)).astype(np.float32) for _ in range(3000)]
    paths = [decode(one[None], np.array([6]), CRF)[0] for one in emissions]
    entities = [[(0, 2), (3, 5)]] * len(emissions)
    shares = marginals.shares(emissions, paths, entities, CRF, temperature=1.0)
    right = [[RNG.random() < share for share in found] for found in shares]
    colder = Transitions(*(3 * values for values in (CRF.transition, CRF.start, CRF.end)))
    found = calibration.of_entities([3 * one for one in emissions], paths, entities, right, colder)
    assert found == pytest.approx(3, rel=0.1)
    assert calibration.of_entities(emissions, paths, [[]] * len(paths), [[]] * len(paths), CRF) == 1
