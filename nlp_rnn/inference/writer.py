"""Trained weights -> a sealed package."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from nlp_rnn.inference import card, export, package
from nlp_rnn.text.labels import barriers, split


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
    """
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    model = run["model"]
    graph = export.export(
        weights,
        task=run["task"],
        cell=model["cell"],
        layers=model["layers"],
        hidden_size=model["hidden_size"],
        residual=model["residual"],
    )
    (unfinished / "model.onnx").write_bytes(graph.SerializeToString(deterministic=True))
    arrays = {name: np.ascontiguousarray(values) for name, values in weights.items()}
    save_file(arrays, unfinished / "weights.safetensors")
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
        "run": run,
    }
    if run["task"] == "ner":
        content["crf"] = _legal(weights, labels)
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
    )
    (unfinished / "README.md").write_text(text, encoding="utf-8")
    digest = package.seal(unfinished)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    return digest


def _answers(task: str, labels: list[str]) -> list[str]:
    """Entity types, or classes."""
    return sorted({split(label)[1] for label in labels} - {""}) if task == "ner" else labels


def _legal(weights: Mapping[str, np.ndarray], labels: list[str]) -> dict[str, list]:
    """The CRF's scores with every move that the scheme forbids made hopeless."""
    return {
        name: (weights[f"crf.{name}"] + np.array(scores, np.float32)).tolist()
        for name, scores in barriers(labels).items()
    }
