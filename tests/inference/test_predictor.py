"""What a loaded package answers, to texts of every kind."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from nlp_rnn.inference import load
from nlp_rnn.schema import Example
from nlp_rnn.text.labels import to_bio
from nlp_rnn.training.fit import predict

WORDS = ["Maria", "flew", "to", "Rome", "unseen"]
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


@pytest.mark.parametrize("cell", ["lstm", "mingru"])
def test_a_document_of_20000_tokens_is_tagged_as_one_piece(make_package, cell: str) -> None:
    folder, network = make_package("ner", cell)
    tokens = tuple(np.random.default_rng(0).choice(WORDS, 20_000).tolist())
    predictor = load(folder)
    (tags,) = predictor.predict_examples([Example("1", "f:1", tokens=tokens, tags=("O",) * 20_000)])
    encoded = predictor._encoder.encode([tokens])
    (ids,) = predict(network, encoded, batch_tokens=1, device=torch.device("cpu"))
    assert tags == list(to_bio([predictor.labels[i] for i in ids], "BIOES"))
    (prediction,) = predictor.predict([" ".join(tokens)])
    assert len(prediction.spans) == sum(tag.startswith("B-") for tag in tags) > 100
    assert prediction.spans[-1].end > 0.99 * len(prediction.text)  # random weights tag to the very end


def test_memory_for_a_long_document_grows_with_its_length_alone(make_package) -> None:
    folder, _ = make_package("ner")
    before, after = (peak_memory(folder, tokens) for tokens in (10, 20_000))
    assert after - before < 60  # 3 KB a token; 1,600 MB if any two tokens had a number between them


def peak_memory(folder: Path, tokens: int) -> float:
    """Megabytes that a process of its own has held at most after it tagged a document."""
    code = (
        "import resource, sys; from pathlib import Path; from nlp_rnn.inference import load\n"
        f"load(Path(sys.argv[1])).predict([' '.join(['Maria', 'flew'] * {tokens // 2})])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, check=True)
    return int(done.stdout) / 1024  # Linux counts in kilobytes


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
