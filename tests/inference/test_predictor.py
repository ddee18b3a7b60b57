"""What a loaded package answers, to texts of every kind."""

import numpy as np
import pytest

from nlp_rnn.inference import load
from nlp_rnn.schema import Example

ODD = ["", "   ", "🙂", "a\u2028b", "\u200b", "NUL \x00 here", "\ud800 half a pair", "x" * 5000, "好" * 300]


@pytest.mark.parametrize("task", ["ner", "sentiment"])
def test_odd_texts_get_an_answer_each(make_package, task: str) -> None:
    predictor = load(make_package(task)[0])
    predictions = predictor.predict(ODD)
    assert [prediction.text for prediction in predictions] == ODD
    for prediction in predictions:
        if task == "ner":
            assert all(prediction.text[s.start : s.end] == s.text for s in prediction.spans)
        else:
            assert prediction.label in ("negative", "positive")
            assert sum(prediction.scores.values()) == pytest.approx(1, abs=1e-5)


def test_ten_thousand_tokens_are_all_tagged(make_package) -> None:
    predictor = load(make_package("ner")[0])
    rng = np.random.default_rng(0)
    tokens = tuple(rng.choice(["Maria", "flew", "to", "Rome", "unseen"], 10_000).tolist())
    (tags,) = predictor.predict_examples([Example("1", "f:1", tokens=tokens, tags=("O",) * 10_000)])
    assert len(tags) == 10_000
    (prediction,) = predictor.predict([" ".join(tokens)])
    assert len(prediction.spans) > 0
    assert prediction.spans[-1].end > 0.99 * len(prediction.text)  # random weights tag to the very end


def test_order_and_company_never_change_an_answer(make_package) -> None:
    predictor = load(make_package("ner")[0])
    rng = np.random.default_rng(0)
    words = ["Maria", "flew", "to", "Rome", ",", "unseen", "Xy"]
    texts = [" ".join(rng.choice(words, rng.integers(1, 40))) for _ in range(150)]
    together = predictor.predict(texts)
    assert together == [predictor.predict([text])[0] for text in texts]
    assert together[::-1] == predictor.predict(texts[::-1])
    assert any(prediction.spans for prediction in together)


def test_tokens_that_came_with_the_data_are_kept(make_package) -> None:
    predictor = load(make_package("ner")[0])
    examples = [
        Example("1", "f:1", tokens=("don't", "split", "me 2"), tags=("O",) * 3),
        Example("2", "f:5", tokens=("", "\u200b"), tags=("O",) * 2),
    ]
    assert [len(tags) for tags in predictor.predict_examples(examples)] == [3, 2]
