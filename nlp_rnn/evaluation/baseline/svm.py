"""The linear baseline of sentiment: TF-IDF of n-grams into a support vector machine.

Wang and Manning, Baselines and Bigrams, ACL 2012.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nlp_rnn.schema import DataError, Example
from nlp_rnn.text import tokenizer

NAME = "tfidf-svm"
PENALTIES = (0.1, 0.3, 1.0)  # C; a tie on dev goes to the smallest, which smooths most


class LinearClassifier:
    """A fitted n-gram classifier."""

    def __init__(self, vectorizer: Any, machine: Any) -> None:
        """Wraps a fitted vectorizer and a fitted linear machine of scikit-learn."""
        self._vectorizer = vectorizer
        self._machine = machine

    def predict(self, texts: Iterable[str]) -> list[str]:
        """One label for each text, an empty one too."""
        return [str(label) for label in self._machine.predict(self._vectorizer.transform(texts))]


def fit_classifier(train: Sequence[Example], dev: Sequence[Example], *, language: str) -> LinearClassifier:
    """Fits one machine for each penalty and keeps the one with the best accuracy on dev.

    Args:
        train, dev: examples with text and label.
        language: ``en`` counts words and pairs of words, ``zh`` one to three characters in a row.

    Raises:
        DataError: fewer than two labels, or no n-gram, to learn from.
    """
    from sklearn.svm import LinearSVC

    labels = [example.label for example in train]
    if len(set(labels)) < 2:
        raise DataError("the training set holds fewer than two labels, so there is nothing to learn.")
    vectorizer = _vectorizer(language)
    try:
        inputs = vectorizer.fit_transform(_texts(train))
    except ValueError as error:  # scikit-learn's only word for an empty vocabulary
        raise DataError(f"the training texts share too few words to learn from ({error})") from None
    held_out = vectorizer.transform(_texts(dev))
    gold = [example.label for example in dev]
    machines = [LinearSVC(C=penalty, random_state=0).fit(inputs, labels) for penalty in PENALTIES]
    best = max(machines, key=lambda machine: sum(a == b for a, b in zip(machine.predict(held_out), gold)))
    return LinearClassifier(vectorizer, best)


def _vectorizer(language: str) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    if language == "zh":
        return TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    cutter = tokenizer.build(None, lowercase=True, min_count=1)
    return TfidfVectorizer(
        tokenizer=lambda text: [token.text for token in tokenizer.split(cutter, text)],
        token_pattern=None,
        ngram_range=(1, 2),
        sublinear_tf=True,
    )


def _texts(examples: Sequence[Example]) -> list[str]:
    return [example.text or "" for example in examples]
