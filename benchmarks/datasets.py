"""The four public sets, and how their tokens are counted: in one way for every system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlp_rnn.schema import Example


@dataclass(frozen=True)
class Dataset:
    """What a set is."""

    task: str
    language: str
    unlabeled: str | None = None  # raw text of the same kind, a file in the folder NLP_RNN_MIRROR


DATASETS: Mapping[str, Dataset] = {
    "resume": Dataset("ner", "zh"),
    "wnut17": Dataset("ner", "en", unlabeled="wnut17/unlabeled.txt"),
    "sst2": Dataset("sentiment", "en"),
    "chnsenticorp": Dataset("sentiment", "zh"),
}


def words(text: str, language: str) -> list[str]:
    """The tokens of a text for a peer that brings no tokenizer: English at spaces, Chinese by character."""
    return [c for c in text if not c.isspace()] if language == "zh" else text.split()


def count(examples: Sequence[Example], language: str) -> int:
    """Tokens of some examples."""
    return sum(
        len(words(example.text or "", language) if example.tokens is None else example.tokens)
        for example in examples
    )
