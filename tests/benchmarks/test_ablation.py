"""The ablation: every variant is one that the parameters know, and its table compares with the default."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import ablation
from benchmarks.datasets import DATASETS
from nlp_rnn import params


def record(variant: str, seed: int, dev: float) -> dict:
    return {"dataset": "sst2", "variant": variant, "seed": seed, "dev": dev, "train_cpu_s": 10.0}


@pytest.mark.parametrize("dataset", ablation.STUDIES)
def test_each_variant_changes_what_there_is(dataset: str) -> None:
    assert dataset in DATASETS
    assert ablation.STUDIES[dataset][ablation.DEFAULT] == {}
    run = params.Run(name=dataset, task="ner", language="en", data=params.Data("demo"))
    for changes in ablation.STUDIES[dataset].values():
        for block, values in changes.items():
            replace(getattr(run, block), **values)  # raises for a key that there is not


def test_a_variant_stands_beside_the_default() -> None:
    text = ablation.tables(
        [
            record(ablation.DEFAULT, 13, 0.80),
            record(ablation.DEFAULT, 14, 0.82),
            record("without the wide part", 13, 0.78),
        ]
    )
    assert f"| {ablation.DEFAULT} | 0.8100 ± 0.0141 |  | 10 |" in text
    assert "| without the wide part | 0.7800 | -0.0300 | 10 |" in text
