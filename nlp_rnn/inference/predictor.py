"""The one way a model predicts, in evaluation and in production alike: onnxruntime and NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from nlp_rnn.inference import marginals, package
from nlp_rnn.inference.package import FP32
from nlp_rnn.inference.scorer import Scored, Scorer
from nlp_rnn.inference.viterbi import Transitions
from nlp_rnn.schema import Example, Prediction, Span, Token
from nlp_rnn.text import ngrams
from nlp_rnn.text.encoding import Encoder
from nlp_rnn.text.labels import spans, to_bio
from nlp_rnn.text.tokenizer import split

CHUNK = 4096  # sentences that are encoded together, so that memory stays flat on any number of them


class Predictor:
    """A loaded package. Which batch a sentence is in never changes its answer."""

    def __init__(self, folder: Path, *, precision: str | None = None) -> None:
        """
        Args:
            folder: the package.
            precision: FP32 or INT8, where it shall not be what the package chose on dev.

        Raises:
            PackageError: the folder is not a whole, unchanged package.
        """
        self.digest = package.verify(folder)
        model = package.read_model(folder)
        self.task: str = model["task"]
        self.language: str = model["language"]
        self.labels: list[str] = model["labels"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._encoder = Encoder(
            self._tokenizer,
            model["characters"],
            bigrams=model["bigrams"],
            subwords=model.get("subwords", 0),  # packages made before had no word for these two
            segmenter=model.get("segmenter", "none"),
            ngrams=ngrams.unpack(model["ngrams"]),
            longest=model["ngram_length"],
        )
        crf = model.get("crf")
        self._crf = (
            None
            if crf is None
            else Transitions(**{name: np.array(values, np.float32) for name, values in crf.items()})
        )
        # In BIO a label reads as the one before it has it; a sentence begins as if after O, the first label.
        self._bio_after = (
            [[to_bio(pair, "BIOES")[1] for pair in product([before], self.labels)] for before in self.labels]
            if self._crf is not None
            else []
        )
        # Packages made before had one graph, and no temperature.
        self.precision: str = precision or model.get("precision", FP32)
        self._temperature: float = model.get("temperature", 1.0)
        self._scorer = Scorer(folder / package.GRAPHS[self.precision], self._crf)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Named entities, or a label, for each text, with how sure the model is of them.

        Offsets are into the text as it was given. Of all answers that a calibrated model is sure of to 0.9,
        nine in ten are right.
        """
        tokens = [split(self._tokenizer, text) for text in texts]
        answers = self._answers([[token.text for token in sentence] for sentence in tokens])
        if self._crf is None:
            return [self._classified(text, answer.scores) for text, answer in zip(texts, answers)]
        return list(self._tagged(texts, tokens, list(answers)))

    def predict_examples(self, examples: Sequence[Example]) -> list[list[str]] | list[str]:
        """BIO tags for each example's own tokens, or a label for each example's text."""
        if self._crf is None:
            return [self.labels[int(answer.ids[0])] for _, answer in self._examples(examples)]
        return [
            self._bio(len(example.tokens or ()), answer.ids) for example, answer in self._examples(examples)
        ]

    def confidences(self, examples: Sequence[Example]) -> list[list[float]]:
        """How sure the model is of each entity that :meth:`predict_examples` finds, or of its one label."""
        pairs = list(self._examples(examples))
        if self._crf is None:
            return [[float(self._shares(answer.scores).max())] for _, answer in pairs]
        found = [spans(self._bio(len(example.tokens or ()), answer.ids)) for example, answer in pairs]
        return self._certainty([answer for _, answer in pairs], found)

    def _examples(self, examples: Sequence[Example]) -> Iterator[tuple[Example, Scored]]:
        if self._crf is None:
            sentences: list[Sequence[str]] = [
                [token.text for token in split(self._tokenizer, example.text or "")] for example in examples
            ]
        else:
            sentences = [example.tokens or () for example in examples]
        return zip(examples, self._answers(sentences))

    def _answers(self, sentences: Sequence[Sequence[str]]) -> Iterator[Scored]:
        for start in range(0, len(sentences), CHUNK):
            yield from self._scorer.run(self._encoder.encode(sentences[start : start + CHUNK]))

    def _bio(self, tokens: int, ids: np.ndarray) -> list[str]:
        tags, reading = [], self._bio_after[0]
        for i in ids[:tokens].tolist():
            tags.append(reading[i])
            reading = self._bio_after[i]
        return tags

    def _tagged(
        self, texts: Sequence[str], tokens: Sequence[Sequence[Token]], answers: Sequence[Scored]
    ) -> Iterator[Prediction]:
        entities = [spans(self._bio(len(own), answer.ids)) for own, answer in zip(tokens, answers)]
        for text, own, found, shares in zip(texts, tokens, entities, self._certainty(answers, entities)):
            marked = []
            for (first, end, label), share in zip(found, shares):
                start, stop = own[first].start, own[end - 1].end
                marked.append(Span(start, stop, label, text[start:stop], share))
            yield Prediction(text, spans=tuple(marked))

    def _certainty(
        self, answers: Sequence[Scored], entities: Sequence[Sequence[tuple[int, int, str]]]
    ) -> list[list[float]]:
        assert self._crf is not None
        shares = marginals.shares(
            [answer.scores for answer in answers],
            [answer.ids for answer in answers],
            [[(first, end) for first, end, _ in found] for found in entities],
            self._crf,
            temperature=self._temperature,
        )
        return [[round(share, 6) for share in found] for found in shares]

    def _classified(self, text: str, logits: np.ndarray) -> Prediction:
        scores = {label: round(float(share), 6) for label, share in zip(self.labels, self._shares(logits))}
        return Prediction(text, label=self.labels[int(logits.argmax())], scores=scores)

    def _shares(self, logits: np.ndarray) -> np.ndarray:
        shares = np.exp((logits - logits.max()) / self._temperature)
        return shares / shares.sum()


def load(folder: Path | str, *, precision: str | None = None) -> Predictor:
    """Loads a package folder; see :class:`Predictor`."""
    return Predictor(Path(folder), precision=precision)
