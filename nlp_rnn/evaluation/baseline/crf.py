"""The linear baseline of tagging: a conditional random field on hand-made features, with CRFsuite.

Lafferty, McCallum and Pereira, ICML 2001; Okazaki, https://www.chokkan.org/software/crfsuite/.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nlp_rnn.evaluation.baseline.features import FEATURES
from nlp_rnn.schema import DataError, Example

NAME = "crfsuite"
_OPTIONS = {"c1": 0.1, "c2": 0.01, "max_iterations": 100, "feature.possible_transitions": True}


class LinearTagger:
    """A fitted conditional random field."""

    def __init__(self, tagger: Any, language: str) -> None:
        """Wraps an open ``pycrfsuite.Tagger`` whose features are those of a language."""
        self._tagger = tagger
        self._features = FEATURES[language]

    def predict(self, sentences: Iterable[Sequence[str]]) -> list[list[str]]:
        """BIO tags, one for each token of each sentence."""
        return [self._tagger.tag(self._features(tokens)) if tokens else [] for tokens in sentences]


def fit_tagger(train: Sequence[Example], *, language: str) -> LinearTagger:
    """Fits the tagger with L-BFGS; the same examples in the same order give the same tagger.

    Args:
        train: examples with tokens and BIO tags.
        language: ``en`` or ``zh``, which chooses the features.

    Raises:
        DataError: no token to learn from.
    """
    import pycrfsuite

    features = FEATURES[language]
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", params=_OPTIONS, verbose=False)
    learnable = [(example.tokens, example.tags) for example in train if example.tokens and example.tags]
    if not learnable:
        raise DataError("the training set holds no token, so there is nothing to learn from.")
    for tokens, tags in learnable:
        trainer.append(features(tokens), tags)
    tagger = pycrfsuite.Tagger()
    with tempfile.TemporaryDirectory() as folder:  # CRFsuite writes models to files only
        path = str(Path(folder) / "crf")
        trainer.train(path)
        tagger.open(path)  # `open_inmemory` would point into bytes that Python has freed by then
    return LinearTagger(tagger, language)
