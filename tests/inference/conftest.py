"""A small package with random weights, as real as a trained one in every respect but its answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from nlp_rnn import models, params
from nlp_rnn.inference import writer
from nlp_rnn.inference.shipping import Shipping
from nlp_rnn.text import ngrams, segmentation, tokenizer
from nlp_rnn.training.weights import state

LABELS = {
    "ner": ["O", *(f"{prefix}-{kind}" for kind in ("LOC", "PER") for prefix in "BIES")],
    "sentiment": ["negative", "positive"],
}
WORDS = {"en": "Maria flew to Rome , not bad at all .", "zh": "王 小 明 昨 天 飞 往 上 海 。 iPhone 2024"}
Make = Callable[..., tuple[Path, torch.nn.Module]]


@pytest.fixture
def make_package(tmp_path: Path) -> Make:
    def make(
        task: str,
        cell: str = "lstm",
        language: str = "en",
        layers: int = 1,
        *,
        residual: bool = False,
        direction: str = "both",
        subwords: int = 0,
        segmenter: str = "none",
        character_encoder: str = "convolution",
        precision: str = "fp32",
        words: int = 0,  # rows of the words' table, if more than there are words
        words_of: float | None = None,  # size of every element of the words' vectors, whose signs stay
    ):
        model = params.Model(
            cell=cell,  # type: ignore[arg-type]
            layers=layers,
            hidden_size=12,
            direction=direction,  # type: ignore[arg-type]
            residual=residual,
            word_size=10,
            character_size=6,
            character_filters=8 if language == "en" else 0,
            character_encoder=character_encoder,  # type: ignore[arg-type]
            subword_size=6,
            shape_size=4,
            bigram_size=6,
            boundary_size=3,
        )
        bigrams = 128
        run = params.Run(
            name="tiny",
            task=task,  # type: ignore[arg-type]
            language=language,  # type: ignore[arg-type]
            data=params.Data(source="demo"),
            tokenizer=params.Tokenizer(
                bigrams=bigrams,
                subwords=subwords,
                segmenter=segmenter,  # type: ignore[arg-type]
                ngrams=256,
                ngram_length=3,
            ),
            model=model,
        )
        sentences = [WORDS[language].split()]
        known = ngrams.learn(sentences * 2, longest=3, most=256)
        learned = tokenizer.build(sentences, lowercase=True, min_count=1)
        characters = "".join(sorted(set("".join(sentences[0]))))
        torch.manual_seed(7)
        network = models.build(
            task,
            labels=LABELS[task],
            words=max(words, learned.get_vocab_size()),
            characters=len(characters) + 2,
            bigrams=bigrams,
            subwords=subwords,
            boundaries=0 if segmenter == "none" else segmentation.IDS,
            ngrams=len(known),
            **asdict(model),
        ).eval()
        with torch.no_grad():
            for parameter in network.parameters():
                torch.nn.init.normal_(parameter, std=0.4)
            if words_of is not None:
                network.features.word.weight.sign_().mul_(words_of)
            for name, buffer in network.named_buffers():
                if name.startswith(("wide.", "shares")):
                    buffer.uniform_(-1, 1)
                if name == "wide.rarity":
                    buffer[0] = 0  # padding
        file = tmp_path / "tokenizer.json"
        learned.save(str(file))
        folder = tmp_path / f"{task}-{cell}-{language}-{layers}-{precision}"
        writer.write(
            folder,
            weights={name: tensor.numpy() for name, tensor in state(network).items()},
            run=run.resolved(),
            labels=LABELS[task],
            characters=characters,
            tokenizer=file,
            ngrams=ngrams.pack(known),
            metric="f1",
            dev_scores={13: 0.5},
            seed=13,
            shipping=Shipping(precision, {"fp32": 0.5, "int8": 0.5}, temperature=1.5),
        )
        return folder, network

    return make
