"""The network that parameters and a vocabulary ask for, in training and in pre-training."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nlp_rnn import models, params
from nlp_rnn.text import ngrams


def read_vocabulary(run: params.Run) -> dict[str, Any]:
    """What `tokenize` learned: labels, characters, n-grams, and how many ids there are of each kind."""
    path = Path("data/tokens") / run.name / "vocabulary.json"
    return json.loads(path.read_text(encoding="utf-8"))


def build(
    task: str,
    model: params.Model,
    vocabulary: dict[str, Any],
    *,
    word_dropout: float = 0.0,
    label_smoothing: float = 0.0,
    truncation: int = 0,
) -> models.Tagger | models.Classifier:
    """A network with fresh weights, drawn from torch's global random stream.

    Args:
        task: ``ner`` or ``sentiment``.
        model: its sizes.
        vocabulary: what :func:`read_vocabulary` gave.
        word_dropout, label_smoothing, truncation: see :class:`nlp_rnn.params.Training`.
    """
    return models.build(
        task,
        labels=vocabulary["labels"],
        words=vocabulary["words"],
        characters=len(vocabulary["characters"]) + 2,
        bigrams=vocabulary["bigrams"],
        subwords=vocabulary["subwords"],
        boundaries=vocabulary["boundaries"],
        ngrams=len(ngrams.unpack(vocabulary["ngrams"])),
        **asdict(model),
        word_dropout=word_dropout,
        label_smoothing=label_smoothing,
        truncation=truncation,
    )
