"""The training of a language model: perplexity falls, the best weights are left, and bits repeat."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nlp_rnn import models
from nlp_rnn.text.encoding import Encoded, Encoder
from nlp_rnn.text.tokenizer import build
from nlp_rnn.training import pretraining
from nlp_rnn.training.device import make_deterministic
from nlp_rnn.training.weights import state

CPU = torch.device("cpu")
RECIPE = {"epochs": 4, "batch_tokens": 60, "learning_rate": 0.02, "seed": 1, "device": CPU}
CYCLE = ["one", "two", "three", "four", "five", "six"]


def corpus(seed: int, count: int) -> list[list[str]]:
    """Sentences that count from anywhere: whoever knows a word knows both of its neighbours."""
    rng = np.random.default_rng(seed)
    return [[CYCLE[(start + i) % 6] for i in range(8)] for start in rng.integers(0, 6, count)]


def setting(seed: int = 0) -> tuple[models.LanguageModel, Encoded, Encoded]:
    vocabulary = build([CYCLE], lowercase=True, min_count=1)
    text, held_out = (
        Encoder(vocabulary, "").encode(sentences) for sentences in (corpus(1, 60), corpus(2, 10))
    )
    make_deterministic(seed=seed, threads=1)
    network = models.build(
        "ner",
        labels=["O"],
        words=8,
        characters=2,
        bigrams=0,
        ngrams=0,
        cell="lstm",
        layers=1,
        hidden_size=8,
        word_size=8,
        character_size=2,
        character_filters=0,
        shape_size=0,
        bigram_size=0,
        input_dropout=0.3,
        dropout=0.3,
    )
    answers = pretraining.answers(text, words=8, most=100)
    model = models.LanguageModel(
        features=network.features, encoder=network.encoder, answers=answers, dropout=0.0
    )
    return model, text, held_out


def test_the_commonest_words_are_told_apart() -> None:
    sentences = [["a", "b", "b", "c", "never seen"], ["b", "c"]]
    encoded = Encoder(build([["c", "b", "a", "d"]], lowercase=True, min_count=1), "").encode(sentences)
    assert encoded.words[encoded.forms].tolist() == [2, 3, 3, 4, 1, 3, 4]  # a, b, c; d does not occur
    assert pretraining.answers(encoded, words=6, most=9).tolist() == [0, 0, 3, 1, 2, 0]
    assert pretraining.answers(encoded, words=6, most=1).tolist() == [0, 0, 0, 1, 0, 0]


def test_perplexity_falls_from_chance_to_certainty() -> None:
    model, text, held_out = setting()
    before = pretraining.perplexity(model, held_out, batch_tokens=100, device=CPU)
    assert 4 < before < 12  # six words and the unknown one
    history = list(
        pretraining.pretrain(model, text, held_out, **{**RECIPE, "batch_tokens": 24, "learning_rate": 0.05})
    )
    assert [epoch.epoch for epoch in history] == [1, 2, 3, 4]
    assert history[-1].perplexity < 1.1 < history[0].train_perplexity
    after = pretraining.perplexity(model, held_out, batch_tokens=17, device=CPU)
    assert after == pytest.approx(min(epoch.perplexity for epoch in history), rel=1e-5)


def test_the_best_weights_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    model, text, held_out = setting()
    perplexities, seen = iter([9.0, 5.0, 7.0, 5.0]), []

    def perplexity(*_: object, **__: object) -> float:
        seen.append(state(model))
        return next(perplexities)

    monkeypatch.setattr(pretraining, "perplexity", perplexity)
    history = list(pretraining.pretrain(model, text, held_out, **RECIPE))
    assert [epoch.best for epoch in history] == [True, True, False, False]
    assert all(torch.equal(seen[1][name], value) for name, value in state(model).items())
    assert any(not torch.equal(seen[3][name], value) for name, value in state(model).items())


def test_the_same_seed_gives_the_same_bits_and_another_gives_others() -> None:
    found = []
    for seed in (1, 1, 2):
        model, text, held_out = setting()
        steps: list[int] = []
        list(pretraining.pretrain(model, text, held_out, **{**RECIPE, "seed": seed}, step=steps.append))
        assert sum(steps) == 4 * len(text.forms)
        found.append(state(model))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
    assert not all(torch.equal(found[0][name], found[2][name]) for name in found[0])


def test_a_loss_that_is_no_number_ends_it() -> None:
    model, text, held_out = setting()
    with torch.no_grad():
        model.softmax.head.weight.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="loss is nan"):
        list(pretraining.pretrain(model, text, held_out, **RECIPE))
