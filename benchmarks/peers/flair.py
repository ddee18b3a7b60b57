"""Flair: a BiLSTM-CRF tagger or a BiLSTM text classifier on embeddings of its own, nothing downloaded."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.datasets import words
from benchmarks.peers.spans import to_bio
from benchmarks.system import BUDGET, NATURAL, Budget, Curve, Examples, Trained
from nlp_rnn.evaluation.metrics import PRIMARY, gold, score
from nlp_rnn.schema import Example
from nlp_rnn.text.labels import spans

PATIENCE = 12  # epochs without a better dev score
MOST_EPOCHS = 200
BATCH = 32
RATE = 0.002  # of Adam
LONGEST = 300  # tokens of a text that it reads; the longest reviews would take most of its time


def train(
    dataset: str, examples: Examples, *, language: str, task: str, seed: int, budget: Budget
) -> Trained:
    """Trains with Flair's own trainer; dev is scored after each epoch, and when time is out.

    Args:
        dataset: not used.
        examples: the splits. language, task, seed, budget: see :mod:`benchmarks.system`.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    import flair
    import torch
    from flair.data import Corpus
    from flair.datasets import FlairDatapointDataset
    from flair.trainers import ModelTrainer

    torch.set_num_threads(1)
    flair.device = torch.device("cpu")
    flair.set_seed(seed)
    curve = Curve()
    with tempfile.TemporaryDirectory() as folder:
        sentences = [_sentence(example, language, annotated=True) for example in examples["train"]]
        corpus = Corpus(train=FlairDatapointDataset(sentences), sample_missing_splits=False)
        model = _model(corpus, examples, language, task, Path(folder))
        right = gold(task, examples["dev"])

        def dev_score() -> float:
            predicted = _predict(model, examples["dev"], 64, language, task)
            return score(task, right, predicted)[PRIMARY[task]]

        watch = _watch(model, curve, budget, dev_score)
        ModelTrainer(model, corpus).train(
            folder,
            learning_rate=RATE,
            optimizer=torch.optim.Adam,
            mini_batch_size=BATCH,
            max_epochs=MOST_EPOCHS,
            patience=MOST_EPOCHS,  # of its learning rate, which stays
            train_with_dev=True,  # there is no dev split in this corpus: it is scored here
            embeddings_storage_mode="none",
            save_final_model=False,
            plugins=[watch],
        )
        total = curve.cpu_s()
        watch.restore()
        model.eval()
        path = Path(folder) / "best.pt"
        model.save(path)
        size = measure.size(path)
    return Trained(
        predict=lambda wanted, batch: _predict(model, wanted, batch, language, task),
        curve=curve.points,
        cpu_s=total,
        total_cpu_s=total,
        ended=watch.ended,
        model_bytes=size,
        settings={
            "parameters": sum(weight.numel() for weight in model.parameters()),
            "optimizer": f"Adam {RATE}",
            "batch": BATCH,
            "longest_text": LONGEST if task != "ner" else None,
        },
        batches=(16, 64),
    )


def _watch(model: Any, curve: Curve, budget: Budget, dev_score: Any) -> Any:
    """A plugin that scores dev after each epoch, keeps the best weights and ends the training."""
    from flair.trainers.plugins.base import TrainerPlugin, TrainingInterrupt

    class Watch(TrainerPlugin):
        ended = NATURAL
        weights: dict[str, Any]

        @TrainerPlugin.hook
        def after_training_batch(self, **_: Any) -> None:
            if curve.cpu_s() >= budget.most:
                self.ended = BUDGET
                self._score("time is out")
                raise TrainingInterrupt("the budget is spent")

        @TrainerPlugin.hook
        def after_training_epoch(self, epoch: int, **_: Any) -> None:
            self._score(f"epoch {epoch}")
            if curve.cpu_s() >= budget.least and curve.since_best() >= PATIENCE:
                raise TrainingInterrupt("no better for long")

        def _score(self, step: str) -> None:
            model.eval()
            if curve.add(step, dev_score()):
                self.weights = {name: value.detach().clone() for name, value in model.named_parameters()}
            model.train()

        def restore(self) -> None:
            for name, value in model.named_parameters():
                value.data.copy_(self.weights[name])

    return Watch()


def _model(corpus: Any, examples: Examples, language: str, task: str, folder: Path) -> Any:
    from flair.embeddings import (
        CharacterEmbeddings,
        DocumentRNNEmbeddings,
        OneHotEmbeddings,
        StackedEmbeddings,
    )
    from flair.models import SequenceTagger, TextClassifier

    size = 50 if language == "zh" else 100
    embeddings = [OneHotEmbeddings.from_corpus(corpus, field="text", min_freq=2, embedding_length=size)]
    if task != "ner":
        document = DocumentRNNEmbeddings(
            embeddings,
            hidden_size=128,
            rnn_type="LSTM",
            bidirectional=True,
            dropout=0.5,
            reproject_words=False,
        )
        labels = corpus.make_label_dictionary(label_type="class")
        return TextClassifier(document, label_dictionary=labels, label_type="class")
    if language != "zh":
        embeddings.append(CharacterEmbeddings(path_to_char_dict=_characters(examples, folder)))
    return SequenceTagger(
        hidden_size=200,
        embeddings=StackedEmbeddings(embeddings),
        tag_dictionary=corpus.make_label_dictionary(label_type="ner", add_unk=False),
        tag_type="ner",
        tag_format="BIOES",
        use_crf=True,
        rnn_layers=1,
        dropout=0.5,
        word_dropout=0.05,
        locked_dropout=0.0,
        reproject_embeddings=False,
    )


def _characters(examples: Examples, folder: Path) -> str:
    """A file with the characters of the training tokens."""
    from flair.data import Dictionary

    known = Dictionary(add_unk=True)
    for example in examples["train"]:
        for character in "".join(example.tokens or ()):
            known.add_item(character)
    path = folder / "characters"
    known.save(path)
    return str(path)


def _sentence(example: Example, language: str, *, annotated: bool = False) -> Any:
    from flair.data import Sentence

    if example.tokens is None:
        sentence = Sentence(words(example.text or "", language)[:LONGEST] or ["-"])
        if annotated:
            sentence.add_label("class", str(example.label))
        return sentence
    sentence = Sentence(list(example.tokens))
    if annotated:
        for start, end, kind in spans(example.tags or ()):
            sentence[start:end].add_label("ner", kind)
    return sentence


def _predict(model: Any, wanted: Sequence[Example], batch: int, language: str, task: str) -> list[Any]:
    sentences = [_sentence(example, language) for example in wanted]
    model.predict(sentences, mini_batch_size=batch, label_name="predicted")
    if task != "ner":
        return [sentence.get_label("predicted").value for sentence in sentences]
    return [to_bio(len(sentence), _entities(sentence)) for sentence in sentences]


def _entities(sentence: Any) -> list[tuple[int, int, str]]:
    found = []
    for label in sentence.get_labels("predicted"):
        tokens = label.data_point.tokens
        found.append((tokens[0].idx - 1, tokens[-1].idx, label.value))
    return found
