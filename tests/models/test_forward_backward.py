"""The compiled loss against autograd in double precision, where numbers are extreme or sequences long."""

import math

import numba
import numpy as np
import pytest
import torch

from nlp_rnn.models import trellis
from nlp_rnn.models.crf import CRF
from nlp_rnn.models.forward_backward import loss_and_gradients
from nlp_rnn.text.labels import bioes_labels

LABELS = bioes_labels(["X", "Y"])


def setting(lengths: list[int], scale: float, seed: int = 0) -> dict[str, np.ndarray]:
    """Scores within ±scale, forbidden moves on top, and any tags."""
    rng = np.random.default_rng(seed)
    labels, shape = len(LABELS), (len(lengths), max(lengths))
    crf = CRF(LABELS)
    for parameter in crf.parameters():
        torch.nn.init.uniform_(parameter, -scale, scale, generator=torch.Generator().manual_seed(seed))
    transition, start, end = (tensor.detach().numpy() for tensor in crf.scores())
    return {
        "emissions": rng.uniform(-scale, scale, (*shape, labels)).astype(np.float32),
        "tags": rng.integers(0, labels, shape).astype(np.int32),
        "lengths": np.array(lengths),
        "transition": transition,
        "start": start,
        "end": end,
    }


def by_autograd(inputs: dict[str, np.ndarray]) -> tuple[float, list[np.ndarray]]:
    """Torch's own logsumexp, row by row, in double precision."""
    scores = {
        name: torch.from_numpy(inputs[name]).double().requires_grad_()
        for name in ("emissions", "transition", "start", "end")
    }
    emissions, transition, start, end = scores.values()
    loss = torch.zeros((), dtype=torch.float64)
    for row, length in enumerate(inputs["lengths"]):
        tags = torch.from_numpy(inputs["tags"][row, :length]).long()
        alpha = start + emissions[row, 0]
        for step in range(1, length):
            alpha = torch.logsumexp(alpha[:, None] + transition, dim=0) + emissions[row, step]
        gold = start[tags[0]] + end[tags[-1]] + emissions[row, torch.arange(length), tags].sum()
        loss = loss + torch.logsumexp(alpha + end, dim=0) - gold - transition[tags[:-1], tags[1:]].sum()
    loss.backward()
    return float(loss.detach()), [tensor.grad.numpy() for tensor in scores.values()]


@pytest.mark.parametrize("scale", [0.0, 1.0, 50.0, 1e3, 1e5])  # from 1e3 on, sums vanish
def test_any_finite_scores_give_the_exact_loss_and_gradients(scale: float) -> None:
    inputs = setting([12, 1, 9, 2], scale)
    loss, gradients = loss_and_gradients(**inputs)
    expected, wanted = by_autograd(inputs)
    assert loss == pytest.approx(expected, rel=1e-12, abs=1e-12)
    for one, other in zip(gradients, wanted):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


def test_nothing_drifts_over_two_thousand_tokens() -> None:
    inputs = setting([2000, 1], 5.0)
    loss, gradients = loss_and_gradients(**inputs)
    expected, wanted = by_autograd(inputs)
    assert loss == pytest.approx(expected, rel=1e-12)
    for one, other in zip(gradients, wanted):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(gradients[0].sum(axis=2), 0, atol=1e-6)  # posteriors of a token add up to one


def test_company_and_padding_never_change_a_bit() -> None:
    inputs = setting([7, 3, 1], 3.0)
    for row, length in enumerate(inputs["lengths"]):
        inputs["emissions"][row, length:] = np.nan
        inputs["tags"][row, length:] = -1
    loss, (d_emissions, *d_scores) = loss_and_gradients(**inputs)
    alone = []
    for row, length in enumerate(inputs["lengths"]):
        own = {
            **inputs,
            "emissions": inputs["emissions"][row : row + 1, :length].copy(),
            "tags": inputs["tags"][row : row + 1, :length].copy(),
            "lengths": inputs["lengths"][row : row + 1],
        }
        alone.append(loss_and_gradients(**own))
        assert np.array_equal(d_emissions[row, :length], alone[row][1][0][0])
        assert not d_emissions[row, length:].any()
    assert loss == pytest.approx(sum(one for one, _ in alone))
    for which, together in enumerate(d_scores, start=1):
        np.testing.assert_allclose(together, sum(gradients[which] for _, gradients in alone), atol=1e-12)


def test_the_same_input_gives_the_same_bits() -> None:
    inputs = setting([12, 9], 4.0)
    first, second = (
        loss_and_gradients(**inputs),
        loss_and_gradients(**{k: v.copy() for k, v in inputs.items()}),
    )
    assert first[0] == second[0]
    assert all(np.array_equal(a, b) for a, b in zip(first[1], second[1]))


def test_scores_that_are_no_numbers_give_a_loss_that_is_none() -> None:
    inputs = setting([4, 2], 1.0)
    inputs["emissions"][0, 2, 1] = np.nan
    assert math.isnan(loss_and_gradients(**inputs)[0])


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("tags", np.full((2, 4), len(LABELS), np.int32), IndexError, "a tag is not in"),
        ("tags", np.full((2, 4), -1, np.int32), IndexError, "a tag is not in"),
        ("tags", np.zeros((2, 3), np.int32), ValueError, "tags \\(2, 3\\)"),
        ("lengths", np.array([5, 1]), IndexError, "a length is not in"),
        ("lengths", np.array([4, 0]), IndexError, "a length is not in"),
    ],
)
def test_what_would_be_read_from_outside_the_arrays_is_refused(name, value, error, message) -> None:
    with pytest.raises(error, match=message):
        loss_and_gradients(**{**setting([4, 2], 1.0), name: value})


def test_it_runs_where_no_file_can_be_written(monkeypatch) -> None:
    monkeypatch.setattr(numba.core.caching.CacheImpl, "_locator_classes", [])
    inputs = setting([4, 2], 1.0)
    gradients = tuple(np.zeros_like(inputs[name]) for name in ("emissions", "transition", "start", "end"))
    gold = trellis.compiled(trellis.gold.py_func)
    scores = inputs["transition"], inputs["start"], inputs["end"]
    assert math.isfinite(gold(inputs["emissions"], inputs["tags"], inputs["lengths"], scores, gradients))
