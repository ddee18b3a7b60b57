"""The model card of a package, in the form that Hugging Face's hub reads."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from nlp_rnn.inference.package import FP32, GRAPHS, INT8
from nlp_rnn.inference.shipping import TOLERANCE, Shipping

_TASKS = {"ner": "token-classification", "sentiment": "text-classification"}
_DIRECTIONS = {"both": "A bidirectional", "ahead": "A left-to-right"}
_CELLS = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM", "mingru": "minGRU"}


def write(
    run: Mapping[str, Any],
    *,
    labels: list[str],
    parameters: int,
    metric: str,
    dev_scores: Mapping[int, float],
    seed: int,
    shipping: Shipping,
) -> str:
    """The card's Markdown.

    Args:
        run: the resolved parameters of the run.
        labels: what the model answers: entity types or classes.
        parameters: how many weights it has.
        metric: the name of the score.
        dev_scores: its values on the dev split, in [0, 1], by the seed of the training.
        seed: that of the training whose model this is.
        shipping: which graph it runs, and its temperature.
    """
    name, task = run["name"], run["task"]
    model = run["model"]
    dev_score = dev_scores[seed]
    return f"""---
language: {run["language"]}
library_name: nlp-rnn
pipeline_tag: {_TASKS[task]}
model-index:
- name: {name}
  results:
  - task: {{type: {_TASKS[task]}}}
    dataset: {{name: "{run["data"]["source"]} (dev)", type: {name}}}
    metrics:
    - {{type: {metric}, value: {dev_score:.4f}}}
---

# {name}

{_DIRECTIONS[model["direction"]]} {_CELLS[model["cell"]]} (layers: {model["layers"]}, units in each
direction: {model["hidden_size"]}, weights: {parameters:,})
for {"named entities" if task == "ner" else "sentiment"} in
{"English" if run["language"] == "en" else "Chinese"}. It answers: {", ".join(labels)}.

## Use

    from nlp_rnn.inference import load
    load("path/to/this/folder").predict(["..."])

It needs onnxruntime, NumPy and tokenizers. Every file is listed with its SHA-256 in `MANIFEST.json`, which
is checked before anything is read.

## Data and evaluation

Trained on `{run["data"]["source"]}`; {metric} on its dev split: {dev_score:.4f}. That split chose
{_choice(dev_scores)}. The score on the test set is kept with the model's version in the registry, beside a
linear baseline's.

## Numbers

`{GRAPHS[shipping.precision]}` is what it runs: {metric} on dev is {shipping.dev[INT8]:.4f} in 8 bits and
{shipping.dev[FP32]:.4f} in 32. 8 bits are used where they lose no more than {TOLERANCE:g}. Confidence is
calibrated on dev (temperature {shipping.temperature:g}).

## Limits

It knows the kinds of text that it was trained on, and no others; nor is it as sure as it is right of others.
"""


def _choice(dev_scores: Mapping[int, float]) -> str:
    """What the dev split was used for."""
    scores = list(dev_scores.values())
    if len(scores) == 1:
        return "the epoch"
    spread = f"{statistics.mean(scores):.4f} \N{PLUS-MINUS SIGN} {statistics.stdev(scores):.4f}"
    return f"the epoch, and this training of {len(scores)} with other seeds ({spread})"
