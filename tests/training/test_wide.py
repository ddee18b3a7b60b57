"""The wide part and the shares: what is fitted, and that it is what scikit-learn would say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import normalize

from nlp_rnn import models
from nlp_rnn.text import batches, ngrams
from nlp_rnn.text.encoding import Encoded, Encoder
from nlp_rnn.text.tokenizer import build
from nlp_rnn.training.device import make_deterministic, to_tensors
from nlp_rnn.training.shares import fit_shares
from nlp_rnn.training.weights import state
from nlp_rnn.training.wide import PENALTIES, fit_wide, naive_bayes

CPU = torch.device("cpu")


def known() -> np.ndarray:
    words = [f"w{i}" for i in range(12)] + ["not", "good", "bad", "so"]
    return ngrams.learn([(a, b, b) for a in words for b in words], longest=3, most=400)


def texts(seed: int, count: int, labels: int = 2) -> Encoded:
    """Texts whose label is told by a pair of words, with words of no meaning around it."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, labels, count)
    tokens = [
        [f"w{i}" for i in rng.integers(0, 12, rng.integers(1, 9))] + ["not", ("good", "bad", "so")[label]]
        for label in gold
    ]
    vocabulary = build(tokens, lowercase=True, min_count=1)
    encoded = Encoder(vocabulary, "abdgost", ngrams=known(), longest=3).encode(tokens)
    return replace(encoded, labels=gold.astype(np.int32))


def classifier(labels: int = 2) -> models.Classifier:
    make_deterministic(seed=0, threads=1)
    model = models.build(
        "sentiment",
        labels=[f"label {i}" for i in range(labels)],
        words=32,
        characters=9,
        bigrams=0,
        ngrams=len(known()),
        cell="gru",
        layers=1,
        hidden_size=4,
        word_size=4,
        character_size=4,
        character_filters=0,
        shape_size=0,
        bigram_size=0,
        input_dropout=0.0,
        dropout=0.0,
    )
    assert isinstance(model, models.Classifier)
    return model.eval()


def parts(model: models.Classifier, encoded: Encoded) -> torch.Tensor:
    """[2, b, l], in the order of the texts."""
    found = torch.zeros(2, len(encoded), len(model.output.bias))
    with torch.inference_mode():
        for batch in batches.batches(encoded, 50):
            found[:, torch.from_numpy(batch.indexes)] = torch.stack(model.parts(to_tensors(batch, CPU)))
    return found


def dense(encoded: Encoded) -> np.ndarray:
    """Which n-grams each text has, [b, 1 + n]."""
    rows = np.zeros((len(encoded), 1 + len(known())))
    for batch in batches.batches(encoded, 50):
        for index, grams in zip(batch.indexes, batch.ngrams):
            rows[index, grams[grams != 0]] = 1
    return rows


@pytest.mark.parametrize("labels", [2, 3])
def test_the_wide_part_is_the_likeliest_of_what_scikit_learn_fits(labels: int) -> None:
    train, dev = texts(0, 120, labels), texts(1, 60, labels)
    model = classifier(labels)
    assert model.wide is not None
    fit_wide(model.wide, train, dev)
    counts = [dense(train), dense(dev)]
    counts[1][:, counts[0].sum(axis=0) == 0] = 0  # an n-gram that training never saw is none
    tfidf = TfidfTransformer().fit(counts[0])
    bayes = normalize_by(naive_bayes(csr_matrix(counts[0]), train.labels))
    found = []
    for weigh in (tfidf.transform, bayes):
        inputs, held_out = (weigh(rows) for rows in counts)
        machines = [LogisticRegression(C=c, max_iter=1000).fit(inputs, train.labels) for c in PENALTIES]
        found += [machine.predict_proba(held_out) for machine in machines]
    expected = min(found, key=lambda shares: log_loss(dev.labels, shares))
    said = parts(model, dev)[1].softmax(dim=1).numpy()
    np.testing.assert_allclose(said, expected, atol=2e-3)  # the solver's tolerance
    assert (said.argmax(axis=1) == dev.labels).mean() > 0.95


def normalize_by(weights: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    return lambda rows: normalize(rows * weights)


def test_an_n_gram_weighs_what_it_tells_by_itself() -> None:
    counts = csr_matrix(np.array([[0, 1, 1, 0], [0, 1, 1, 0], [0, 1, 0, 0], [0, 1, 0, 0]], float))
    weights = naive_bayes(counts, np.array([0, 0, 1, 1]))
    # Of label 0 come 1 + (0, 2, 2, 0), of label 1 come 1 + (0, 2, 0, 0): shares of 8 and of 6.
    np.testing.assert_allclose(weights, [0, np.log(3 / 6 / (3 / 8)), np.log(3 / 8 / (1 / 6)), 0])


def test_a_text_without_any_known_n_gram_gets_the_bias() -> None:
    model = classifier()
    assert model.wide is not None
    fit_wide(model.wide, texts(0, 60), texts(1, 30))
    unseen = int((model.wide.rarity == 0).nonzero()[-1])
    said = model.wide(torch.tensor([[unseen, 0, 0], [0, 0, 0]]))
    assert torch.equal(said, model.wide.bias.expand(2, 2))


def test_shares_trust_the_part_that_knows_and_travel_with_the_weights() -> None:
    train, dev = texts(0, 120), texts(1, 200)
    wrong = np.random.default_rng(2).random(200) < 0.15  # or the surest shares would be the likeliest
    dev = replace(dev, labels=np.where(wrong, 1 - dev.labels, dev.labels))
    model = classifier()
    assert model.wide is not None
    fit_wide(model.wide, train, dev)
    likelihood = fit_shares(model, dev, batch_tokens=50, device=CPU)
    deep, wide = model.shares.tolist()  # the deep part has learned nothing
    gold = torch.from_numpy(dev.labels).long()
    said = parts(model, dev)
    loss = torch.nn.functional.cross_entropy
    best = loss(deep * said[0] + wide * said[1], gold)
    assert likelihood == pytest.approx(-float(best), abs=1e-5)
    assert best < loss(said[1], gold)
    for other in ((deep + 0.1, wide), (max(0.0, deep - 0.1), wide), (deep, wide * 0.9), (deep, wide * 1.1)):
        assert loss(other[0] * said[0] + other[1] * said[1], gold) >= best - 1e-6
    assert "shares" in state(model)
