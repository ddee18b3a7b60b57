"""ids -> a model package: trains the network, streams its history to MLflow and keeps it as a file."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from nlp_rnn import models, params
from nlp_rnn.evaluation.metrics import PRIMARY, score
from nlp_rnn.inference import package, shipping, writer
from nlp_rnn.integrations import tracking
from nlp_rnn.schema import NlpRnnError
from nlp_rnn.stages import network
from nlp_rnn.stages.gate import require_valid
from nlp_rnn.stages.trial import Material, Trial, as_metrics_want, carry_out
from nlp_rnn.text import ngrams
from nlp_rnn.text.encoding import Encoded
from nlp_rnn.training import device as devices
from nlp_rnn.training import history
from nlp_rnn.training.start import first_vectors
from nlp_rnn.training.wide import fit_wide

PARITY = 0.001  # of a dev score: a few answers at most may hang on the last bit of a sum


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
        gold = material.gold(run.task)
        shipped = shipping.choose(
            chosen.weights,
            material.dev,
            run=run.resolved(),
            labels=material.labels,
            score=lambda ids: score(run.task, gold, as_metrics_want(run.task, ids, material.labels))[metric],
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
    if not run.pretraining.epochs:  # a language model's weights have built on vectors
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
        yield carry_out(run, material, tracker)
        return
    scores = []
    for seed in range(first, first + count):
        one = replace(run, training=replace(run.training, seed=seed, seeds=1))
        with tracker.nested(run.name, one.resolved(), called=f"{run.name} seed={seed}") as inner:
            trial = carry_out(one, material, inner)
            inner.finish()
        scores.append(trial.best.dev_score)
        yield trial
    mean, deviation = statistics.mean(scores), statistics.stdev(scores)
    metric = PRIMARY[run.task]
    tracker.epoch(0, {f"dev_{metric}_mean": mean, f"dev_{metric}_deviation": deviation})
    print(f"{run.name}: dev {metric} of {count} seeds {mean:.4f} \N{PLUS-MINUS SIGN} {deviation:.4f}")
