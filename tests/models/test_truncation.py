"""Long texts go by pieces: states as of the whole, gradients that end where a piece begins, less memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from nlp_rnn.models.encoders import CELLS, RecurrentEncoder, run

PROJECT = Path(__file__).parents[2]
B, T, E, H = 3, 23, 5, 4


def encoder(cell: str, truncation: int, *, layers: int = 2) -> RecurrentEncoder:
    torch.manual_seed(0)
    return RecurrentEncoder(
        cell=cell, input_size=E, hidden_size=H, layers=layers, dropout=0.3, truncation=truncation
    )


def passed(encoder: RecurrentEncoder) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The states of some sequences, and gradients of a sum of them."""
    torch.manual_seed(1)
    x = torch.randn(B, T, E, requires_grad=True)
    mask = torch.arange(T) < torch.tensor([[T], [17], [4]])
    states = encoder(x, mask)
    weighed = (states * torch.randn_like(states) * mask.unsqueeze(2)).sum()
    return states[mask], list(torch.autograd.grad(weighed, [x, *encoder.parameters()]))


@pytest.mark.parametrize("cell", CELLS)
def test_states_are_those_of_the_whole_and_gradients_nearly(cell: str) -> None:
    whole, gradients = passed(encoder(cell, 0))
    for truncation in (T, 1000):
        same, equal = passed(encoder(cell, truncation))
        assert torch.equal(same, whole)
        assert all(torch.equal(a, b) for a, b in zip(equal, gradients))
    pieces, cut = passed(encoder(cell, 8))
    torch.testing.assert_close(pieces, whole, atol=1e-6, rtol=1e-5)
    one, other = (torch.cat([g.flatten() for g in some]) for some in (cut, gradients))
    assert not torch.allclose(one, other, atol=1e-4)
    assert torch.cosine_similarity(one, other, dim=0) > 0.9


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_end_where_a_piece_begins(cell: str) -> None:
    torch.manual_seed(0)
    module, x = CELLS[cell](E, H), torch.randn(1, 10, E, requires_grad=True)
    (reached,) = torch.autograd.grad(run(module, x, 4)[:, 9].sum(), x)
    assert reached.abs().sum(dim=2).squeeze(0).gt(0).tolist() == [False] * 8 + [True] * 2


def test_nothing_is_cut_where_no_gradient_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Cell(nn.Module):
        def forward(self, x: torch.Tensor, memory: object = None) -> tuple[torch.Tensor, torch.Tensor]:
            asked.append(x.shape[1])
            return x, x[:, -1]

    with torch.no_grad():
        run(Cell(), torch.zeros(1, 9, 1), 2)
    assert asked == [9]


# VmHWM, in KiB: what getrusage says of a child begins with the greatest size of its parent.
MEASURED = """
import sys
from pathlib import Path
import numpy as np, torch
from nlp_rnn import models
from nlp_rnn.text.batches import gather
from nlp_rnn.text.encoding import Encoded
from nlp_rnn.training.device import make_deterministic, to_tensors

truncation, tokens = map(int, sys.argv[1:])
make_deterministic(seed=1, threads=1)
model = models.build("ner", labels=["O", "S-X"], words=50, characters=5, bigrams=0, ngrams=0, cell="lstm",
    layers=1, hidden_size=64, word_size=32, character_size=4, character_filters=0, shape_size=0,
    bigram_size=0, input_dropout=0.3, dropout=0.3, truncation=truncation)
def train(count):
    forms = np.arange(count, dtype=np.int32) % 49 + 1
    encoded = Encoded(starts=np.array([0, count]), forms=forms, words=np.arange(50, dtype=np.int32),
        shapes=np.ones(50, np.int32), characters=np.ones((50, 4), np.int32),
        tags=(forms == 7).astype(np.int32))
    model.loss(to_tensors(gather(encoded, np.array([0])), torch.device("cpu"))).backward()
peak = lambda: int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
train(1000)
before = peak()
train(tokens)
assert all(parameter.grad.isfinite().all() for parameter in model.parameters())
print(peak() - before)
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").is_file(), reason="reads a process's peak as Linux tells it"
)
def test_a_document_of_20000_tokens_is_learned_from_in_a_fraction_of_the_memory() -> None:
    def grown(truncation: int) -> int:
        """KiB beyond those of a document of 1,000 tokens, in a process of its own."""
        command = [sys.executable, "-c", MEASURED, str(truncation), "20000"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT)
        return int(done.stdout)

    pieces, whole = grown(1000), grown(0)
    assert pieces < whole / 2, (pieces, whole)
    # What is left are inputs and states of [t, e] and [t, h], their gradients, and the CRF's.
    assert pieces / 20_000 < 4, f"{pieces / 20_000:.1f} KiB a token"
