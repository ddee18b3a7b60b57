"""ids -> a model package: trains the network, streams its history to MLflow and keeps it as a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import astuple, fields, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tqdm import tqdm

from nlp_rnn import models, params
from nlp_rnn.evaluation.metrics import PRIMARY, score
from nlp_rnn.inference import writer
from nlp_rnn.integrations import tracking
from nlp_rnn.models.language_model import hand_over
from nlp_rnn.schema import DataError, NlpRnnError
from nlp_rnn.stages.gate import require_valid
from nlp_rnn.text import ngrams
from nlp_rnn.text.encoding import Encoded
from nlp_rnn.text.labels import to_bio
from nlp_rnn.training import device as devices
from nlp_rnn.training import ppmi
from nlp_rnn.training.fit import Epoch, fit, predict, state
from nlp_rnn.training.replacement import EntityReplacement
from nlp_rnn.training.shares import fit_shares
from nlp_rnn.training.wide import fit_wide

DEV_BATCH_TOKENS = 4000


def main(run: params.Run) -> None:
    """Reads data/tokens/RUN; writes data/models/RUN and data/history/RUN.csv."""
    require_valid(run.name)
    tokens = Path("data/tokens") / run.name
    vocabulary = json.loads((tokens / "vocabulary.json").read_text(encoding="utf-8"))
    device = devices.choose(run.training.device)
    devices.make_deterministic(seed=run.training_seed, threads=run.threads)
    model = _build(run, vocabulary).to(device)
    train, dev = Encoded.load(tokens / "train"), Encoded.load(tokens / "dev")
    if run.model.pretrain.epochs:
        _start_from_language_model(run, model)
    else:
        _start_words(run, model, train)
    if isinstance(model, models.Classifier) and model.wide is not None:
        fit_wide(model.wide, train, dev)
        train = replace(train, ngrams=None)  # the deep part alone is trained from here on
    gold = _answers(run.task, _gold(dev), vocabulary["labels"])

    def dev_score() -> float:
        if isinstance(model, models.Classifier) and model.wide is not None:
            fit_shares(model, dev, batch_tokens=DEV_BATCH_TOKENS, device=device)
        answers = predict(model, dev, batch_tokens=DEV_BATCH_TOKENS, device=device)
        return score(run.task, gold, _answers(run.task, answers, vocabulary["labels"]))[PRIMARY[run.task]]

    with tracking.start(run.name, run.resolved()) as tracker:
        variant = _variant(run, train, vocabulary)
        history = _fit(run, model, train, variant, dev_score, device, tracker)
        best = max(epoch.dev_score for epoch in history)
        digest = writer.write(
            Path("data/models") / run.name,
            weights={name: tensor.cpu().numpy() for name, tensor in state(model).items()},
            run=run.resolved(),
            labels=vocabulary["labels"],
            characters=vocabulary["characters"],
            tokenizer=tokens / "tokenizer.json",
            ngrams=vocabulary["ngrams"],
            metric=PRIMARY[run.task],
            dev_score=best,
        )
        tracker.finish(digest)
    _write_history(Path("data/history") / f"{run.name}.csv", history)
    print(f"{run.name}: dev {PRIMARY[run.task]} {best:.4f}, epoch {_best(history)} of {len(history)}")


def _build(run: params.Run, vocabulary: dict) -> models.Tagger | models.Classifier:
    return models.build(
        run.task,
        labels=vocabulary["labels"],
        words=vocabulary["words"],
        characters=len(vocabulary["characters"]) + 2,
        bigrams=vocabulary["bigrams"],
        ngrams=len(ngrams.unpack(vocabulary["ngrams"])),
        **run.model.network,
        word_dropout=run.training.word_dropout,
        label_smoothing=run.training.label_smoothing,
    )


def _start_words(run: params.Run, model: models.Tagger | models.Classifier, train: Encoded) -> None:
    """Gives words vectors from text, the unlabeled one included; `auto` does so if there is such."""
    raw = Path("data/tokens") / run.name / "unlabeled"
    corpora = [train, Encoded.load(raw)] if raw.is_dir() else [train]
    if run.training.embeddings == "ppmi" or (run.training.embeddings == "auto" and raw.is_dir()):
        rows, size = model.features.word.weight.shape
        model.features.start_from(torch.from_numpy(ppmi.vectors(corpora, words=rows, size=size)))


def _start_from_language_model(run: params.Run, model: models.Tagger | models.Classifier) -> None:
    """Gives features and first layer what the language model learned, which began with vectors from text."""
    path = Path("data/pretrained") / run.name / "weights.safetensors"
    again = f"run `nlp-rnn pretrain {run.name}`."
    if not path.is_file():
        raise DataError(f"{path}: no such file; {again}")
    try:
        hand_over(load_file(path), model)
    except (SafetensorError, ValueError) as error:
        raise DataError(f"{path}: does not fit this network ({error}); {again}") from None


def _variant(run: params.Run, train: Encoded, vocabulary: dict) -> Callable[[int], Encoded] | None:
    """What gives each epoch other entities, if the recipe asks for it."""
    if train.tags is None or not run.training.entity_replacement:
        return None
    forms = Path("data/tokens") / run.name / "forms.json"
    return EntityReplacement(
        train,
        labels=vocabulary["labels"],
        texts=json.loads(forms.read_text(encoding="utf-8")),
        bigrams=vocabulary["bigrams"],
        probability=run.training.entity_replacement,
        seed=run.training_seed,
    ).variant


def _fit(
    run: params.Run,
    model: models.Tagger | models.Classifier,
    train: Encoded,
    variant: Callable[[int], Encoded] | None,
    dev_score: Callable[[], float],
    device: torch.device,
    tracker: tracking.Tracker,
) -> list[Epoch]:
    """Trains with a bar for the person who watches, and a line and a tracked step for each epoch."""
    recipe, history = run.training, []
    size = int(train.lengths.sum())
    total = size * recipe.epochs
    with tqdm(total=total, unit="token", unit_scale=True, desc=run.name, mininterval=1, disable=None) as bar:
        reports = fit(
            model,
            train,
            dev_score,
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
            step=bar.update,
        )
        try:
            for epoch in reports:
                history.append(epoch)
                progress = f"epoch {epoch.epoch}, dev {PRIMARY[run.task]} {epoch.dev_score:.4f}"
                bar.set_postfix_str(progress)
                if bar.disable:  # nobody watches: a log wants lines
                    print(f"{run.name}: {progress}, loss {epoch.train_loss:.4f}", flush=True)
                tracker.epoch(epoch.epoch, _metrics(epoch, PRIMARY[run.task]))
        except FloatingPointError as error:
            raise NlpRnnError(
                f"{run.name}: {error}; lower runs.{run.name}.training.learning_rate and train again."
            ) from None
    return history


def _metrics(epoch: Epoch, primary: str) -> dict[str, float]:
    return {
        "train_loss": epoch.train_loss,
        f"dev_{primary}": epoch.dev_score,
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


def _best(history: Sequence[Epoch]) -> int:
    return max(epoch.epoch for epoch in history if epoch.best)


def _write_history(path: Path, history: Sequence[Epoch]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(field.name for field in fields(Epoch))
        rows.writerows(
            [f"{value:.6g}" if isinstance(value, float) else int(value) for value in astuple(epoch)]
            for epoch in history
        )
