"""The networks, and how one is built for a task."""

from __future__ import annotations

from collections.abc import Sequence

from nlp_rnn.models.classifier import Classifier
from nlp_rnn.models.encoders import CELLS, RecurrentEncoder
from nlp_rnn.models.features import Features
from nlp_rnn.models.language_model import LanguageModel
from nlp_rnn.models.tagger import Tagger
from nlp_rnn.models.wide import Wide

__all__ = ["CELLS", "Classifier", "LanguageModel", "Tagger", "Wide", "build"]


def build(
    task: str,
    *,
    labels: Sequence[str],
    words: int,
    characters: int,
    bigrams: int,
    ngrams: int,
    cell: str,
    layers: int,
    hidden_size: int,
    word_size: int,
    character_size: int,
    character_filters: int,
    shape_size: int,
    bigram_size: int,
    input_dropout: float,
    dropout: float,
    direction: str = "both",
    residual: bool = False,
    character_encoder: str = "convolution",
    subwords: int = 0,
    subword_size: int = 0,
    boundaries: int = 0,
    boundary_size: int = 0,
    word_dropout: float = 0.0,
    label_smoothing: float = 0.0,
    truncation: int = 0,
) -> Tagger | Classifier:
    """A network with fresh weights, drawn from torch's global random stream.

    Args:
        task: ``ner`` or ``sentiment``.
        labels: what it can answer: BIOES labels, or classes.
        words, characters, bigrams, subwords, boundaries: how many ids there are of each; 0 for none of the
            last three.
        ngrams: how many n-grams the wide part knows; 0 for no such part.
        the rest: see :class:`nlp_rnn.params.Model` and :class:`nlp_rnn.params.Training`.
    """
    features = Features(
        words=words,
        characters=characters,
        bigrams=bigrams,
        word_size=word_size,
        character_size=character_size,
        character_filters=character_filters,
        shape_size=shape_size,
        bigram_size=bigram_size,
        word_dropout=word_dropout,
        character_encoder=character_encoder,
        subwords=subwords,
        subword_size=subword_size,
        boundaries=boundaries,
        boundary_size=boundary_size,
    )
    encoder = RecurrentEncoder(
        cell=cell,
        input_size=features.size,
        hidden_size=hidden_size,
        layers=layers,
        dropout=input_dropout,
        direction=direction,
        residual=residual,
        truncation=truncation,
    )
    if task == "ner":
        return Tagger(features=features, encoder=encoder, labels=labels, dropout=dropout)
    wide = Wide(ngrams=ngrams, labels=len(labels)) if ngrams else None
    return Classifier(
        features=features,
        encoder=encoder,
        wide=wide,
        labels=labels,
        dropout=dropout,
        label_smoothing=label_smoothing,
    )
