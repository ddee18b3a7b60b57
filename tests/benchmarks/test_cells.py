"""The study of cells: gradients against finite differences, the made-up task, the tables, MLflow's runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.cells import dependency, reach, report
from benchmarks.cells.__main__ import trial
from benchmarks.cells.child import CELLS
from nlp_rnn import models
from nlp_rnn.integrations import store, study
from nlp_rnn.models.masks import inside
from nlp_rnn.text import batches, tokenizer
from nlp_rnn.text.encoding import Encoder
from nlp_rnn.training.device import to_tensors

SENTENCES = [["a", "b", "c", "d", "e"], ["b", "a"], ["c", "c", "d"]]


@pytest.fixture
def model() -> models.Tagger | models.Classifier:
    torch.manual_seed(1)
    built = models.build(
        "ner",
        labels=["O"],
        words=10,
        characters=10,
        bigrams=0,
        ngrams=0,
        cell="gru",
        layers=1,
        hidden_size=3,
        word_size=4,
        character_size=2,
        character_filters=0,
        shape_size=0,
        bigram_size=0,
        input_dropout=0.0,
        dropout=0.0,
    )
    return built.eval()


def encoded():
    learned = tokenizer.build(SENTENCES, lowercase=True, min_count=1)
    return Encoder(learned, "abcde").encode(SENTENCES)


def test_gradient_norms_are_those_of_the_jacobian(model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "PROBES", 4000)
    found = reach.gradient_norms(model, encoded(), sentences=1, fewest=1)
    batch = to_tensors(batches.gather(encoded(), np.array([0])), torch.device("cpu"))
    x = model.features(batch).detach()
    jacobian = torch.autograd.functional.jacobian(lambda x: model.encoder(x, inside(batch))[0, -1], x)
    exact = jacobian[:, 0].square().sum(dim=(0, 2)).sqrt().flip(0)  # [t]
    assert found == pytest.approx(exact.tolist(), rel=0.05)


def test_a_distance_counts_only_where_enough_sentences_reach_it(model) -> None:
    assert [len(reach.gradient_norms(model, encoded(), fewest=n)) for n in (1, 2, 3)] == [5, 3, 2]


def test_reach_is_where_the_norm_falls_below_a_share_for_good() -> None:
    assert reach.reach([1.0, 0.5, 0.001, 0.02, 0.001], 0.01) == 4
    assert reach.reach([1.0, 0.5], 0.01) == 2


def test_the_key_stands_a_distance_before_the_question() -> None:
    ids, keys = dependency.sequences(np.random.default_rng(3), 5, 40)
    assert torch.equal(ids[:, -6], keys)
    assert (ids[:, -1] == dependency.QUESTION).all()
    others = torch.cat((ids[:, :-6], ids[:, -5:-1]), dim=1)
    assert ((others >= dependency.KEYS) & (others < dependency.QUESTION)).all()


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_learns_what_is_near(cell: str) -> None:
    found = dependency.learn(cell, seed=1, steps=150, hidden_size=32, distances=(1, 2))
    assert min(found["accuracy"].values()) > 0.9  # chance is 0.125
    assert max(found["steps"].values()) <= 150
    assert found["train_cpu_s"] > 0


def records() -> list[dict]:
    sets = [
        {
            "cell": cell,
            "dataset": "resume",
            "seed": seed,
            "metric": "f1",
            "test": 0.9 + seed / 100,
            "dev": 0.90,
            "best": {"step": "epoch 1", "cpu_s": 1.0, "dev": 0.91},
            "train_cpu_s": 10.0,
            "gradient_norms": [2.0, 0.2, 0.01, 0.0001],
            "curve": [{"step": "epoch 1", "cpu_s": 1.0, "dev": 0.5}],
        }
        for cell in ("lstm", "mingru")
        for seed in (1, 3)
    ]
    made_up = {"cell": "lstm", "dataset": "dependency", "seed": 1, "train_cpu_s": 3.0}
    return [*sets, {**made_up, "accuracy": {"1": 1.0, "256": 0.25}}]


def test_tables_and_picture(tmp_path: Path) -> None:
    text = report.tables(records())
    assert "| `resume` | mingru | 0.9200 ± 0.0141 | 0.9100 ± 0.0000 | 10.0 | 1 tokens |" in text
    assert "| lstm | 1.000 | 0.250 | 3.0 |" in text
    report.draw(records(), tmp_path / "cells.png")
    assert (tmp_path / "cells.png").read_bytes().startswith(b"\x89PNG")


def test_the_study_is_one_run_with_nested_ones_and_is_logged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    trials = [trial(record) for record in records()]
    outer = study.record("cells", trials, digest="abc")
    assert study.record("cells", trials, digest="abc") == outer
    client = store.client()
    nested = client.search_runs(
        [store.experiment(client, "cells")],
        f"tags.mlflow.parentRunId = '{outer}'",
        order_by=["tags.mlflow.runName"],
    )
    assert [run.info.run_name for run in nested][:2] == ["dependency lstm seed=1", "resume lstm seed=1"]
    assert len(nested) == 5
    norms = client.get_metric_history(nested[1].info.run_id, "gradient_norm_by_distance")
    assert [(point.step, point.value) for point in norms] == list(enumerate([2.0, 0.2, 0.01, 0.0001]))
