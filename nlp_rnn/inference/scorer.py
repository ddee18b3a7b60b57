"""The network as onnxruntime runs it, and its best answer: ids in, scores and label ids out."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime

from nlp_rnn.inference import viterbi
from nlp_rnn.inference.viterbi import Transitions
from nlp_rnn.text import batches
from nlp_rnn.text.batches import Batch
from nlp_rnn.text.encoding import Encoded

BATCH_TOKENS = 1000


class Scored(NamedTuple):
    """Of one sentence: each token's label, [t], and emissions, [t, l]; or its label, [1], and logits, [l]."""

    ids: np.ndarray
    scores: np.ndarray


class Scorer:
    """A loaded graph. Which batch a sentence is in never changes its answer."""

    def __init__(self, graph: Path | bytes, crf: Transitions | None) -> None:
        """
        Args:
            graph: an ONNX file, or what one holds.
            crf: of a tagger.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # An arena would keep what the longest document took, and plans of memory are for shapes that recur.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        source = graph if isinstance(graph, bytes) else str(graph)
        self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        self._inputs = [value.name for value in self._session.get_inputs()]
        self._crf = crf

    def run(self, encoded: Encoded) -> list[Scored]:
        """Answers all sentences, in their order."""
        answers: list[Scored] = [None] * len(encoded)  # type: ignore[list-item]
        for batch in batches.batches(encoded, BATCH_TOKENS):
            output = self.scores(batch)
            if self._crf is None:
                for index, logits in zip(batch.indexes, output):
                    answers[index] = Scored(logits.argmax(keepdims=True), logits)
                continue
            paths = viterbi.decode(output, batch.lengths, self._crf)
            for index, path, emissions in zip(batch.indexes, paths, output):
                answers[index] = Scored(path, emissions[: len(path)])
        return answers

    def scores(self, batch: Batch) -> np.ndarray:
        """Emissions [b, t, l], where what stands past a sentence's length means nothing, or logits [b, l]."""
        values = {name: np.ascontiguousarray(getattr(batch, name)) for name in self._inputs}
        (output,) = self._session.run(None, values)
        return output
