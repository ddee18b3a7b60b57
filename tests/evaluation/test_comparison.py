"""Paired comparisons: chances against all swaps, intervals against theory, errors as often as stated."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp_rnn.evaluation import ner
from nlp_rnn.evaluation.comparison import compare, compare_counts
from nlp_rnn.schema import DataError

COUNTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)).map(lambda c: (c[0], c[1], min(c))),
    min_size=1,
    max_size=8,
)


def f1(counts: np.ndarray) -> float:
    gold, predicted, correct = counts.sum(axis=0)
    return 2 * correct / max(gold + predicted, 1)


@settings(max_examples=25, deadline=None)
@given(COUNTS, st.randoms(use_true_random=False))
def test_a_chance_is_that_of_all_ways_to_swap(rows: list[tuple[int, int, int]], random) -> None:
    first = np.array(rows)
    second = np.array([(gold, guess, min(gold, guess, random.randint(0, 3))) for gold, guess, _ in rows])
    lead = f1(second) - f1(first)
    reached = 0
    for coins in product([False, True], repeat=len(rows)):
        swap = np.array(coins)[:, None]
        one, other = np.where(swap, second, first), np.where(swap, first, second)
        reached += f1(other) - f1(one) >= lead - 1e-9
    found = compare_counts(first, second, trials=4000)
    assert found.chance == pytest.approx(reached / 2 ** len(rows), abs=0.04)
    assert found.lead == pytest.approx(lead)


def test_f1_is_that_of_the_report_and_accuracy_that_of_texts() -> None:
    gold = [["B-PER", "O", "B-LOC"], ["O", "O"], ["B-LOC", "I-LOC"]]
    first = [["B-PER", "O", "O"], ["B-PER", "O"], ["B-LOC", "I-LOC"]]
    second = [["B-PER", "O", "B-LOC"], ["O", "O"], ["B-LOC", "O"]]
    found = compare("ner", gold, first, second)
    assert found.first == pytest.approx(ner.score(gold, first)["f1"], abs=1e-6)
    assert found.second == pytest.approx(ner.score(gold, second)["f1"], abs=1e-6)
    only = compare("ner", gold, first, second, only="LOC")
    assert only.first == pytest.approx(ner.score(gold, first)["classes"]["LOC"]["f1"], abs=1e-6)
    texts = compare("sentiment", ["a", "b", "b", "a"], ["a", "b", "a", "b"], ["a", "b", "b", "b"])
    assert (texts.first, texts.second, texts.examples) == (0.5, 0.75, 4)


def test_the_interval_is_that_of_a_mean_of_differences() -> None:
    rng = np.random.default_rng(1)
    right = rng.random((2000, 2)) < (0.80, 0.83)
    one, other = (np.stack((np.ones(2000), np.ones(2000), column), axis=1).astype(int) for column in right.T)
    found = compare_counts(one, other)
    spread = 1.96 * (right[:, 1].astype(float) - right[:, 0]).std() / np.sqrt(2000)
    assert found.low == pytest.approx(found.lead - spread, abs=0.002)
    assert found.high == pytest.approx(found.lead + spread, abs=0.002)


def test_equal_models_seem_better_as_often_as_stated_and_a_better_one_is_seen() -> None:
    rng = np.random.default_rng(2)

    def chances(gain: float, pairs: int) -> np.ndarray:
        found = []
        for pair in range(pairs):
            gold = rng.integers(0, 8, 300)
            first, second = (rng.binomial(gold, share) for share in (0.9, 0.9 + gain))
            one, other = (np.stack((gold, gold, correct), axis=1) for correct in (first, second))
            found.append(compare_counts(one, other, trials=400, seed=pair).chance)
        return np.array(found)

    equal = chances(0.0, 400)
    assert 0.02 < (equal <= 0.05).mean() < 0.08
    assert 0.4 < equal.mean() < 0.6
    assert (chances(0.04, 60) <= 0.05).mean() > 0.9


def test_the_same_answers_lead_nowhere_and_the_same_seed_says_the_same() -> None:
    tags = [["B-PER", "O"], ["O"]]
    same = compare("ner", tags, tags, tags)
    assert (same.lead, same.low, same.high, same.chance) == (0, 0, 0, 1)
    other = compare("ner", tags, tags, [["O", "O"], ["O"]], seed=3)
    assert other == compare("ner", tags, tags, [["O", "O"], ["O"]], seed=3)
    assert other.chance > 0.9


def test_many_examples_take_little_memory() -> None:
    counts = np.tile([[1, 1, 1], [1, 1, 0]], (50_000, 1))
    found = compare_counts(counts, counts[::-1], trials=50)
    assert found.chance > 0.2


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(DataError):
        compare("sentiment", [], [], [])
    with pytest.raises(DataError):
        compare("sentiment", ["a"], ["a"], ["a", "b"])
