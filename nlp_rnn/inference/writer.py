"""Trained weights -> a sealed package."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from onnx import checker
from safetensors.numpy import save_file

from nlp_rnn.inference import card, export, external, package
from nlp_rnn.inference.shipping import Shipping
from nlp_rnn.text.labels import split


def write(
    folder: Path,
    *,
    weights: Mapping[str, np.ndarray],
    run: Mapping[str, Any],
    labels: list[str],
    characters: str,
    tokenizer: Path,
    ngrams: str,
    metric: str,
    dev_scores: Mapping[int, float],
    seed: int,
    shipping: Shipping,
) -> str:
    """Writes a package and returns its digest.

    Args:
        folder: replaced if it exists, and only once the new package is whole.
        weights: the network's state, by torch's names.
        run: the resolved parameters of the run.
        labels: BIOES labels, or classes.
        characters: the character vocabulary.
        tokenizer: the tokenizer.json that the network was trained with.
        ngrams: the n-grams that it knows, packed.
        metric: the primary one.
        dev_scores: its value on dev, by seed, of all trainings of which this one was chosen.
        seed: this one's.
        shipping: which graph it runs, and its temperature.
    """
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    save_file(
        {name: np.ascontiguousarray(values) for name, values in weights.items()}, unfinished / package.WEIGHTS
    )
    for precision, graph in export.graphs(weights, run).items():
        external.share(graph, unfinished / package.WEIGHTS)
        path = unfinished / package.GRAPHS[precision]
        path.write_bytes(graph.SerializeToString(deterministic=True))
        checker.check_model(str(path))
    content = {
        "format": package.FORMAT,
        "task": run["task"],
        "language": run["language"],
        "labels": labels,
        "characters": characters,
        "bigrams": run["tokenizer"]["bigrams"],
        "subwords": run["tokenizer"]["subwords"],
        "segmenter": run["tokenizer"]["segmenter"],
        "ngrams": ngrams,
        "ngram_length": run["tokenizer"]["ngram_length"],
        "seed": seed,
        "dev_scores": {str(one): round(score, 6) for one, score in dev_scores.items()},
        "precision": shipping.precision,
        "dev_by_precision": {name: round(score, 6) for name, score in shipping.dev.items()},
        "temperature": shipping.temperature,
        "run": run,
    }
    if run["task"] == "ner":
        crf = export.transitions(weights, labels)
        content["crf"] = {name: values.tolist() for name, values in vars(crf).items()}
    (unfinished / "model.json").write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.copyfile(tokenizer, unfinished / "tokenizer.json")
    count = sum(values.size for values in weights.values())
    text = card.write(
        run,
        labels=_answers(run["task"], labels),
        parameters=count,
        metric=metric,
        dev_scores=dev_scores,
        seed=seed,
        shipping=shipping,
    )
    (unfinished / "README.md").write_text(text, encoding="utf-8")
    digest = package.seal(unfinished)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    return digest


def _answers(task: str, labels: list[str]) -> list[str]:
    """Entity types, or classes."""
    return sorted({split(label)[1] for label in labels} - {""}) if task == "ner" else labels
