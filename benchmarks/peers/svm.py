"""TF-IDF of n-grams into a linear support vector machine, with scikit-learn."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

from benchmarks.system import EXHAUSTED, Budget, Curve, Examples, Point, Trained
from nlp_rnn.schema import Example

PENALTIES = (0.1, 0.3, 1.0, 0.03, 3.0)  # C; dev chooses
SHARES = (0.1, 0.3)  # of the training set, for the dev curve, outside the training's time


def train(
    dataset: str, examples: Examples, *, language: str, task: str, seed: int, budget: Budget
) -> Trained:
    """Fits once for each penalty; there is nothing more to spend time on.

    Args:
        dataset, task, budget: not used: this peer classifies, and takes seconds.
        examples: the splits. language: which chooses the n-grams. seed: of the solver's order.
    """
    import sklearn.feature_extraction.text
    import sklearn.svm  # noqa: F401

    curve = Curve()
    fits = []
    for penalty in PENALTIES:
        before = curve.cpu_s()
        pipeline = _fit(examples["train"], language, penalty, seed)
        spent = curve.cpu_s() - before
        dev = _accuracy(pipeline, examples["dev"])
        curve.add(f"C {penalty}", dev)
        fits.append((dev, spent, pipeline, penalty))
    total = curve.cpu_s()
    dev, spent, pipeline, penalty = max(fits, key=lambda fit: fit[0])
    points = []
    for share in SHARES:
        part = examples["train"][: max(1, int(share * len(examples["train"])))]
        if len({example.label for example in part}) < 2:
            continue
        before = curve.cpu_s()
        early = _fit(part, language, penalty, seed)
        at = curve.cpu_s() - before
        points.append(Point(f"{share:.0%} of train", at, _accuracy(early, examples["dev"])))
    points.append(Point("all of train", spent, dev))
    return Trained(
        predict=lambda wanted, _: _predict(pipeline, wanted),
        curve=points,
        cpu_s=spent,
        total_cpu_s=total,
        ended=EXHAUSTED,
        model_bytes=len(pickle.dumps(pipeline)),
        settings={"C": penalty, "features": len(pipeline[0].vocabulary_)},
    )


def _fit(train: Sequence[Example], language: str, penalty: float, seed: int) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    if language == "zh":
        vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    else:
        vectorizer = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True)
    pipeline = make_pipeline(vectorizer, LinearSVC(C=penalty, random_state=seed))
    return pipeline.fit(_texts(train), [example.label for example in train])


def _accuracy(pipeline: Any, examples: Sequence[Example]) -> float:
    return float(pipeline.score(_texts(examples), [example.label for example in examples]))


def _predict(pipeline: Any, wanted: Sequence[Example]) -> list[str]:
    return [str(label) for label in pipeline.predict(_texts(wanted))]


def _texts(examples: Sequence[Example]) -> list[str]:
    return [example.text or "" for example in examples]
