"""Padding, batches, chunks and order never change an answer, for every cell and both tasks."""

from itertools import product
from typing import get_args, get_type_hints

import numpy as np
import pytest

from nlp_rnn import params
from nlp_rnn.inference import Predictor, load
from nlp_rnn.schema import Example, Prediction

CELLS = get_args(get_type_hints(params.Model)["cell"])
WORDS = ["Maria", "flew", "to", "Rome", ",", "not", "bad", "unseen", "Xy", "a" * 30]
LENGTHS = [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 300] * 4


@pytest.fixture(params=[*product(("ner", "sentiment"), CELLS, ("fp32", "int8"))], ids="-".join)
def predictor(request, make_package) -> Predictor:
    task, cell, precision = request.param
    return load(make_package(task, cell, layers=3, residual=True, precision=precision)[0])


@pytest.fixture
def texts() -> list[str]:
    rng = np.random.default_rng(3)
    return [" ".join(rng.choice(WORDS, length)) for length in rng.permutation(LENGTHS)]


def test_no_batch_changes_an_answer(predictor: Predictor, texts: list[str], monkeypatch) -> None:
    alone = [predictor.predict([text])[0] for text in texts]
    # Else equal answers would say nothing.
    assert len({str(answer.scores if answer.spans is None else answer.spans) for answer in alone}) > 9
    for tokens in (1, 60, 500, 10**6):  # each alone; by likeness of length; all padded to 300
        monkeypatch.setattr("nlp_rnn.inference.scorer.BATCH_TOKENS", tokens)
        same(predictor.predict(texts), alone)


def test_neither_order_nor_chunks_change_an_answer(
    predictor: Predictor, texts: list[str], monkeypatch
) -> None:
    together = predictor.predict(texts)
    same(predictor.predict(texts[::-1])[::-1], together)
    monkeypatch.setattr("nlp_rnn.inference.predictor.CHUNK", 7)
    same(predictor.predict(texts), together)


def test_tokens_that_came_with_the_data_are_answered_as_the_text_is(
    predictor: Predictor, texts: list[str]
) -> None:
    examples = [Example("1", "f:1", tokens=tuple(text.split()), text=text) for text in texts]
    answers = predictor.predict_examples(examples)
    for text, answer, prediction in zip(texts, answers, predictor.predict(texts)):
        if predictor.task == "sentiment":
            assert answer == prediction.label
        else:
            assert len(answer) == len(text.split())
            assert sum(tag.startswith("B-") for tag in answer) == len(prediction.spans or ())


def same(found: list[Prediction], expected: list[Prediction]) -> None:
    """Labels must be equal; a score may differ by what float32 rounds off in another order of sums."""
    assert [(one.text, where(one), one.label) for one in found] == [
        (one.text, where(one), one.label) for one in expected
    ]
    for one, other in zip(found, expected):
        sure, other_sure = ([span.confidence for span in side.spans or ()] for side in (one, other))
        assert sure == pytest.approx(other_sure, abs=1e-5)
        assert dict(one.scores or {}) == pytest.approx(dict(other.scores or {}), abs=1e-5)


def where(prediction: Prediction) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label) for span in prediction.spans or ()]
