"""The character encoder: compiled code, torch alone and a plain convolution agree, gradients included."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from nlp_rnn.models.character_maximum import maximum
from nlp_rnn.models.characters import ConvolutionalCharacters

CHARACTERS, SIZE, FILTERS = 12, 5, 7


def setting() -> tuple[ConvolutionalCharacters, torch.Tensor]:
    torch.manual_seed(0)
    lengths = torch.tensor([0, 6, 1, 3, 4])  # the first form is padding
    ids = torch.randint(1, CHARACTERS, (5, 8), dtype=torch.int32)
    steps = torch.arange(8)
    return (
        ConvolutionalCharacters(characters=CHARACTERS, embedding_size=SIZE, size=FILTERS),
        ids * ((steps >= 1) & (steps <= lengths.unsqueeze(1))),
    )


def convolved(encoder: ConvolutionalCharacters, ids: torch.Tensor) -> torch.Tensor:
    """Each form by itself through torch's own convolution."""
    weight = encoder.convolution.weight.view(FILTERS, 3, SIZE).permute(0, 2, 1)
    rows = []
    for form in ids:
        inner = form[: int((form != 0).sum()) + 2]
        x = nn.functional.embedding(inner, encoder.embedding.weight, padding_idx=0).T.unsqueeze(0)
        rows.append(nn.functional.conv1d(x, weight, encoder.convolution.bias).amax(dim=2).squeeze(0))
    return torch.tanh(torch.stack(rows))


def test_compiled_code_and_torch_alone_equal_a_convolution() -> None:
    encoder, ids = setting()
    expected = convolved(encoder, ids[1:])
    plain = torch.tanh(encoder._plain_maximum(ids, encoder._contributions()))
    torch.manual_seed(1)
    direction = torch.randn_like(expected)
    wanted = list(encoder.parameters())
    gradients = torch.autograd.grad((expected * direction).sum(), wanted)
    for found in (encoder(ids), plain):
        torch.testing.assert_close(found[1:], expected, atol=1e-6, rtol=1e-5)
        assert (found[0] == -1).all()  # of no characters
        for one, other in zip(torch.autograd.grad((found[1:] * direction).sum(), wanted), gradients):
            torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_more_padding_changes_nothing() -> None:
    encoder, ids = setting()
    assert torch.equal(encoder(nn.functional.pad(ids, (0, 3))), encoder(ids))


def test_an_unknown_id_is_an_error() -> None:
    with pytest.raises(IndexError):
        maximum(np.array([[0, CHARACTERS, 0]], np.int32), np.zeros((3, CHARACTERS, 2), np.float32), -1.0)
