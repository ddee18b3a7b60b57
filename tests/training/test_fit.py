"""The training loop: the best weights are what is left, and the same seed gives the same bits."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nlp_rnn import models
from nlp_rnn.text.encoding import Encoded, Encoder
from nlp_rnn.text.tokenizer import build
from nlp_rnn.training.averaging import EVERY, WeightAverage
from nlp_rnn.training.device import make_deterministic
from nlp_rnn.training.fit import Judgement, _schedule, fit
from nlp_rnn.training.optimizer import Optimizer
from nlp_rnn.training.weights import state

CPU = torch.device("cpu")
NOTHING = Judgement(score=0.0, criterion=0.0)
RECIPE = {
    "epochs": 6,
    "patience": 2,
    "batch_tokens": 40,
    "learning_rate": 0.01,
    "warmup": 0.2,
    "weight_decay": 0.01,
    "clip": 1.0,
    "averaging": 0.9,
    "seed": 1,
    "device": CPU,
}


def setting(seed: int = 0, task: str = "sentiment", cell: str = "gru"):
    rng = np.random.default_rng(0)
    tokens = [[f"w{i}" for i in rng.integers(0, 30, n)] for n in rng.integers(1, 12, 40)]
    encoded = Encoder(build(tokens, lowercase=True, min_count=1), "w0123456789").encode(tokens)
    labels = np.array([int("w3" in sentence) for sentence in tokens], np.int32)
    tags = np.array([int(token == "w3") for sentence in tokens for token in sentence], np.int32)
    make_deterministic(seed=seed, threads=1)
    model = models.build(
        task,
        labels=["no", "yes"] if task == "sentiment" else ["O", "S-X"],
        words=32,
        characters=13,
        bigrams=0,
        ngrams=0,
        cell=cell,
        layers=1,
        hidden_size=8,
        word_size=8,
        character_size=4,
        character_filters=4,
        shape_size=2,
        bigram_size=0,
        input_dropout=0.3,
        dropout=0.3,
        word_dropout=0.1,
    )
    return model, replace(encoded, labels=labels, tags=tags)


def test_the_best_weights_are_restored_and_patience_ends_training() -> None:
    model, train = setting()
    criteria = iter([-0.5, -0.1, -0.3, -0.1, 0.0])
    seen = []

    def judge() -> Judgement:
        seen.append(state(model))
        return Judgement(score=len(seen) / 10, criterion=next(criteria))

    history = list(fit(model, train, judge, **RECIPE))
    assert [epoch.best for epoch in history] == [True, True, False, False]  # then patience ran out
    assert all(torch.equal(seen[1][name], value) for name, value in state(model).items())
    assert any(not torch.equal(seen[3][name], value) for name, value in state(model).items())
    assert [epoch.epoch for epoch in history] == [1, 2, 3, 4]
    assert [epoch.dev_score for epoch in history] == [0.1, 0.2, 0.3, 0.4]
    assert all(epoch.gradient_norm > 0 for epoch in history)


def weights_after(seed: int, task: str, cell: str, **recipe: float) -> list[np.ndarray]:
    model, train = setting(seed, task, cell)
    list(fit(model, train, lambda: NOTHING, **{**RECIPE, "patience": 9, "seed": seed, **recipe}))
    return [tensor.numpy() for tensor in state(model).values()]


@pytest.mark.parametrize(("task", "cell"), [("ner", "gru"), *(("sentiment", cell) for cell in models.CELLS)])
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(task: str, cell: str) -> None:
    first, second, other = (weights_after(seed, task, cell) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other))


def test_adversarial_training_takes_other_steps_and_repeats_them() -> None:
    first, second, usual = (
        weights_after(1, "ner", "gru", warmup=0.1, adversarial=strength) for strength in (0.5, 0.5, 0.0)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, second))
    assert not all(np.array_equal(a, b) for a, b in zip(first, usual))
    assert all(np.array_equal(a, b) for a, b in zip(weights_after(1, "ner", "gru", warmup=0.1), usual))


def test_adversarial_training_waits_for_the_end_of_the_warm_up() -> None:
    early = (weights_after(1, "ner", "gru", warmup=0.5, adversarial=strength) for strength in (0.5, 0.0))
    assert all(np.array_equal(a, b) for a, b in zip(*early))  # the best epoch here is the first of six


def test_each_epoch_sees_its_own_variant() -> None:
    model, train = setting()
    seen, tokens = [], []

    def variant(epoch: int) -> Encoded:
        seen.append(epoch)
        starts = train.starts[: 2 + epoch]  # another number of sentences in each
        return replace(train, starts=starts)

    list(fit(model, train, lambda: NOTHING, **{**RECIPE, "patience": 9}, variant=variant, step=tokens.append))
    assert seen == [1, 2, 3, 4, 5, 6]
    assert sum(tokens) == sum(train.starts[1 + epoch] for epoch in seen)


def test_it_learns_what_can_be_learned() -> None:
    model, train = setting()
    history = list(fit(model, train, lambda: NOTHING, **{**RECIPE, "epochs": 30, "patience": 99}))
    assert history[-1].train_loss < history[0].train_loss / 3


def test_a_loss_that_is_no_number_stops_training() -> None:
    model, train = setting()
    with torch.no_grad():
        model.output.bias[0] = float("nan")
    with pytest.raises(FloatingPointError, match="epoch 1"):
        list(fit(model, train, lambda: NOTHING, **RECIPE))


def test_the_rate_warms_up_and_falls() -> None:
    rates = [_schedule(done / 100, 0.2) for done in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(rates[20]) == pytest.approx(1.0)
    assert rates[:21] == sorted(rates[:21])
    assert rates[20:] == sorted(rates[20:], reverse=True)
    assert rates[-1] == pytest.approx(0.01)


def test_the_average_follows_the_weights_and_gives_them_back() -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    average = WeightAverage(model, 0.9)
    for step in range(400):
        with torch.no_grad():
            model.weight.fill_(1.0 if step < 200 else 3.0)
        average.update()
    steps_behind = 200 // EVERY
    with average.applied():
        assert model.weight.item() == pytest.approx(3 - 2 * 0.9 ** (EVERY * steps_behind), abs=1e-4)
    assert model.weight.item() == 3.0


def test_an_average_of_too_few_steps_is_the_weights_themselves() -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    average = WeightAverage(model, 0.9)
    for _ in range(EVERY - 1):
        with torch.no_grad():
            model.weight.fill_(5.0)
        average.update()
    with average.applied():
        assert model.weight.item() == 5.0


def test_a_gradient_is_shortened_to_the_limit_or_left_as_it_is() -> None:
    for most, expected in ((2.0, 2.0), (0.0, 5.0), (9.0, 5.0)):
        model = torch.nn.Linear(2, 1, bias=False)
        optimizer = Optimizer(model, weight_decay=0.0)
        model.weight.grad = torch.tensor([[3.0, 4.0]])
        assert optimizer.clip(most).item() == pytest.approx(5.0)
        assert model.weight.grad.norm().item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU here")
@pytest.mark.parametrize("cell", models.CELLS)
@pytest.mark.parametrize("task", ["ner", "sentiment"])
def test_a_gpu_trains_as_a_cpu_does_and_repeats_itself(task: str, cell: str) -> None:
    losses = []
    for device in (torch.device("cpu"), torch.device("cuda"), torch.device("cuda")):
        model, train = setting(task=task, cell=cell)
        model.features.word_dropout = model.encoder.dropout.rate = model.dropout.p = model.dropout.rate = 0.0
        recipe = {**RECIPE, "device": device, "precision": "float32", "adversarial": 0.1}
        losses.append([epoch.train_loss for epoch in fit(model.to(device), train, lambda: NOTHING, **recipe)])
    assert losses[1] == losses[2]
    assert losses[1] == pytest.approx(losses[0], rel=1e-2)
