"""The CRF against brute force over every sequence; its NumPy decoder against both."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch

from nlp_rnn.inference.viterbi import Transitions, decode
from nlp_rnn.models.crf import CRF
from nlp_rnn.text.labels import bioes_labels, may_follow

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


def brute_force(crf: CRF, emissions: torch.Tensor, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Every label sequence of a length, [n, length], and its score, [n]."""
    transition, start, end = crf.scores()
    paths = torch.tensor(list(product(range(len(LABELS)), repeat=length)))
    scores = start[paths[:, 0]] + end[paths[:, -1]] + emissions[torch.arange(length), paths].sum(dim=1)
    return paths, scores + transition[paths[:, :-1], paths[:, 1:]].sum(dim=1)


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])  # compiled code, torch alone
def test_loss_and_its_gradients_equal_brute_force(setting, precision: torch.dtype) -> None:
    crf, emissions, mask = setting
    crf, emissions = crf.to(precision), emissions.to(precision).requires_grad_()
    tags = torch.tensor([[1, 2, 3, 0], [4, 0, 0, 0], [4, 0, 0, 0]])
    expected = torch.zeros((), dtype=precision)
    for row, length in enumerate(LENGTHS):
        paths, scores = brute_force(crf, emissions[row, :length], length)
        gold = (paths == tags[row, :length]).all(dim=1)
        expected = expected + torch.logsumexp(scores, 0) - scores[gold].squeeze()
    loss = crf.loss(emissions, tags, mask)
    torch.testing.assert_close(loss, expected)
    wanted = [emissions, *crf.parameters()]
    for one, other in zip(torch.autograd.grad(loss, wanted), torch.autograd.grad(expected, wanted)):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


def test_compiled_code_equals_torch_alone() -> None:
    torch.manual_seed(3)
    crf = CRF(bioes_labels(["A", "B", "C"]))
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter)
    emissions = torch.randn(7, 25, 13, requires_grad=True)
    mask = torch.arange(25) < torch.randint(1, 26, (7, 1))
    tags = torch.randint(0, 13, (7, 25))  # illegal moves among them
    wanted = [emissions, *crf.parameters()]
    weight = 0.3  # the loss is never the last thing that is computed
    loss, plain = crf.loss(emissions, tags, mask) * weight, crf._plain_loss(emissions, tags, mask) * weight
    torch.testing.assert_close(loss, plain)
    for one, other in zip(torch.autograd.grad(loss, wanted), torch.autograd.grad(plain, wanted)):
        assert one.dtype == other.dtype
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_decoding_equals_brute_force_and_numpy(setting) -> None:
    crf, emissions, mask = setting
    crf.requires_grad_(False)
    best = []
    for row, length in enumerate(LENGTHS):
        paths, scores = brute_force(crf, emissions[row, :length], length)
        best.append(paths[scores.argmax()].tolist())
    assert crf.decode(emissions, mask) == best
    scores = Transitions(*(tensor.detach().numpy() for tensor in crf.scores()))
    assert [path.tolist() for path in decode(emissions.numpy(), np.array(LENGTHS), scores)] == best


def test_company_never_changes_what_is_decoded() -> None:
    rng = np.random.default_rng(4)
    labels = bioes_labels(["A", "B", "C"])
    crf = CRF(labels).requires_grad_(False)
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter)
    scores = Transitions(*(tensor.numpy() for tensor in crf.scores()))
    lengths = rng.integers(1, 40, 50)  # in no order
    emissions = rng.normal(scale=2, size=(50, 39, len(labels))).astype(np.float32)
    emissions[np.arange(39) >= lengths[:, None]] = np.nan  # what stands past a length means nothing
    together = decode(emissions, lengths, scores)
    assert [len(path) for path in together] == lengths.tolist()
    assert len({label for path in together for label in path.tolist()}) == len(labels)
    alone = [decode(emissions[row : row + 1], lengths[row : row + 1], scores)[0] for row in range(50)]
    assert [path.tolist() for path in together] == [path.tolist() for path in alone]
    mask = torch.arange(39) < torch.from_numpy(lengths)[:, None]
    expected = crf.decode(torch.from_numpy(emissions), mask)
    assert [path.tolist() for path in together] == expected


def test_no_illegal_sequence_is_ever_decoded(setting) -> None:
    crf, _, _ = setting
    torch.manual_seed(2)
    emissions = torch.randn(200, 12, len(LABELS)) * 20
    mask = torch.ones(200, 12, dtype=torch.bool)
    for path in crf.decode(emissions, mask):
        edged = [None, *(LABELS[i] for i in path), None]
        assert all(may_follow(a, b) for a, b in pairwise(edged))
