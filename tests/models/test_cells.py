"""Each cell computes its textbook equations, in both directions, whatever the padding."""

import numpy as np
import pytest
import torch

from nlp_rnn.models.encoders import CELLS, BidirectionalEncoder, LockedDropout

LENGTHS = [5, 3, 1]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def textbook(cell: str, module: torch.nn.Module, sequence: np.ndarray) -> np.ndarray:
    """States [t, h] of one sequence [t, e], step by step (Elman 1990; Cho et al. 2014; Hochreiter and
    Schmidhuber 1997 with forget gates), with the weights of a torch module."""
    w, u, b, c = (
        getattr(module, name).detach().numpy().astype(np.float64)
        for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    )
    size = u.shape[1]
    state, memory, states = np.zeros(size), np.zeros(size), []
    for x in sequence:
        if cell == "rnn":
            state = np.tanh(w @ x + b + u @ state + c)
        elif cell == "gru":
            (wr, wz, wn), (ur, uz, un) = np.split(w @ x + b, 3), np.split(u @ state + c, 3)
            reset, update = sigmoid(wr + ur), sigmoid(wz + uz)
            state = (1 - update) * np.tanh(wn + reset * un) + update * state
        else:
            i, f, g, o = np.split(w @ x + b + u @ state + c, 4)
            memory = sigmoid(f) * memory + sigmoid(i) * np.tanh(g)
            state = sigmoid(o) * np.tanh(memory)
        states.append(state)
    return np.array(states)


def encoder(cell: str, layers: int = 1) -> BidirectionalEncoder:
    torch.manual_seed(3)
    return BidirectionalEncoder(cell=cell, input_size=4, hidden_size=6, layers=layers, dropout=0.3).eval()


def padded() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(4)
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    return torch.randn(len(LENGTHS), max(LENGTHS), 4) * 2, mask


@pytest.mark.parametrize("cell", CELLS)
def test_states_equal_the_equations(cell: str) -> None:
    network = encoder(cell)
    x, mask = padded()
    states = network(x, mask).detach().numpy()
    for row, length in enumerate(LENGTHS):
        sequence = x[row, :length].numpy()
        left = textbook(cell, network.ahead[0], sequence)
        right = textbook(cell, network.back[0], sequence[::-1])[::-1]
        np.testing.assert_allclose(states[row, :length], np.hstack([left, right]), atol=2e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_padding_never_reaches_a_state(cell: str) -> None:
    network = encoder(cell, layers=2)
    x, mask = padded()
    poisoned = torch.where(mask.unsqueeze(2), x, 1e6)
    assert torch.equal(network(x, mask)[mask], network(poisoned, mask)[mask])


@pytest.mark.parametrize("cell", CELLS)
def test_saturated_and_long_inputs_stay_finite(cell: str) -> None:
    network = encoder(cell)
    x = torch.full((1, 3000, 4), 1e4)
    states = network(x, torch.ones(1, 3000, dtype=torch.bool))
    assert torch.isfinite(states).all()
    assert states.abs().max() <= 1


def test_locked_dropout_drops_a_feature_for_the_whole_sequence() -> None:
    torch.manual_seed(0)
    dropout = LockedDropout(0.5)
    dropped = dropout(torch.ones(8, 7, 100))
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert 0.4 < (dropped == 0).float().mean() < 0.6
    assert torch.equal(dropout.eval()(torch.ones(2, 3, 4)), torch.ones(2, 3, 4))
