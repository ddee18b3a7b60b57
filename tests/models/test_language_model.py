"""The language model: its loss is the textbook's, neither direction sees its answer, its weights arrive."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from nlp_rnn import models
from nlp_rnn.models import language_model
from nlp_rnn.models.language_model import LanguageModel, hand_over, learned
from nlp_rnn.text.batches import Batch, gather
from nlp_rnn.text.encoding import Encoder
from nlp_rnn.text.tokenizer import build
from nlp_rnn.training.fit import to_tensors

CPU = torch.device("cpu")
WORDS = 12
ANSWERS = np.array([0, 0, *range(1, WORDS - 3), 0, 0])  # the last two words are not told apart


def network(cell: str = "lstm", task: str = "ner", **changes) -> models.Tagger | models.Classifier:
    torch.manual_seed(0)
    given = {
        "labels": ["O", "S-X"],
        "words": WORDS,
        "characters": 13,
        "bigrams": 64,
        "ngrams": 0,
        "cell": cell,
        "layers": 1,
        "hidden_size": 5,
        "word_size": 4,
        "character_size": 3,
        "character_filters": 3,
        "shape_size": 2,
        "bigram_size": 3,
        "input_dropout": 0.0,
        "dropout": 0.0,
        **changes,
    }
    return models.build(task, **given)


def language_model_of(network: models.Tagger | models.Classifier, dropout: float = 0.0) -> LanguageModel:
    return LanguageModel(features=network.features, encoder=network.encoder, answers=ANSWERS, dropout=dropout)


def batch_of(*sentences: str) -> Batch:
    tokens = [sentence.split() for sentence in sentences]
    vocabulary = build([[f"{chr(97 + i)}x" for i in range(WORDS - 2)]], lowercase=True, min_count=1)
    encoded = Encoder(vocabulary, "abcdefghijx", bigrams=64).encode(tokens)
    return to_tensors(gather(encoded, np.arange(len(tokens))), CPU)


@pytest.mark.parametrize("direction", ["both", "ahead"])
def test_the_loss_is_that_of_the_textbook(monkeypatch: pytest.MonkeyPatch, direction: str) -> None:
    monkeypatch.setattr(language_model, "HEAD", 3)  # the other answers share a part of their own
    plain = {"character_filters": 0, "shape_size": 0, "bigram_size": 0}
    model = language_model_of(network("rnn", direction=direction, **plain))
    sentences = [[2, 5, 11, 3], [4, 9]]  # ids of words
    weights = {name: tensor.double().numpy() for name, tensor in model.state_dict().items()}

    def states(side: str, ids: list[int]) -> list[np.ndarray]:
        w, u, b, c = (
            weights[f"encoder.{side}.0.{name}_l0"]
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        state, found = np.zeros(5), []
        for word in ids:
            state = np.tanh(w @ weights["features.word.weight"][word] + b + u @ state + c)
            found.append(state)
        return found

    def log_softmax(logits: np.ndarray) -> np.ndarray:
        return logits - np.log(np.exp(logits).sum())

    def log_likelihood(state: np.ndarray, answer: int) -> float:
        head = log_softmax(weights["softmax.head.weight"] @ state + weights["softmax.head.bias"])
        if answer < 3:
            return head[answer]
        tail = weights["softmax.tail.0.1.weight"] @ weights["softmax.tail.0.0.weight"] @ state
        return head[3] + log_softmax(tail)[answer - 3]

    expected = []
    for ids in sentences:
        for side, order in (("ahead", ids), ("back", ids[::-1]))[: 2 if direction == "both" else 1]:
            seen = states(side, order)
            expected += [log_likelihood(s, ANSWERS[word]) for s, word in zip(seen[:-1], order[1:])]
    batch = batch_of("ax dx jx bx", "cx hx")
    np.testing.assert_array_equal(batch.words[batch.forms.long()].numpy(), [[2, 5, 11, 3], [4, 9, 0, 0]])
    assert model.loss(batch).item() == pytest.approx(-np.mean(expected), rel=1e-5)
    assert len(model.log_likelihoods(batch)) == len(expected) == (8 if direction == "both" else 4)
    assert not ANSWERS[11], "an answer that is not told apart belongs into this test"


@pytest.mark.parametrize("cell", models.CELLS)
def test_neither_direction_sees_its_answer(cell: str) -> None:
    """Not in the tokens, and neither in the pairs of neighbours that one of them is in, nor in where words
    end, for a segmenter has read the whole."""
    model = language_model_of(network(cell, boundaries=5, boundary_size=3))
    one, other = batch_of("ax bx cx dx ex", "fx gx"), batch_of("ax bx jx dx ex", "fx gx")  # at step 2
    one, other = (replace(batch, boundaries=torch.randint(1, 5, (2, 5))) for batch in (one, other))
    with torch.no_grad():
        (ahead, back), (other_ahead, other_back) = model.states(one), model.states(other)
    assert torch.equal(ahead[0, :2], other_ahead[0, :2])
    assert torch.equal(back[0, 3:], other_back[0, 3:])
    assert (ahead[0, 2:] != other_ahead[0, 2:]).any(dim=1).all()  # while what is to be seen is seen
    assert (back[0, :3] != other_back[0, :3]).any(dim=1).all()


@pytest.mark.parametrize("cell", models.CELLS)
def test_no_gradient_reaches_what_is_to_be_predicted(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = language_model_of(network(cell))
    batch = batch_of("ax bx cx dx ex")
    x = model.features(batch).detach().requires_grad_()
    monkeypatch.setattr(model.features, "forward", lambda _: x)
    ahead, back = model.states(batch)
    (right,) = torch.autograd.grad(ahead[0, 2].sum(), x, retain_graph=True)
    (left,) = torch.autograd.grad(back[0, 2].sum(), x)
    assert right[0, 3:].eq(0).all()
    assert left[0, :2].eq(0).all()
    assert right[0, :3].ne(0).any(dim=1).all()
    assert left[0, 2:].ne(0).any(dim=1).all()


def test_padding_changes_no_likelihood() -> None:
    model = language_model_of(network())
    alone = model.log_likelihoods(batch_of("ax bx cx"))
    beside = model.log_likelihoods(batch_of("ax bx cx", "dx ex fx gx hx ix"))
    torch.testing.assert_close(beside[[0, 1, 7, 8]], alone)


@pytest.mark.parametrize("direction", ["both", "ahead"])
@pytest.mark.parametrize("task", ["ner", "sentiment"])
def test_features_and_first_layer_are_handed_over(task: str, direction: str) -> None:
    giver, taker = (network(task=task, direction=direction, layers=layers) for layers in (1, 2))
    model = language_model_of(giver)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    before = {name: tensor.clone() for name, tensor in taker.state_dict().items()}
    hand_over(learned(model), taker)
    changed = {name for name, tensor in taker.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {*learned(model)}
    assert {"features.word.weight", "features.character.embedding.weight"} < changed
    assert not {name for name in changed if "ahead.1" in name or "output" in name}
    assert all(torch.equal(taker.state_dict()[name], tensor) for name, tensor in learned(model).items())


def test_weights_that_do_not_fit_are_named() -> None:
    weights = learned(language_model_of(network()))
    with pytest.raises(ValueError, match=r"encoder.ahead.0.bias_hh_l0` is \(20,\) .* \(24,\) in the other"):
        hand_over(weights, network(hidden_size=6))
    with pytest.raises(ValueError, match=r"`features.shape.weight` is \(11, 2\) in the one, None in"):
        hand_over(weights, network(shape_size=0, word_size=6))
