"""Each cell computes its textbook equations, in one direction or both, whatever the padding."""

import numpy as np
import pytest
import torch

from nlp_rnn.models.encoders import CELLS, LockedDropout, RecurrentEncoder

LENGTHS = [5, 3, 1]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def textbook(cell: str, module: torch.nn.Module, sequence: np.ndarray) -> np.ndarray:
    """States [t, h] of one sequence [t, e], step by step (Elman 1990; Cho et al. 2014; Hochreiter and
    Schmidhuber 1997 with forget gates; Feng et al. 2024), with the weights of a torch module."""
    if cell == "mingru":
        return minimal(module, sequence)
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


def minimal(module: torch.nn.Module, sequence: np.ndarray) -> np.ndarray:
    (w, v), (b, c) = (
        np.split(tensor.detach().numpy().astype(np.float64), 2)
        for tensor in (module.gates.weight, module.gates.bias)
    )
    state, states = np.zeros(len(b)), []
    for x in sequence:
        update = sigmoid(w @ x + b)
        state = (1 - update) * state + update * (v @ x + c)
        states.append(state)
    return np.array(states)


def bound(cell: str, network: RecurrentEncoder, x: torch.Tensor) -> torch.Tensor:
    """What no state [b, t, 2h] of a single layer can exceed."""
    if cell != "mingru":
        return torch.tensor(1.0)
    candidates = [side[0].gates(x).chunk(2, dim=-1)[1] for side in (network.ahead, network.back)]
    return torch.cat(candidates, dim=-1).abs().amax(dim=1, keepdim=True) * (1 + 1e-5)


def encoder(cell: str, layers: int = 1, residual: bool = False, direction: str = "both") -> RecurrentEncoder:
    torch.manual_seed(3)
    return RecurrentEncoder(
        cell=cell,
        input_size=4,
        hidden_size=6,
        layers=layers,
        dropout=0.3,
        direction=direction,
        residual=residual,
    ).eval()


def padded() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(4)
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    return torch.randn(len(LENGTHS), max(LENGTHS), 4) * 2, mask


@pytest.mark.parametrize(("layers", "residual"), [(1, False), (1, True), (3, False), (3, True)])
@pytest.mark.parametrize("direction", ["both", "ahead"])
@pytest.mark.parametrize("cell", CELLS)
def test_states_equal_the_equations(cell: str, direction: str, layers: int, residual: bool) -> None:
    network = encoder(cell, layers, residual, direction)
    x, mask = padded()
    states = network(x, mask).detach().numpy()
    for row, length in enumerate(LENGTHS):
        sequence = x[row, :length].numpy().astype(np.float64)
        for layer in range(layers):
            sides = [textbook(cell, network.ahead[layer], sequence)]
            if direction == "both":
                sides.append(textbook(cell, network.back[layer], sequence[::-1])[::-1])
            found = np.hstack(sides)
            sequence = sequence + found if residual and layer else found
        assert sequence.shape[1] == network.size
        np.testing.assert_allclose(states[row, :length], sequence, atol=5e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_padding_never_reaches_a_state(cell: str) -> None:
    network = encoder(cell, layers=2)
    x, mask = padded()
    poisoned = torch.where(mask.unsqueeze(2), x, 1e6)
    assert torch.equal(network(x, mask)[mask], network(poisoned, mask)[mask])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("size", [1.0, 50.0, 1e4])
def test_saturated_and_long_inputs_stay_within_bounds(cell: str, size: float) -> None:
    network = encoder(cell)
    signs = torch.randint(2, (1, 3000, 4), generator=torch.Generator().manual_seed(0)) * 2 - 1
    x = torch.cat((torch.ones(1, 3000, 4), signs)) * size  # the same push at every step, and one that turns
    with torch.no_grad():
        states = network(x, torch.ones(2, 3000, dtype=torch.bool))
        assert (states.abs() <= bound(cell, network, x)).all()  # no number would fail, too


@pytest.mark.parametrize("cell", CELLS)
def test_saturated_cells_still_equal_the_equations(cell: str) -> None:
    network = encoder(cell)
    x, mask = padded()
    x = x.sign() * 50
    states = network(x, mask).detach().numpy()
    sequence = x[0].numpy().astype(np.float64)
    right = textbook(cell, network.back[0], sequence[::-1])[::-1]
    both = np.hstack([textbook(cell, network.ahead[0], sequence), right])
    np.testing.assert_allclose(states[0], both, rtol=1e-5, atol=1e-5)


def test_gradients_of_the_minimal_cell_are_those_of_its_equations() -> None:
    torch.manual_seed(0)
    cell = CELLS["mingru"](2, 3).double()
    x = torch.randn(2, 5, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: cell(x)[0], x)


def test_locked_dropout_drops_a_feature_for_the_whole_sequence() -> None:
    torch.manual_seed(0)
    dropout = LockedDropout(0.5)
    dropped = dropout(torch.ones(8, 7, 100))
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert 0.4 < (dropped == 0).float().mean() < 0.6
    assert torch.equal(dropout.eval()(torch.ones(2, 3, 4)), torch.ones(2, 3, 4))
