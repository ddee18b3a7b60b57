"""The hand-written test sets say what they claim, and the generators never saw them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from nlp_rnn.data import readers
from nlp_rnn.data.demo import GENERATORS, ner_en, ner_zh
from nlp_rnn.schema import Example
from nlp_rnn.text.labels import illegal, spans

DEMO = Path(__file__).parents[3] / "data" / "demo"
NER = {"en": ner_en, "zh": ner_zh}
RUNS = [*GENERATORS]


def hand_written(task: str, language: str, split: str = "test") -> list[Example]:
    suffix = {"ner": "conll", "sentiment": "jsonl"}[task]
    path = DEMO / f"{task}-{language}" / f"{split}.{suffix}"
    return list(readers.read(path, task=task, split=split))


def text_of(example: Example, language: str) -> str:
    return example.text or ("" if language == "zh" else " ").join(example.tokens or ())


@pytest.mark.parametrize(("task", "language"), RUNS)
def test_there_are_enough_sentences_and_all_differ(task: str, language: str) -> None:
    texts = [text_of(example, language) for example in hand_written(task, language)]
    assert len(texts) >= 150
    texts += [text_of(example, language) for example in hand_written(task, language, "dev")]
    grams = [{text[i : i + 5] for i in range(len(text) - 4)} for text in texts]
    for (i, a), (j, b) in combinations(enumerate(grams), 2):
        assert 2 * len(a & b) <= min(len(a), len(b)), f"{texts[i]!r} and {texts[j]!r} are near copies"


@pytest.mark.parametrize("language", NER)
def test_entities_are_many_legal_and_mostly_unknown_to_the_word_lists(language: str) -> None:
    found, types = [], Counter[str]()
    for example in hand_written("ner", language, "dev"):
        assert not illegal(example.tags or ())
    for example in hand_written("ner", language):
        assert example.tokens is not None
        assert example.tags is not None
        assert not illegal(example.tags)
        for start, end, label in spans(example.tags):
            found.append(("" if language == "zh" else " ").join(example.tokens[start:end]))
            types[label] += 1
    assert {*types} == {"PER", "ORG", "LOC"}
    assert min(types.values()) >= 10
    known = set(NER[language].surfaces())
    assert sum(surface in known for surface in found) <= 0.2 * len(found)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sentiment_is_balanced(language: str) -> None:
    labels = Counter(example.label for example in hand_written("sentiment", language))
    assert {*labels} == {"negative", "positive"}
    assert min(labels.values()) >= 0.4 * labels.total()


@pytest.mark.parametrize(("task", "language"), RUNS)
def test_no_hand_written_sentence_is_generated(task: str, language: str) -> None:
    own = {text_of(example, language) for example in hand_written(task, language)}
    joint = "" if language == "zh" else " "
    for made, _ in GENERATORS[task, language](3000, 13):
        assert (made if isinstance(made, str) else joint.join(made)) not in own


@pytest.mark.parametrize(("task", "language"), RUNS)
def test_generated_text_is_a_pure_function_of_its_seed(task: str, language: str) -> None:
    code = (
        "import hashlib, json; from nlp_rnn.data.demo import GENERATORS;"
        f"made = list(GENERATORS[{task!r}, {language!r}](300, 5));"
        "print(hashlib.sha256(json.dumps(made).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(DEMO.parents[1])},
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "77")
    }
    assert len(digests) == 1
    generate = GENERATORS[task, language]
    assert json.dumps([*generate(50, 5)]) != json.dumps([*generate(50, 6)])


@pytest.mark.parametrize(("task", "language"), RUNS)
def test_generated_text_hardly_repeats_itself(task: str, language: str) -> None:
    made = [json.dumps(text, ensure_ascii=False) for text, _ in GENERATORS[task, language](2000, 13)]
    assert len(set(made)) > 0.95 * len(made)


@pytest.mark.parametrize("language", NER)
def test_generated_tags_are_legal_and_some_sentences_name_nobody(language: str) -> None:
    made = [*NER[language].generate(2000, 13)]
    assert all(len(tokens) == len(tags) and not illegal(tags) for tokens, tags in made)
    assert 0.15 < sum(not spans(tags) for _, tags in made) / len(made) < 0.3
