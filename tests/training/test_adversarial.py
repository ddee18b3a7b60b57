"""The perturbation of features: its direction and length, and what learns from it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nlp_rnn import models
from nlp_rnn.text.batches import gather
from nlp_rnn.text.encoding import Encoder
from nlp_rnn.text.tokenizer import build
from nlp_rnn.training.adversarial import perturbed
from nlp_rnn.training.device import make_deterministic, to_tensors
from nlp_rnn.training.step import Step

SENTENCES = [["Maria", "flew", "to", "Rome"], ["to", "Rome"]]


def setting():
    encoded = Encoder(build(SENTENCES, lowercase=True, min_count=1), "Mariflewto").encode(SENTENCES)
    make_deterministic(seed=3, threads=1)
    model = models.build(
        "ner",
        labels=["O", "S-X"],
        words=9,
        characters=12,
        bigrams=0,
        ngrams=0,
        cell="lstm",
        layers=1,
        hidden_size=6,
        word_size=5,
        character_size=3,
        character_filters=4,
        shape_size=2,
        bigram_size=0,
        input_dropout=0.0,
        dropout=0.0,
    )
    batch = gather(encoded, np.array([0, 1]))
    return model, type(batch)(**{**vars(batch), "tags": np.array([[1, 0, 0, 1], [0, 1, 0, 0]])})


def test_each_token_moves_by_the_given_length_to_where_the_loss_grows() -> None:
    torch.manual_seed(0)
    features = torch.randn(2, 3, 4, requires_grad=True)

    def loss(x: torch.Tensor) -> torch.Tensor:
        weights = torch.tensor([[1.0, 50.0, 0.0], [2.0, 0.1, 0.0]])  # the last step is padding
        return (weights.unsqueeze(2) * x.sin()).sum()

    usual = loss(features)
    usual.backward()
    moved = perturbed(features, 0.01)
    assert not moved.requires_grad
    lengths = (moved - features).norm(dim=2)
    torch.testing.assert_close(lengths[:, :2], torch.full((2, 2), 0.01), atol=1e-6, rtol=1e-3)
    assert not lengths[:, 2].any()
    steepest = float(features.grad.norm(dim=2).sum())
    assert float((loss(moved) - usual).detach()) == pytest.approx(0.01 * steepest, rel=0.02)


def test_a_step_adds_the_gradients_of_both_and_features_learn_from_the_first_alone() -> None:
    model, batch = setting()
    tensors = to_tensors(batch, torch.device("cpu"))
    x = model.features(tensors)
    x.retain_grad()
    model.loss_from(x, tensors).backward()
    first = {name: weight.grad.clone() for name, weight in model.named_parameters()}
    model.loss_from(perturbed(x, 0.5), tensors).backward()
    both = {name: weight.grad.clone() for name, weight in model.named_parameters()}
    assert all(torch.equal(first[name], both[name]) == name.startswith("features.") for name in first)

    taken = {}
    for strength in (0.0, 0.5):
        model, batch = setting()
        step = Step(
            model,
            weight_decay=0.0,
            clip=1e9,
            averaging=0.0,
            device=torch.device("cpu"),
            precision="auto",
        )
        step([batch], rate=0.01, adversarial=strength)
        taken[strength] = {name: weight.grad for name, weight in model.named_parameters()}
    for name, gradient in both.items():
        torch.testing.assert_close(taken[0.5][name], gradient)
        torch.testing.assert_close(taken[0.0][name], first[name])
