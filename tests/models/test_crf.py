"""The CRF against brute force over every sequence; its NumPy decoder against both."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch

from nlp_rnn.inference.viterbi import Transitions, decode
from nlp_rnn.models.crf import CRF
from nlp_rnn.text.labels import may_follow

LABELS = ["O", "B-X", "I-X", "E-X", "S-X"]
LENGTHS = [4, 2, 1]


@pytest.fixture
def setting() -> tuple[CRF, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    crf = CRF(LABELS)
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter)
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    return crf, torch.randn(len(LENGTHS), max(LENGTHS), len(LABELS)) * 2, mask


def brute_force(crf: CRF, emissions: torch.Tensor, length: int) -> dict[tuple[int, ...], torch.Tensor]:
    transition, start, end = crf.scores()
    scores = {}
    for path in product(range(len(LABELS)), repeat=length):
        score = start[path[0]] + end[path[-1]] + sum(emissions[t, label] for t, label in enumerate(path))
        scores[path] = score + sum(transition[a, b] for a, b in pairwise(path))
    return scores


def test_loss_and_its_gradient_equal_brute_force(setting) -> None:
    crf, emissions, mask = setting
    emissions.requires_grad_()
    tags = torch.tensor([[1, 2, 3, 0], [4, 0, 0, 0], [4, 0, 0, 0]])
    expected = torch.zeros(())
    for row, length in enumerate(LENGTHS):
        scores = brute_force(crf, emissions[row], length)
        gold = tuple(tags[row, :length].tolist())
        expected = expected + torch.logsumexp(torch.stack(list(scores.values())), 0) - scores[gold]
    loss = crf.loss(emissions, tags, mask)
    torch.testing.assert_close(loss, expected, atol=1e-4, rtol=1e-5)
    wanted = [emissions, *crf.parameters()]
    for one, other in zip(torch.autograd.grad(loss, wanted), torch.autograd.grad(expected, wanted)):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_decoding_equals_brute_force_and_numpy(setting) -> None:
    crf, emissions, mask = setting
    crf.requires_grad_(False)
    best = []
    for row, length in enumerate(LENGTHS):
        scores = brute_force(crf, emissions[row], length)
        best.append(list(max(scores, key=lambda path: float(scores[path]))))
    assert crf.decode(emissions, mask) == best
    scores = Transitions(*(tensor.detach().numpy() for tensor in crf.scores()))
    assert [path.tolist() for path in decode(emissions.numpy(), np.array(LENGTHS), scores)] == best


def test_no_illegal_sequence_is_ever_decoded(setting) -> None:
    crf, _, _ = setting
    torch.manual_seed(2)
    emissions = torch.randn(200, 12, len(LABELS)) * 20
    mask = torch.ones(200, 12, dtype=torch.bool)
    for path in crf.decode(emissions, mask):
        edged = [None, *(LABELS[i] for i in path), None]
        assert all(may_follow(a, b) for a, b in pairwise(edged))
