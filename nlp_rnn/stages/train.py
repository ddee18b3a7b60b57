"""ids -> a model package: trains the network, streams its history to MLflow and keeps it as a file."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from nlp_rnn import models, params
from nlp_rnn.evaluation.metrics import PRIMARY, score
from nlp_rnn.inference import package, shipping, writer
from nlp_rnn.integrations import tracking
from nlp_rnn.schema import NlpRnnError
from nlp_rnn.stages import network
from nlp_rnn.stages.gate import require_valid
from nlp_rnn.text import ngrams
from nlp_rnn.text.encoding import Encoded
from nlp_rnn.text.labels import to_bio
from nlp_rnn.training import device as devices
from nlp_rnn.training import history
from nlp_rnn.training.fit import Epoch, Judgement, fit, predict
from nlp_rnn.training.progress import Progress
from nlp_rnn.training.replacement import EntityReplacement
from nlp_rnn.training.shares import fit_shares
from nlp_rnn.training.start import first_vectors, start_from_language_model
from nlp_rnn.training.weights import state
from nlp_rnn.training.wide import fit_wide

DEV_BATCH_TOKENS = 4000
PARITY = 0.001  # of a dev score: a few answers at most may hang on the last bit of a sum


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


def main(run: params.Run) -> None:
    """Reads data/tokens/RUN and data/pretrained/RUN; writes data/models/RUN and data/history/RUN.csv."""
    require_valid(run.name)
    tokens = Path("data/tokens") / run.name
    metric = PRIMARY[run.task]
    with tracking.start(run.name, run.resolved()) as tracker:
        material = _material(run, tokens)
        vocabulary = material.vocabulary
        trials = list(_trials(run, material, tracker))
        chosen = max(trials, key=lambda trial: trial.best.dev_criterion)  # the first of equals
        gold = _answers(run.task, _gold(material.dev), material.labels)
        shipped = shipping.choose(
            chosen.weights,
            material.dev,
            run=run.resolved(),
            labels=material.labels,
            score=lambda ids: score(run.task, gold, _answers(run.task, ids, material.labels))[metric],
        )
        _require_parity(run.name, chosen.best.dev_score, shipped.dev[package.FP32])
        digest = writer.write(
            Path("data/models") / run.name,
            weights=chosen.weights,
            run=run.resolved(),
            labels=vocabulary["labels"],
            characters=vocabulary["characters"],
            tokenizer=tokens / "tokenizer.json",
            ngrams=vocabulary["ngrams"],
            metric=metric,
            dev_scores={trial.seed: trial.best.dev_score for trial in trials},
            seed=chosen.seed,
            shipping=shipped,
        )
        tracker.finish(digest)
    history.write(Path("data/history") / f"{run.name}.csv", chosen.history)
    best = chosen.best
    print(f"{run.name}: dev {metric} {best.dev_score:.4f}, epoch {best.epoch} of {len(chosen.history)}")


def _require_parity(name: str, trained: float, exported: float) -> None:
    """Stops here if the package would not answer as the network does that was trained."""
    if abs(trained - exported) > PARITY:
        raise NlpRnnError(
            f"{name}: the trained network scores {trained:.4f} on dev, but its ONNX graph {exported:.4f}; "
            f"this is an error of nlp-rnn: please report it with runs.{name} of params.yaml."
        )


def _material(run: params.Run, tokens: Path) -> Material:
    """Reads ids, finds vectors for words, and fits the wide part of a classifier that has one."""
    devices.make_deterministic(seed=run.training_seed, threads=run.threads)
    vocabulary = network.read_vocabulary(run)
    train, dev = Encoded.load(tokens / "train"), Encoded.load(tokens / "dev")
    vectors = None
    if not run.pretraining.epochs:  # a language model began with vectors, and went on from there
        vectors = first_vectors(
            train,
            embeddings=run.training.embeddings,
            tokens=tokens,
            words=vocabulary["words"],
            size=run.model.word_size,
        )
    wide = None
    if run.task == "sentiment" and train.ngrams is not None:
        wide = models.Wide(ngrams=len(ngrams.unpack(vocabulary["ngrams"])), labels=len(vocabulary["labels"]))
        fit_wide(wide, train, dev)
        train = replace(train, ngrams=None)  # the deep part alone is trained from here on
    return Material(vocabulary, train, dev, vectors, wide)


def _trials(run: params.Run, material: Material, tracker: tracking.Tracker) -> Iterator[Trial]:
    """One training for each seed; several are runs of MLflow's of their own, inside of the outer one."""
    count, first = run.training.seeds, run.training_seed
    if count == 1:
        yield _trial(run, material, tracker)
        return
    scores = []
    for seed in range(first, first + count):
        one = replace(run, training=replace(run.training, seed=seed, seeds=1))
        with tracker.nested(run.name, one.resolved(), called=f"{run.name} seed={seed}") as inner:
            trial = _trial(one, material, inner)
            inner.finish()
        scores.append(trial.best.dev_score)
        yield trial
    mean, deviation = statistics.mean(scores), statistics.stdev(scores)
    metric = PRIMARY[run.task]
    tracker.epoch(0, {f"dev_{metric}_mean": mean, f"dev_{metric}_deviation": deviation})
    print(f"{run.name}: dev {metric} of {count} seeds {mean:.4f} \N{PLUS-MINUS SIGN} {deviation:.4f}")


def _trial(run: params.Run, material: Material, tracker: tracking.Tracker) -> Trial:
    """Trains from the run's own seed."""
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
    gold = _answers(run.task, _gold(dev), labels)

    def judge() -> Judgement:
        """A tagger by its score; a classifier by likelihood, which wavers less on a few hundred texts."""
        likelihood = None
        if isinstance(model, models.Classifier):
            likelihood = fit_shares(model, dev, batch_tokens=DEV_BATCH_TOKENS, device=device)
        answers = predict(model, dev, batch_tokens=DEV_BATCH_TOKENS, device=device)
        found = score(run.task, gold, _answers(run.task, answers, labels))[PRIMARY[run.task]]
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


def _gold(encoded: Encoded) -> list[list[int]]:
    """The annotators' label ids for each sentence."""
    if encoded.labels is not None:
        return [[int(label)] for label in encoded.labels]
    assert encoded.tags is not None
    return [encoded.tags[start:end].tolist() for start, end in zip(encoded.starts[:-1], encoded.starts[1:])]


def _answers(task: str, ids: Sequence[Sequence[int]], labels: Sequence[str]) -> list:
    """Label ids as BIO tags, or as one label, the way that metrics want them."""
    if task == "ner":
        return [list(to_bio([labels[i] for i in row], "BIOES")) for row in ids]
    return [labels[row[0]] for row in ids]
