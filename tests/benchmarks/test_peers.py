"""The peers that this project's environment has packages for, on a handful of sentences."""

from __future__ import annotations

import pytest

from benchmarks.peers import crfsuite, svm
from benchmarks.peers.features import chinese, english
from benchmarks.peers.spans import to_bio
from benchmarks.system import EXHAUSTED, Budget
from nlp_rnn.schema import Example
from nlp_rnn.text.labels import spans

CITIES = ["Rome", "Oslo", "Paris", "Quito", "Lima"]


def sentences(count: int) -> list[Example]:
    return [
        Example(
            f"{i}",
            f"f:{i}",
            tokens=("Ana", "flew", "to", CITIES[i % 5], "."),
            tags=("B-PER", "O", "O", "B-LOC", "O"),
        )
        for i in range(count)
    ]


def test_crfsuite_learns_twenty_sentences() -> None:
    examples = {"train": sentences(20), "dev": sentences(5), "test": sentences(5)}
    trained = crfsuite.train("toy", examples, language="en", task="ner", seed=13, budget=Budget())
    unseen = Example("1", "f:1", tokens=("Ana", "flew", "to", "Cairo", "."), tags=("O",) * 5)
    assert trained.predict([unseen], 1) == [["B-PER", "O", "O", "B-LOC", "O"]]
    assert [point.step for point in trained.curve] == [
        "5 iterations",
        "15 iterations",
        "40 iterations",
        "100 iterations",
    ]
    assert trained.curve[-1].dev == 1
    assert trained.curve[-1].cpu_s == trained.cpu_s <= trained.total_cpu_s
    assert len(trained.settings["tried"]) == 1


def test_crfsuite_tries_all_penalties_when_there_is_time() -> None:
    examples = {"train": sentences(20), "dev": sentences(5), "test": sentences(5)}
    trained = crfsuite.train("toy", examples, language="en", task="ner", seed=13, budget=Budget(least=60))
    assert len(trained.settings["tried"]) == len(crfsuite.PENALTIES)
    assert trained.ended == EXHAUSTED


@pytest.mark.parametrize(
    ("language", "good", "bad"), [("en", "fine good", "poor bad"), ("zh", "很好", "不好")]
)
def test_the_svm_learns_words_and_characters(language: str, good: str, bad: str) -> None:
    texts = [Example(f"{i}", "f:1", text=(bad, good)[i % 2], label=f"{i % 2}") for i in range(20)]
    examples = {"train": texts, "dev": texts[:4], "test": texts[:4]}
    trained = svm.train("toy", examples, language=language, task="sentiment", seed=1, budget=Budget())
    assert trained.predict(texts[:4], 1) == ["0", "1", "0", "1"]
    assert trained.curve[-1].dev == 1


def test_english_features_see_two_words_to_either_side() -> None:
    (row, *_) = english(["McDonald", "ate", "in", "Rome"])
    assert {"w=mcdonald", "+1w=ate", "+2w=in", "-1w=<>", "bg+=mcdonald|ate", "csh=XxXx", "+1csh=x"} <= set(
        row
    )
    assert {"+1ti", "ti", "up", "di", "hy"}.isdisjoint(row)
    assert {"ti", "-1csh=x"} <= set(english(["in", "Rome"])[1])


def test_chinese_features_see_pairs_and_three_in_a_row() -> None:
    row = chinese(list("王小明去"))[1]
    assert {"c-1=王", "c0=小", "c2=去", "b-1=王小", "b1=明去", "t=王小明", "c-2=<>"} <= set(row)
    assert "dig" in chinese(["3"])[0]


def test_entities_become_the_tags_that_they_came_from() -> None:
    tags = ["B-PER", "I-PER", "B-PER", "O", "B-LOC"]
    assert to_bio(5, spans(tags)) == tags
