"""This project with raw text beside the labeled one: vectors and a language model of it come first."""

from __future__ import annotations

from typing import Any

from benchmarks import ours
from benchmarks.system import Examples, Trained

EPOCHS = 3  # of the language model


def run_name(dataset: str) -> str:
    """The run that reads a set's raw text, in the benchmark's workspace."""
    return f"{dataset}-text"


def train(dataset: str, examples: Examples, **given: Any) -> Trained:
    """Does what :func:`benchmarks.ours.train` does, for the run with raw text."""
    return ours.train(run_name(dataset), examples, **given)
