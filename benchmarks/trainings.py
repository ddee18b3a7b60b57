"""Sets made ready for training, and our own training of them, as the measures of the engine need them."""

from __future__ import annotations

import json
import shutil
from contextlib import chdir
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from nlp_rnn import params
from nlp_rnn.data.sources import catalog
from nlp_rnn.models import Tagger
from nlp_rnn.recipes import RECIPES
from nlp_rnn.stages import ingest, tokenize
from nlp_rnn.stages import network as networks
from nlp_rnn.text.encoding import Encoded
from nlp_rnn.training.fit import Judgement, fit

PROJECT = Path(__file__).resolve().parents[1]
CPU = torch.device("cpu")
LANGUAGES = {"wnut17": "en", "resume": "zh", "demo": "en"}


@dataclass(frozen=True)
class Training:
    """A set of entities, with what the default recipe makes of it."""

    model: params.Model
    recipe: params.Training
    vocabulary: dict
    train: Encoded


def prepare(folder: Path, name: str, *, sentences: int = 1) -> Path:
    """Ingests and tokenizes a set, each in its own folder; -> that folder.

    Args:
        folder: where the sets are.
        name: a key of LANGUAGES.
        sentences: of the generated text, for ``demo``.
    """
    place = folder / (f"{name}-{sentences}" if name == "demo" else name)
    (place / "data").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT / catalog.CATALOG, place / catalog.CATALOG)
    demo = place / "data/demo"
    if not demo.exists():
        demo.symlink_to(PROJECT / "data/demo")
    with chdir(place):
        ingest.main(run(name, sentences=sentences))
        tokenize.main(run(name))
    return place


def run(name: str, *, sentences: int = 1) -> params.Run:
    """The default recipe, for a set of :func:`prepare`."""
    recipe = RECIPES["ner", LANGUAGES[name]]
    return params.Run(
        name=name,
        task="ner",
        language=LANGUAGES[name],  # type: ignore[arg-type]
        data=params.Data(source=name if name == "demo" else f"catalog:{name}", sentences=sentences),
        tokenizer=params.Tokenizer(**recipe.get("tokenizer", {})),
        model=params.Model(**recipe.get("model", {})),
        training=params.Training(**recipe.get("training", {})),
    )


def load(place: Path, name: str) -> Training:
    """What :func:`prepare` made."""
    tokens = place / "data/tokens" / name
    return Training(
        model=run(name).model,
        recipe=run(name).training,
        vocabulary=json.loads((tokens / "vocabulary.json").read_text(encoding="utf-8")),
        train=Encoded.load(tokens / "train"),
    )


def network(given: Training, *, hidden_size: int | None = None) -> Tagger:
    """A fresh network of the recipe."""
    model = given.model if hidden_size is None else replace(given.model, hidden_size=hidden_size)
    built = networks.build(
        "ner",
        model,
        given.vocabulary,
        word_dropout=given.recipe.word_dropout,
        truncation=given.recipe.truncation,
    )
    assert isinstance(built, Tagger)
    return built


def epoch(model: nn.Module, given: Training, *, seed: int, adversarial: float = 0.0) -> int:
    """Trains for one epoch by the recipe, with the adversarial pass only if asked; -> the tokens seen.

    Entity replacement and dev, which the plain loop has not either, are left out.
    """
    recipe = given.recipe
    for _ in fit(
        model,  # type: ignore[arg-type]
        given.train,
        lambda: Judgement(score=0.0, criterion=0.0),
        epochs=1,
        patience=1,
        batch_tokens=recipe.batch_tokens,
        learning_rate=recipe.learning_rate,
        warmup=recipe.warmup,
        weight_decay=recipe.weight_decay,
        clip=recipe.clip,
        averaging=recipe.averaging,
        seed=seed,
        device=CPU,
        adversarial=adversarial,
    ):
        pass
    return int(given.train.lengths.sum())


def part(train: Encoded, share: int) -> Encoded:
    """The first of so many equal parts of the sentences."""
    return replace(train, starts=train.starts[: len(train) // share + 1])
