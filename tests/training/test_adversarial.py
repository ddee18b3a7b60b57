"""The perturbation of embeddings: its direction and length, and that nothing of it stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from nlp_rnn.models.features import Features
from nlp_rnn.training.adversarial import AdversarialPerturbation


def setting() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(7, 3), nn.Flatten(), nn.Linear(6, 1))
    return model, torch.tensor([[1, 2], [2, 4]]), torch.tensor([[1.0], [-1.0]])


def loss(model: nn.Module, ids: torch.Tensor, gold: torch.Tensor) -> torch.Tensor:
    return (model(ids) - gold).pow(3).exp().mean()


def gradients(model: nn.Module) -> list[torch.Tensor]:
    return [p.grad.clone() for p in model.parameters() if p.grad is not None]


def test_gradients_add_up_to_those_of_both_losses_and_the_weights_return_bit_for_bit() -> None:
    model, ids, gold = setting()
    before = [parameter.detach().clone() for parameter in model.parameters()]
    loss(model, ids, gold).backward()
    usual = gradients(model)
    with AdversarialPerturbation(model, 0.5).applied():
        loss(model, ids, gold).backward()
    both = gradients(model)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))

    model.zero_grad()
    table = model[0].weight  # type: ignore[index]
    with torch.no_grad():
        table += 0.5 * usual[0] / usual[0].norm()
    loss(model, ids, gold).backward()
    for total, first, second in zip(both, usual, gradients(model)):
        torch.testing.assert_close(total, first + second)
        assert not torch.allclose(first, second)


def test_it_moves_all_tables_as_one_vector_of_the_given_length_and_raises_the_loss() -> None:
    torch.manual_seed(0)
    tables = nn.ModuleList([nn.Embedding(5, 2), nn.Embedding(4, 3), nn.Embedding(3, 3), nn.Linear(2, 2)])
    before = [parameter.detach().clone() for parameter in tables.parameters()]

    def value() -> torch.Tensor:
        return tables[0](torch.tensor([1, 3])).sin().sum() + 2 * tables[1](torch.tensor([0])).cos().sum()

    value().backward()
    usual = float(value().detach())
    with AdversarialPerturbation(tables, 0.01).applied():
        moved = [(now - old).detach() for now, old in zip(tables.parameters(), before)]
        worst = float(value().detach())
    first, second, unused, weight, bias = (float(change.norm()) for change in moved)
    assert np.hypot(first, second) == pytest.approx(0.01, rel=1e-4)
    assert unused == weight == bias == 0  # without a gradient, and no tables
    assert not moved[0][[0, 2, 4]].any()  # words that the batch does not have
    steepest = float(torch.cat([g.flatten() for g in gradients(tables)]).norm())
    assert worst - usual == pytest.approx(0.01 * steepest, rel=0.02)


def test_the_weights_return_after_an_error_and_no_gradient_moves_nothing() -> None:
    model, ids, gold = setting()
    (0 * loss(model, ids, gold)).backward()
    before = model[0].weight.detach().clone()  # type: ignore[index]
    with AdversarialPerturbation(model, 1.0).applied():
        assert torch.equal(model[0].weight, before)  # type: ignore[index]
    loss(model, ids, gold).backward()

    def interrupted() -> None:
        with AdversarialPerturbation(model, 1.0).applied():
            assert not torch.equal(model[0].weight, before)  # type: ignore[index]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert torch.equal(model[0].weight, before)  # type: ignore[index]


def test_words_characters_shapes_and_bigrams_are_all_moved() -> None:
    features = Features(
        words=5,
        characters=6,
        bigrams=7,
        word_size=2,
        character_size=2,
        character_filters=2,
        shape_size=2,
        bigram_size=2,
        word_dropout=0,
    )
    tables = [part for part in features.modules() if isinstance(part, nn.Embedding)]
    before = [table.weight.detach().clone() for table in tables]
    for table in tables:
        table.weight.grad = torch.ones_like(table.weight)
    with AdversarialPerturbation(features, 1.0).applied():
        moved = [not torch.equal(table.weight, old) for table, old in zip(tables, before)]
    assert moved == [True] * 4
