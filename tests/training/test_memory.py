"""Batches in parts: the same step as of the whole, in the memory that was asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from nlp_rnn import models
from nlp_rnn.schema import UsageError
from nlp_rnn.text import batches
from nlp_rnn.text.encoding import Encoded, Encoder
from nlp_rnn.text.tokenizer import build
from nlp_rnn.training import memory
from nlp_rnn.training.device import choose, halves, to_tensors
from nlp_rnn.training.fit import Judgement, fit
from nlp_rnn.training.memory import kept, most_tokens
from nlp_rnn.training.weights import state

CPU = torch.device("cpu")
RECIPE: dict[str, Any] = {
    "epochs": 2,
    "patience": 2,
    "learning_rate": 0.01,
    "warmup": 0.2,
    "weight_decay": 0.01,
    "clip": 1.0,
    "averaging": 0.9,
    "seed": 1,
    "device": CPU,
}

NOTHING = Judgement(score=0.0, criterion=0.0)


def setting(task: str, dropout: float = 0.0) -> tuple[models.Tagger | models.Classifier, Encoded]:
    rng = np.random.default_rng(0)
    tokens = [[f"w{i}" for i in rng.integers(0, 30, n)] for n in rng.integers(1, 40, 60)]
    encoded = Encoder(build(tokens, lowercase=True, min_count=1), "w0123456789").encode(tokens)
    torch.manual_seed(3)
    model = models.build(
        task,
        labels=["O", "S-X"],
        words=32,
        characters=13,
        bigrams=0,
        ngrams=0,
        cell="lstm",
        layers=1,
        hidden_size=32,
        word_size=32,
        character_size=4,
        character_filters=4,
        shape_size=2,
        bigram_size=0,
        input_dropout=dropout,
        dropout=dropout,
    )
    labels = rng.integers(0, 2, len(tokens)).astype(np.int32)
    return model, replace(encoded, labels=labels, tags=(encoded.forms % 2).astype(np.int32))


def trained(task: str, **given: Any) -> tuple[list[np.ndarray], list[float], int]:
    """The weights, each epoch's loss, and the steps of the optimizer."""
    model, train = setting(task)
    steps: list[int] = []
    history = list(fit(model, train, lambda: NOTHING, **{**RECIPE, **given}, step=steps.append))
    assert sum(steps) == 2 * int(train.lengths.sum())
    weights = [tensor.double().numpy() for tensor in state(model).values()]
    return weights, [epoch.train_loss for epoch in history], len(steps)


@pytest.mark.parametrize("adversarial", [0.0, 0.5])
@pytest.mark.parametrize("task", ["ner", "sentiment"])
def test_a_batch_in_parts_gives_the_weights_of_the_whole(
    task: str, adversarial: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(task, batch_tokens=600, adversarial=adversarial)
    gathered: list[int] = []
    gather = batches.gather

    def watched(encoded: Encoded, indexes: np.ndarray) -> batches.Batch:
        batch = gather(encoded, indexes)
        gathered.append(batch.forms.size)
        return batch

    monkeypatch.setattr(batches, "gather", watched)
    parts = trained(task, batch_tokens=600, memory_mb=1, adversarial=adversarial)
    assert whole[2] == parts[2] < len(gathered) / 2
    for one, other in zip(parts[0], whole[0]):
        np.testing.assert_allclose(one, other, atol=2e-4)
    assert parts[1] == pytest.approx(whole[1], rel=1e-4)


def test_accumulated_batches_make_one_step_of_all_their_sentences() -> None:
    every = trained("ner", batch_tokens=10_000)  # one batch, and so one step, an epoch
    together = trained("ner", batch_tokens=100, accumulation=1000)
    assert every[2] == together[2] == 2
    for one, other in zip(together[0], every[0]):
        np.testing.assert_allclose(one, other, atol=2e-4)
    assert together[1] == pytest.approx(every[1], rel=1e-4)
    alone, by_three = (trained("ner", batch_tokens=100, accumulation=count)[2] for count in (1, 3))
    assert by_three == 2 * -(-alone // 2 // 3)  # the last step of an epoch takes what is left


def test_no_part_keeps_more_than_its_memory_and_measuring_changes_nothing() -> None:
    model, train = setting("ner", dropout=0.5)
    random = torch.get_rng_state()
    most = most_tokens(model, train, memory_mb=1, device=CPU)
    assert torch.equal(torch.get_rng_state(), random)
    assert most_tokens(model, train, memory_mb=4, device=CPU) == pytest.approx(4 * most, abs=4)
    for part in batches.plan(train.lengths, most):
        held = memory.WORKING * kept(model, to_tensors(batches.gather(train, part), CPU))
        assert held < 1.1 * 2**20  # short sentences have a few more forms a token
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_long_text_that_is_read_in_pieces_is_no_measure_of_the_others() -> None:
    model, train = setting("ner")
    whole = most_tokens(model, train, memory_mb=1, device=CPU)
    model.encoder.truncation = int(train.lengths.max()) - 1
    assert most_tokens(model, train, memory_mb=1, device=CPU) == pytest.approx(whole, rel=0.1)


@pytest.mark.parametrize("found", [True, False])
def test_a_device_is_chosen_or_asked_for_in_vain(monkeypatch: pytest.MonkeyPatch, found: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: found)
    assert choose("cpu").type == "cpu"
    assert choose("auto").type == ("cuda" if found else "cpu")
    if found:
        assert choose("cuda").type == "cuda"
    else:
        with pytest.raises(UsageError, match=r"`device` is `cuda`, but torch finds no GPU .* `auto`"):
            choose("cuda")


@pytest.mark.parametrize(
    ("device", "precision", "able", "expected"),
    [
        ("cuda", "auto", True, True),
        ("cuda", "auto", False, False),
        ("cuda", "float32", True, False),
        ("cpu", "auto", True, False),
    ],
)
def test_half_precision_is_for_gpus_that_have_it(
    monkeypatch: pytest.MonkeyPatch, device: str, precision: str, able: bool, expected: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: able)
    assert halves(torch.device(device), precision) is expected
