"""The one way a model predicts, in evaluation and in production alike: onnxruntime and NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from nlp_rnn.inference import package, viterbi
from nlp_rnn.schema import Example, Prediction, Span, Token
from nlp_rnn.text import batches, ngrams
from nlp_rnn.text.encoding import Encoder
from nlp_rnn.text.labels import spans, to_bio
from nlp_rnn.text.tokenizer import split

BATCH_TOKENS = 1000
CHUNK = 4096  # sentences that are encoded together, so that memory stays flat on any number of them


class Predictor:
    """A loaded package. Which batch a sentence is in never changes its answer."""

    def __init__(self, folder: Path) -> None:
        """
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
            else viterbi.Transitions(**{name: np.array(values, np.float32) for name, values in crf.items()})
        )
        # In BIO a label reads as the one before it has it; a sentence begins as if after O, the first label.
        self._bio_after = (
            [[to_bio(pair, "BIOES")[1] for pair in product([before], self.labels)] for before in self.labels]
            if self._crf is not None
            else []
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # An arena would keep what the longest document took, and plans of memory are for shapes that recur.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = [value.name for value in self._session.get_inputs()]

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Named entities, or a label, for each text; offsets are into the text as it was given."""
        tokens = [split(self._tokenizer, text) for text in texts]
        outputs = self._outputs([[token.text for token in sentence] for sentence in tokens])
        if self._crf is None:
            return [self._classified(text, logits) for text, logits in zip(texts, outputs)]
        return [self._tagged(*parts) for parts in zip(texts, tokens, outputs)]

    def predict_examples(self, examples: Sequence[Example]) -> list[list[str]] | list[str]:
        """BIO tags for each example's own tokens, or a label for each example's text."""
        if self._crf is None:
            texts = [example.text or "" for example in examples]
            return [prediction.label or "" for prediction in self.predict(texts)]
        tokens = [example.tokens or () for example in examples]
        return [self._bio(len(own), tags) for own, tags in zip(tokens, self._outputs(tokens))]

    def _outputs(self, sentences: Sequence[Sequence[str]]) -> Iterator[np.ndarray]:
        """For each sentence its label ids, [t], or its logits, [l]."""
        for start in range(0, len(sentences), CHUNK):
            encoded = self._encoder.encode(sentences[start : start + CHUNK])
            answers: list[np.ndarray] = [np.empty(0)] * len(encoded)
            for batch in batches.batches(encoded, BATCH_TOKENS):
                values = {name: np.ascontiguousarray(getattr(batch, name)) for name in self._inputs}
                (output,) = self._session.run(None, values)
                if self._crf is not None:
                    output = viterbi.decode(output, batch.lengths, self._crf)
                for index, answer in zip(batch.indexes, output):
                    answers[index] = answer
            yield from answers

    def _bio(self, tokens: int, ids: np.ndarray) -> list[str]:
        tags, reading = [], self._bio_after[0]
        for i in ids[:tokens].tolist():
            tags.append(reading[i])
            reading = self._bio_after[i]
        return tags

    def _tagged(self, text: str, tokens: Sequence[Token], ids: np.ndarray) -> Prediction:
        found = []
        for first, end, label in spans(self._bio(len(tokens), ids)):
            start, stop = tokens[first].start, tokens[end - 1].end
            found.append(Span(start, stop, label, text[start:stop]))
        return Prediction(text, spans=tuple(found))

    def _classified(self, text: str, logits: np.ndarray) -> Prediction:
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        scores = {label: round(float(share), 6) for label, share in zip(self.labels, shares)}
        return Prediction(text, label=self.labels[int(logits.argmax())], scores=scores)


def load(folder: Path | str) -> Predictor:
    """Loads a package folder; see :class:`Predictor`."""
    return Predictor(Path(folder))
