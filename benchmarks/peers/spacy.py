"""spaCy: its entity recognizer or bag-of-words text classifier, from scratch, by its own default training."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.datasets import words
from benchmarks.peers.spans import to_bio
from benchmarks.system import BUDGET, NATURAL, Budget, Curve, Examples, Trained
from nlp_rnn.evaluation.metrics import PRIMARY, gold, score
from nlp_rnn.schema import Example
from nlp_rnn.text.labels import spans

MOST_STEPS = 20_000  # as in its default configuration


def train(
    dataset: str, examples: Examples, *, language: str, task: str, seed: int, budget: Budget
) -> Trained:
    """Trains with the configuration that ``spacy init config --optimize efficiency`` writes.

    Optimizer, batches, dropout, evaluation every 200 steps and patience are spaCy's; early stopping counts
    from ``budget.least`` on, and ``budget.most`` ends it in any case.

    Args:
        dataset: not used.
        examples: the splits. language, task, seed, budget: see :mod:`benchmarks.system`.
    """
    import spacy
    from spacy.training.loop import create_train_batches, train_while_improving

    curve = Curve()
    with tempfile.TemporaryDirectory() as folder:
        best = Path(folder) / "best"
        nlp, corpus, settings = _begin(examples, language, task, seed, Path(folder))
        right = gold(task, examples["dev"])

        def evaluate() -> tuple[float, dict[str, float]]:
            found = score(task, right, _predict(nlp, examples["dev"], 256, language, task))
            return found[PRIMARY[task]], {}

        steps = train_while_improving(
            nlp,
            settings["optimizer"],
            create_train_batches(nlp, corpus, settings["batcher"], settings["max_epochs"]),
            evaluate=evaluate,
            dropout=settings["dropout"],
            accumulate_gradient=settings["accumulate_gradient"],
            patience=0,  # looked after below
            max_steps=0,
            eval_frequency=settings["eval_frequency"],
            exclude=[],
            annotating_components=[],
            before_update=None,
        )
        patience = settings["patience"] / settings["eval_frequency"]
        ended = _run(steps, nlp, curve, budget, patience, best)
        total = curve.cpu_s()
        nlp = spacy.load(best)
        size = measure.size(best)
    return Trained(
        predict=lambda wanted, batch: _predict(nlp, wanted, batch, language, task),
        curve=curve.points,
        cpu_s=total,
        total_cpu_s=total,
        ended=ended,
        model_bytes=size,
        settings={
            "optimize": "efficiency",
            "pipeline": nlp.pipe_names,
            "patience_steps": settings["patience"],
        },
        batches=(32, 256),
    )


def _begin(examples: Examples, language: str, task: str, seed: int, folder: Path) -> tuple[Any, Any, Any]:
    """The untrained pipeline, its training corpus and the resolved settings of its training."""
    import spacy
    from spacy.cli.init_config import init_config
    from spacy.schemas import ConfigSchemaTraining
    from spacy.tokens import DocBin
    from spacy.training.initialize import init_nlp
    from spacy.util import load_config, registry, resolve_dot_names

    blank = spacy.blank(language)
    for split in ("train", "dev"):
        docs = (_document(blank, example, language, annotated=True) for example in examples[split])
        DocBin(docs=docs, store_user_data=True).to_disk(folder / f"{split}.spacy")
    pipeline = ["ner" if task == "ner" else "textcat"]
    config = init_config(lang=language, pipeline=pipeline, optimize="efficiency", silent=True)
    config["paths"].update(
        {"train": str(folder / "train.spacy"), "dev": str(folder / "dev.spacy"), "vectors": None}
    )
    config["initialize"]["vectors"] = None  # from scratch
    config["training"]["seed"] = seed
    config["training"]["max_steps"] = MOST_STEPS
    config.to_disk(folder / "config.cfg")
    nlp = init_nlp(load_config(folder / "config.cfg"), use_gpu=-1)
    whole = nlp.config.interpolate()
    settings = registry.resolve(whole["training"], schema=ConfigSchemaTraining)
    (corpus,) = resolve_dot_names(whole, [settings["train_corpus"]])
    return nlp, corpus, settings


def _run(steps: Iterator[Any], nlp: Any, curve: Curve, budget: Budget, patience: float, best: Path) -> str:
    """Takes steps until time or patience is out; returns which."""
    for _, info, is_best in steps:
        if is_best is None:  # no evaluation at this step
            continue
        if curve.add(f"step {info['step']}", info["score"]):
            nlp.to_disk(best)
        spent = curve.cpu_s()
        if spent >= budget.most:
            return BUDGET
        if spent >= budget.least and (curve.since_best() > patience or info["step"] >= MOST_STEPS):
            return NATURAL
    return NATURAL


def _document(nlp: Any, example: Example, language: str, *, annotated: bool = False) -> Any:
    from spacy.tokens import Doc, Span

    if example.tokens is None:
        text = example.text or ""
        document = nlp.make_doc(text) if language == "zh" else Doc(nlp.vocab, words=words(text, language))
        if annotated:
            document.cats = {"0": 0.0, "1": 0.0, str(example.label): 1.0}
        return document
    spaces = [language != "zh"] * len(example.tokens)
    document = Doc(nlp.vocab, words=list(example.tokens), spaces=spaces)
    if annotated:
        document.ents = [
            Span(document, start, end, label=kind) for start, end, kind in spans(example.tags or ())
        ]
    return document


def _predict(nlp: Any, wanted: Sequence[Example], batch: int, language: str, task: str) -> list[Any]:
    documents = nlp.pipe((_document(nlp, example, language) for example in wanted), batch_size=batch)
    if task != "ner":
        return [max(document.cats, key=document.cats.get) for document in documents]
    return [
        to_bio(len(document), [(entity.start, entity.end, entity.label_) for entity in document.ents])
        for document in documents
    ]
