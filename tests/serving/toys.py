"""Packages that are small but real, and a model that is neither."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from nlp_rnn import models, params
from nlp_rnn.inference import writer
from nlp_rnn.inference.shipping import Shipping
from nlp_rnn.schema import Prediction, Span
from nlp_rnn.serving.model import Model
from nlp_rnn.text import tokenizer

WORDS = ["Maria", "flew", "to", "Rome", ",", "not", "bad", "at", "all", "."]
LABELS = {"ner": ["O", *(f"{prefix}-PER" for prefix in "BIES")], "sentiment": ["negative", "positive"]}


def write_package(folder: Path, task: str = "sentiment", *, seed: int = 1, says: str | None = None) -> str:
    """A package with random weights; a classifier can be told what to say. Returns its digest."""
    model = params.Model(
        cell="gru", hidden_size=4, word_size=4, character_size=2, character_filters=2, shape_size=2
    )
    run = params.Run("toy", task, "en", params.Data("demo"), model=model, seed=seed)  # type: ignore[arg-type]
    learned = tokenizer.build([WORDS], lowercase=True, min_count=1)
    file = folder.with_name(f"{folder.name}.tokenizer.json")
    learned.save(str(file))
    torch.manual_seed(seed)
    network = models.build(
        task,
        labels=LABELS[task],
        words=learned.get_vocab_size(),
        characters=12,
        bigrams=0,
        ngrams=0,
        **asdict(model),
    )
    if says is not None:
        network.output.bias.data[LABELS[task].index(says)] = 100.0
    return writer.write(
        folder,
        weights={name: tensor.numpy() for name, tensor in network.state_dict().items()},
        run=run.resolved(),
        labels=LABELS[task],
        characters="abcdefghij",
        tokenizer=file,
        ngrams="",
        metric="f1",
        dev_scores={13: 0.7},
        seed=13,
        shipping=Shipping("int8", {"fp32": 0.0, "int8": 0.0}, temperature=1.0),
    )


class Predictor:
    """Finds every ``Maria``, and what a test hangs on it."""

    task, language, labels = "ner", "en", ["O", "S-PER"]

    def __init__(self, digest: str = "d" * 64, before: Callable[[Sequence[str]], Any] | None = None) -> None:
        self.digest = digest
        self.calls: list[list[str]] = []
        self._before = before or (lambda texts: None)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        self.calls.append(list(texts))
        self._before(texts)
        return [
            Prediction(text, spans=(Span(0, 5, "PER", "Maria", 0.9),) if text.startswith("Maria") else ())
            for text in texts
        ]


def fake(before: Callable[[Sequence[str]], Any] | None = None, digest: str = "d" * 64) -> Model:
    """A model that needs no package."""
    return Model(Predictor(digest, before), "fake", "7")  # type: ignore[arg-type]
