"""An int8 graph is close to the fp32 one, wherever it is used."""

from itertools import product
from typing import get_args, get_type_hints

import numpy as np
import pytest

from nlp_rnn import params
from nlp_rnn.inference import int8, load

CELLS = get_args(get_type_hints(params.Model)["cell"])
WORDS = ["Maria", "flew", "unseen", "Rome", ".", "not", "2024", "\U0001f642"]


@pytest.mark.parametrize("largest", [int8.LARGEST, int8.LARGEST_FACTOR])
def test_a_row_is_as_close_as_its_own_largest_value_allows(largest) -> None:
    values = (
        np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32) * 10.0 ** np.arange(-25, 25)[:, None]
    )
    values[7] = 0
    whole, scales = int8.quantize(values, largest)
    assert np.abs(whole).max() == largest
    error = np.abs(whole * scales[:, None] - values).max(axis=1)
    assert (error <= 0.501 * np.abs(values).max(axis=1) / largest).all()


@pytest.mark.parametrize(
    ("task", "cell", "layers", "direction"),
    [
        *product(("ner", "sentiment"), CELLS, (1, 3), ("both",)),
        *product(("ner", "sentiment"), ("lstm",), (1, 3), ("ahead",)),
    ],
)
def test_scores_are_close(make_package, task, cell, layers, direction) -> None:
    built = {"layers": layers, "direction": direction, "residual": True, "subwords": 64}
    exact, small = (
        load(make_package(task, cell, precision=precision, **built)[0]) for precision in ("fp32", "int8")
    )
    rng = np.random.default_rng(4)
    sentences = [rng.choice(WORDS, length).tolist() for length in [*range(1, 40), 500]]
    encoded = exact._encoder.encode(sentences)
    pairs = list(zip(exact._scorer.run(encoded), small._scorer.run(encoded)))
    first, second = (np.concatenate([np.ravel(pair[side].scores) for pair in pairs]) for side in (0, 1))
    assert 0 < np.sqrt(np.mean((first - second) ** 2)) < 0.03 * np.sqrt(np.mean(first**2))
    same = [np.mean(one.ids == other.ids) for one, other in pairs]
    assert np.mean(same) > 0.95


def test_a_saturated_lstm_in_8_bits_is_a_number_still(make_package) -> None:
    predictor = load(make_package("ner", layers=2, words_of=50.0, precision="int8")[0])
    (scored,) = predictor._scorer.run(predictor._encoder.encode([["Maria"] * 3000]))
    assert np.isfinite(scored.scores).all()
