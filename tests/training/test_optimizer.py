"""Updates row by row are those of AdamW and of the average over whole tables, whatever a batch leaves out."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from nlp_rnn.training import rowwise
from nlp_rnn.training.averaging import WeightAverage
from nlp_rnn.training.optimizer import Optimizer

ROWS, SIZE, STEPS = 50, 4, 60
NEVER = 10_000


class Sums(nn.Module):
    """A table and something behind it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table, self.output = nn.Embedding(ROWS, SIZE), nn.Linear(SIZE, 1)
        self.double()

    def loss(self, ids: torch.Tensor, gold: torch.Tensor) -> torch.Tensor:
        return (self.output(self.table(ids)).squeeze(2) - gold).square().mean()


def trained(
    large: int, *, decay: float = 0.5, parts: int = 1
) -> tuple[Sums, list[torch.Tensor], list[float]]:
    """The model after STEPS steps, its averaged weights, and the gradients' lengths."""
    model = Sums()
    optimizer = Optimizer(model, weight_decay=decay, averaged=True, large=large)
    average = WeightAverage(model, 0.9, optimizer.tables)
    assert len(optimizer.tables) == (large <= ROWS)
    random = torch.Generator().manual_seed(1)
    norms = []
    for step in range(STEPS):
        # Some rows never, some once, some often; the first quarter of the steps has only rows below ten.
        ids = torch.randint(0, 10 if step < STEPS / 4 else ROWS - 5, (2 * parts, 3), generator=random)
        gold = torch.randn(2 * parts, 3, generator=random, dtype=torch.double)
        optimizer.zero_grad()
        for some, right in zip(ids.chunk(parts), gold.chunk(parts)):
            (model.loss(some, right) / parts).backward()
        norms.append(float(optimizer.clip(0.3)))
        optimizer.step(0.01 * (1 + step % 7))
        average.update()
    with average.applied():
        averaged = [parameter.detach().clone() for parameter in model.parameters()]
    optimizer.close()
    return model, averaged, norms


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("columns", [2048, 7])  # the second: all rows are brought up to date now and then
def test_rows_are_updated_and_averaged_as_whole_tables_are(
    monkeypatch: pytest.MonkeyPatch, columns: int, parts: int
) -> None:
    monkeypatch.setattr(rowwise, "MOST_COLUMNS", columns)
    monkeypatch.setattr(rowwise, "EPSILON", 1e-16)  # in missed steps it is another: see there
    (model, average, norms), (whole, usual, lengths) = (trained(large, parts=parts) for large in (1, NEVER))
    for one, other in zip([*model.parameters(), *average], [*whole.parameters(), *usual]):
        torch.testing.assert_close(one, other, atol=1e-10, rtol=1e-8)
    assert norms == pytest.approx(lengths, rel=1e-8)
    assert max(norms) > 0.3 > min(norms)  # so that clipping was part of it
    fresh = Sums().table.weight
    assert (model.table.weight[-1] / fresh[-1]).max() < 0.7  # a row that no batch had: decay alone


def test_only_rows_of_the_batch_are_touched_before_someone_reads_them_all() -> None:
    model = Sums()
    optimizer = Optimizer(model, weight_decay=0.1, large=1)
    before = model.table.weight.detach().clone()
    for _ in range(3):
        optimizer.zero_grad()
        model.loss(torch.tensor([[3, 5]]), torch.ones(1, 2).double()).backward()
        optimizer.clip(1.0)
        optimizer.step(0.01)
    changed = (model.table.weight != before).any(dim=1).nonzero().flatten()
    assert changed.tolist() == [3, 5]
    optimizer.settle()
    assert (model.table.weight != before).any(dim=1).all()


def test_a_model_is_an_ordinary_one_again_after_training() -> None:
    model = Sums()
    optimizer = Optimizer(model, weight_decay=0.1, large=1)
    optimizer.close()
    assert not model.table._forward_pre_hooks
    model.loss(torch.tensor([[1]]), torch.ones(1, 1).double()).backward()
    assert model.table.weight.grad is not None
    assert not model.table.weight.grad.is_sparse
