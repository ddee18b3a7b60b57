"""What differs from the defaults of `nlp_rnn/params.py`, by task and language; chosen on dev sets alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SENTIMENT: Mapping[str, Mapping[str, Any]] = {
    "tokenizer": {"ngrams": 262144, "ngram_length": 3},
    "model": {
        "word_size": 128,
        "shape_size": 0,
        "character_filters": 0,
        "input_dropout": 0.3,
        "dropout": 0.5,
    },
    "training": {
        "epochs": 5,
        "batch_tokens": 1200,
        "weight_decay": 0.02,
        "clip": 1.0,
        "word_dropout": 0.1,
        "averaging": 0.995,
    },
}
RECIPES: Mapping[tuple[str, str], Mapping[str, Mapping[str, Any]]] = {
    ("ner", "en"): {},
    ("ner", "zh"): {
        "tokenizer": {"bigrams": 32768},
        "model": {"hidden_size": 96, "word_size": 128, "character_filters": 0, "bigram_size": 50},
        "training": {
            "epochs": 10,
            "batch_tokens": 500,
            "word_dropout": 0.05,
            "entity_replacement": 0.3,
            "adversarial": 0.7,
        },
    },
    ("sentiment", "en"): _SENTIMENT,
    ("sentiment", "zh"): _SENTIMENT,
}
