"""raw text's ids -> a language model's weights, for training to start from; none if a run does not ask."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_rnn import params
from nlp_rnn.schema import DataError, NlpRnnError

if TYPE_CHECKING:
    import torch

    from nlp_rnn.models import LanguageModel
    from nlp_rnn.text.encoding import Encoded
    from nlp_rnn.training.pretraining import Epoch

HELD_OUT = 50  # of so many documents one, for perplexity alone
PASSAGE = 100  # tokens through which gradients go


def main(run: params.Run) -> None:
    """Reads data/tokens/RUN; writes data/pretrained/RUN: report.json, and weights.safetensors if asked."""
    folder = Path("data/pretrained") / run.name
    unfinished = folder.with_name(f".{run.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    report: dict[str, Any] = {"epochs": []}
    if run.pretraining.epochs:  # most runs do not ask: for them no library is imported
        report = _learn(run, unfinished / "weights.safetensors")
    (unfinished / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def _learn(run: params.Run, path: Path) -> dict[str, Any]:
    """Trains the language model and writes what it hands over; -> from how much it learned, and how well."""
    from safetensors.torch import save_file

    from nlp_rnn.models.language_model import learned
    from nlp_rnn.stages.gate import require_valid
    from nlp_rnn.training import device as devices

    require_valid(run.name)
    device = devices.choose(run.pretraining.device)
    devices.make_deterministic(seed=run.seed, threads=run.threads)
    text, held_out = _passages(run)
    model = _build(run, text).to(device)
    epochs = _fit(run, model, text, held_out, device)
    save_file({name: tensor.cpu().contiguous() for name, tensor in learned(model).items()}, path)
    known = model.answers.cpu().numpy()[held_out.words[held_out.forms]] > 0
    return {
        "tokens": len(text.forms),
        "held_out": {"tokens": len(held_out.forms), "told_apart": round(float(known.mean()), 4)},
        "epochs": [{key: _rounded(value) for key, value in asdict(epoch).items()} for epoch in epochs],
    }


def _passages(run: params.Run) -> tuple[Encoded, Encoded]:
    """What to learn from, and what is held out."""
    from nlp_rnn.text.encoding import Encoded
    from nlp_rnn.training import passages

    documents = Encoded.load(Path("data/tokens") / run.name / "unlabeled")
    taken = passages.first(documents, run.pretraining.tokens)
    held_out = taken % HELD_OUT == 0
    text, other = (passages.cut(documents, taken[part], PASSAGE) for part in (~held_out, held_out))
    if not len(text) or not len(other):
        raise DataError(
            f"{run.data.unlabeled}: too little text for a language model, which learns from documents and is "
            f"scored on one in {HELD_OUT}, the first among them: two documents of two words are the least."
        )
    return text, other


def _build(run: params.Run, text: Encoded) -> LanguageModel:
    """A language model inside of a network with the lower layers of the one that `train` will build."""
    import torch

    from nlp_rnn import models
    from nlp_rnn.stages import network as networks
    from nlp_rnn.text.encoding import Encoded
    from nlp_rnn.training import ppmi, pretraining

    tokens = Path("data/tokens") / run.name
    model = params.Model(**run.pretraining.lower)
    network = networks.build(run.task, model, networks.read_vocabulary(run))
    words, size = network.features.word.weight.shape
    corpora = [Encoded.load(tokens / name) for name in ("train", "unlabeled")]
    network.features.start_from(torch.from_numpy(ppmi.vectors(corpora, words=words, size=size)))
    return models.LanguageModel(
        features=network.features,
        encoder=network.encoder,
        answers=pretraining.answers(text, words=words, most=run.pretraining.vocabulary),
        dropout=run.pretraining.dropout,
    )


def _fit(
    run: params.Run, model: LanguageModel, text: Encoded, held_out: Encoded, device: torch.device
) -> list[Epoch]:
    """Trains with a bar for the person who watches, and a line and a tracked step for each epoch."""
    from nlp_rnn.integrations import tracking
    from nlp_rnn.training.pretraining import pretrain
    from nlp_rnn.training.progress import Progress

    recipe, history = run.pretraining, []
    total = len(text.forms) * recipe.epochs
    with (
        tracking.start(
            run.name, run.resolved(), {"nlp_rnn.stage": "pretrain"}, called=f"{run.name} language model"
        ) as tracker,
        Progress(run.name, total) as progress,
    ):
        reports = pretrain(
            model,
            text,
            held_out,
            epochs=recipe.epochs,
            batch_tokens=recipe.batch_tokens,
            learning_rate=recipe.learning_rate,
            seed=run.seed,
            device=device,
            step=progress.step,
        )
        try:
            for epoch in reports:
                history.append(epoch)
                progress.say(f"epoch {epoch.epoch}, perplexity {epoch.perplexity:.1f}")
                tracker.epoch(
                    epoch.epoch,
                    {"perplexity": epoch.perplexity, "train_perplexity": epoch.train_perplexity},
                )
        except FloatingPointError as error:
            raise NlpRnnError(
                f"{run.name}: {error}; lower runs.{run.name}.pretraining.learning_rate and try again."
            ) from None
        tracker.finish()
    return history


def _rounded(value: float) -> float:
    return float(f"{value:.6g}") if isinstance(value, float) else value
