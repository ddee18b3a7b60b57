"""One training from one seed, and what it has in common with those from other seeds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from nlp_rnn import models, params
from nlp_rnn.evaluation.metrics import PRIMARY, score
from nlp_rnn.integrations import tracking
from nlp_rnn.schema import NlpRnnError
from nlp_rnn.stages import network
from nlp_rnn.text.encoding import Encoded
from nlp_rnn.text.labels import to_bio
from nlp_rnn.training import device as devices
from nlp_rnn.training.fit import Epoch, Judgement, fit, predict
from nlp_rnn.training.progress import Progress
from nlp_rnn.training.replacement import EntityReplacement
from nlp_rnn.training.shares import fit_shares
from nlp_rnn.training.start import start_from_language_model
from nlp_rnn.training.weights import state

DEV_BATCH_TOKENS = 4000


@dataclass(frozen=True)
class Material:
    """What trainings from several seeds have in common."""

    vocabulary: dict
    train: Encoded
    dev: Encoded
    vectors: np.ndarray | None  # that words start from
    wide: models.Wide | None  # fitted

    @property
    def labels(self) -> list[str]:
        """What the network can answer."""
        return self.vocabulary["labels"]

    def gold(self, task: str) -> list:
        """What annotators say of dev, as metrics want it."""
        dev = self.dev
        if dev.labels is not None:
            ids = [[int(label)] for label in dev.labels]
        else:
            assert dev.tags is not None
            ids = [dev.tags[start:end].tolist() for start, end in zip(dev.starts[:-1], dev.starts[1:])]
        return as_metrics_want(task, ids, self.labels)


@dataclass(frozen=True)
class Trial:
    """One training from one seed."""

    seed: int
    history: list[Epoch]
    weights: dict[str, np.ndarray]

    @property
    def best(self) -> Epoch:
        """The epoch whose weights these are."""
        return [epoch for epoch in self.history if epoch.best][-1]


def carry_out(run: params.Run, material: Material, tracker: tracking.Tracker) -> Trial:
    """Trains from the run's own seed, and tells the tracker of each epoch."""
    device = devices.choose(run.training.device)
    devices.make_deterministic(seed=run.training_seed, threads=run.threads)
    recipe = run.training
    model = network.build(
        run.task,
        run.model,
        material.vocabulary,
        word_dropout=recipe.word_dropout,
        label_smoothing=recipe.label_smoothing,
        truncation=recipe.truncation,
    ).to(device)
    if run.pretraining.epochs:
        start_from_language_model(model, Path("data/pretrained") / run.name)
    elif material.vectors is not None:
        model.features.start_from(torch.from_numpy(material.vectors))
    if isinstance(model, models.Classifier) and model.wide is not None and material.wide is not None:
        model.wide.load_state_dict(material.wide.state_dict())
    dev, labels = material.dev, material.labels
    gold = material.gold(run.task)

    def judge() -> Judgement:
        """A tagger by its score; a classifier by likelihood, which wavers less on a few hundred texts."""
        likelihood = None
        if isinstance(model, models.Classifier):
            likelihood = fit_shares(model, dev, batch_tokens=DEV_BATCH_TOKENS, device=device)
        answers = predict(model, dev, batch_tokens=DEV_BATCH_TOKENS, device=device)
        found = score(run.task, gold, as_metrics_want(run.task, answers, labels))[PRIMARY[run.task]]
        return Judgement(found, found if likelihood is None else likelihood)

    epochs = _fit(run, model, material.train, _variant(run, material), judge, device, tracker)
    weights = {name: tensor.cpu().numpy() for name, tensor in state(model).items()}
    return Trial(run.training_seed, epochs, weights)


def _variant(run: params.Run, material: Material) -> Callable[[int], Encoded] | None:
    """What gives each epoch other entities, if the recipe asks for it."""
    if material.train.tags is None or not run.training.entity_replacement:
        return None
    forms = Path("data/tokens") / run.name / "forms.json"
    return EntityReplacement(
        material.train,
        labels=material.labels,
        texts=json.loads(forms.read_text(encoding="utf-8")),
        bigrams=material.vocabulary["bigrams"],
        segmenter=run.tokenizer.segmenter,
        probability=run.training.entity_replacement,
        seed=run.training_seed,
    ).variant


def _fit(
    run: params.Run,
    model: models.Tagger | models.Classifier,
    train: Encoded,
    variant: Callable[[int], Encoded] | None,
    judge: Callable[[], Judgement],
    device: torch.device,
    tracker: tracking.Tracker,
) -> list[Epoch]:
    """Trains with a bar for the person who watches, and a line and a tracked step for each epoch."""
    recipe, metric, epochs = run.training, PRIMARY[run.task], []
    with Progress(run.name, int(train.lengths.sum()) * recipe.epochs) as progress:
        reports = fit(
            model,
            train,
            judge,
            epochs=recipe.epochs,
            patience=recipe.patience,
            batch_tokens=recipe.batch_tokens,
            learning_rate=recipe.learning_rate,
            warmup=recipe.warmup,
            weight_decay=recipe.weight_decay,
            clip=recipe.clip,
            averaging=recipe.averaging,
            seed=run.training_seed,
            device=device,
            variant=variant,
            adversarial=recipe.adversarial,
            accumulation=recipe.accumulation,
            memory_mb=recipe.memory_mb,
            precision=recipe.precision,
            step=progress.step,
        )
        try:
            for epoch in reports:
                epochs.append(epoch)
                loss, score = epoch.train_loss, epoch.dev_score
                progress.say(f"epoch {epoch.epoch}, dev {metric} {score:.4f}, loss {loss:.4f}")
                tracker.epoch(epoch.epoch, _metrics(epoch, metric))
        except FloatingPointError as error:
            raise NlpRnnError(
                f"{run.name}: {error}; lower runs.{run.name}.training.learning_rate and train again."
            ) from None
    return epochs


def _metrics(epoch: Epoch, primary: str) -> dict[str, float]:
    return {
        "train_loss": epoch.train_loss,
        f"dev_{primary}": epoch.dev_score,
        "dev_criterion": epoch.dev_criterion,
        "gradient_norm": epoch.gradient_norm,
        "learning_rate": epoch.learning_rate,
    }


def as_metrics_want(task: str, ids: Sequence[Sequence[int]], labels: Sequence[str]) -> list:
    """Label ids of each sentence as BIO tags, or as one label."""
    if task == "ner":
        return [list(to_bio([labels[i] for i in row], "BIOES")) for row in ids]
    return [labels[row[0]] for row in ids]
