"""Both linear models, on data that is small but holds a rule to learn."""

import json
import os
import subprocess
import sys

import pytest

from nlp_rnn.evaluation.baseline.crf import fit_tagger
from nlp_rnn.evaluation.baseline.svm import fit_classifier
from nlp_rnn.schema import DataError, Example

NAMES = {
    "en": ["Ann Lee", "Bo Chan", "Cy Diaz", "Di Ochoa"],
    "zh": ["王 小 明", "李 大 山", "王 大 明", "李 小 明", "王 小 山", "李 大 明", "李 小 山"],
}
FRAMES = {
    "en": ["yesterday {} came home", "we met {} .", "{} left"],
    "zh": ["昨 天 {} 来 了", "我 见 {}", "{} 走 了"],
}
WORDS = {
    "en": {"good": ["a lovely film", "lovely and warm"], "bad": ["a dull film", "dull and cold"]},
    "zh": {"good": ["房间很好", "服务很好"], "bad": ["房间太差", "服务太差"]},
}


def tagged(language):
    for name in NAMES[language]:
        for frame in FRAMES[language]:
            before, after = frame.split("{}")
            tokens = [*before.split(), *name.split(), *after.split()]
            inside = ["B-PER", *["I-PER"] * (len(name.split()) - 1)]
            tags = ["O"] * len(before.split()) + inside + ["O"] * len(after.split())
            yield Example("", "", tokens=tuple(tokens), tags=tuple(tags))


def labeled(language):
    for label, texts in WORDS[language].items():
        for text in texts * 3:
            yield Example("", "", text=text, label=label)


def everything():
    """What both models say in both languages; run in processes of its own below."""
    said = {}
    for language in ("en", "zh"):
        sentences, texts = list(tagged(language)), list(labeled(language))
        tagger = fit_tagger(sentences[:-3], language=language)
        classifier = fit_classifier(texts, texts[:2], language=language)
        said[language] = [
            tagger.predict(example.tokens for example in sentences),
            [tagger._tagger.marginal("O", t) for t in range(3)],  # of the last one: to the last digit
            classifier.predict(example.text for example in texts),
            classifier._machine.coef_.tolist(),
        ]
    return said


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_tagger_learns_and_generalizes(language):
    sentences = list(tagged(language))
    model = fit_tagger(sentences[:-3], language=language)  # the last name is in none of these

    unseen = sentences[-3:]
    assert model.predict(example.tokens for example in unseen) == [list(example.tags) for example in unseen]
    assert model.predict([(), ("Ann",)])[0] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_classifier_learns_and_takes_empty_texts(language):
    texts = list(labeled(language))
    model = fit_classifier([*texts, Example("", "", text="", label="bad")], texts[:2], language=language)

    assert model.predict(example.text for example in texts) == [example.label for example in texts]
    assert model.predict([""])[0] in ("good", "bad")


def test_the_penalty_is_the_best_on_dev_and_the_smallest_of_equals():
    texts = list(labeled("en"))

    assert fit_classifier(texts, texts, language="en")._machine.C == 0.1


def test_nothing_to_learn_from_is_an_error():
    with pytest.raises(DataError, match="no token"):
        fit_tagger([], language="en")
    with pytest.raises(DataError, match="fewer than two labels"):
        fit_classifier([Example("", "", text="a", label="good")], [], language="en")
    empty = [Example("", "", text="", label=label) for label in ("good", "bad")]
    with pytest.raises(DataError, match="too few words"):
        fit_classifier(empty, empty, language="en")


def test_two_processes_fit_the_same_models():
    program = (
        "import json, runpy; print(json.dumps(runpy.run_path(r'"
        + __file__
        + "')['everything'](), sort_keys=True))"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert outputs[0] == outputs[1]
    assert set(json.loads(outputs[0])) == {"en", "zh"}
