"""Behaviour tests: changes keep what they must, the same seed makes the same cases, failures are found."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp_rnn.evaluation.behaviour import Case, check, make
from nlp_rnn.evaluation.behaviour.changes import CHANGES
from nlp_rnn.schema import Example
from nlp_rnn.text.labels import spans


def tagged(tokens: str, tags: str) -> Example:
    return Example(tokens, "f:1", tokens=tuple(tokens.split()), tags=tuple(tags.split()))


TAGGED = {
    "en": [
        tagged("Maria Lopez reached Rome in 1984 .", "B-PER I-PER O B-LOC O O O"),
        tagged("Bo Lee never left Oslo !", "B-PER I-PER O O B-LOC O"),
        tagged("", ""),
    ],
    "zh": [
        tagged("王 明 在 北 京 住 了 2 4 年 。", "B-PER I-PER O B-LOC I-LOC O O O O O O"),
        tagged("李 华 去 上 海 !", "B-PER I-PER O B-LOC I-LOC O"),
    ],
}
TEXTS = {
    "en": [
        Example("1", "f:1", text="I do not like the 27 chapters of this book.", label="negative"),
        Example("2", "f:2", text="It's a wonderful place!", label="positive"),
        Example("3", "f:3", text="", label="negative"),
    ],
    "zh": [Example("1", "f:1", text="房间很小，住了24天。OK", label="negative")],
}
NAMES = {
    ("ner", "en"): {"typos", "lower_case", "upper_case", "digits", "punctuation", "other_names", "addition"},
    ("ner", "zh"): {"digits", "punctuation", "width", "other_names", "addition"},
    ("sentiment", "en"): {
        *("typos", "lower_case", "upper_case", "digits", "punctuation", "contraction", "addition", "negation")
    },
    ("sentiment", "zh"): {"digits", "width", "addition", "negation"},
}


@pytest.mark.parametrize(("task", "language"), NAMES)
def test_every_capability_has_cases_and_the_same_seed_makes_the_same_ones(task: str, language: str) -> None:
    examples = (TAGGED if task == "ner" else TEXTS)[language]
    found = make(task, language, examples)
    assert set(found) == NAMES[task, language]
    assert make(task, language, examples) == found
    assert make(task, language, examples * 30, seed=1) != make(task, language, examples * 30, seed=2)
    assert all(len(cases) <= 5 for cases in make(task, language, examples * 30, most=5).values())
    assert all(case.before != case.after for cases in found.values() for case in cases)


@pytest.mark.parametrize("language", TAGGED)
def test_tags_stay_with_their_tokens(language: str) -> None:
    for name, cases in make("ner", language, TAGGED[language] * 5).items():
        for case in cases:
            before, after = case.before, case.after
            assert before.tags is not None
            assert before.tokens is not None
            assert after.tokens is not None
            assert after.tags == ("O",) * case.prefix + before.tags
            assert len(after.tokens) == len(after.tags)
            if name in ("typos", "digits", "punctuation", "addition"):  # entities read as before
                for start, end, _ in spans(before.tags):
                    there = after.tokens[start + case.prefix : end + case.prefix]
                    assert there == before.tokens[start:end]


def test_another_name_is_of_the_same_type_and_length() -> None:
    for case in make("ner", "en", TAGGED["en"])["other_names"]:
        assert case.after.tokens is not None
        names = {case.after.tokens[start:end] for start, end, _ in spans(case.before.tags or ())}
        assert names in ({("Bo", "Lee"), ("Oslo",)}, {("Maria", "Lopez"), ("Rome",)})


def test_what_single_changes_do() -> None:
    def change(name: str, *tokens: str, language: str = "en") -> list[str] | None:
        return CHANGES[language][name](tokens, [True] * len(tokens), random.Random(0))

    assert sorted((change("typos", "a", "word", "wonderful") or [])[2]) == sorted("wonderful")
    assert change("typos", "word", "上海上海上海") is None
    assert change("punctuation", "Hi", ".") == ["Hi", "!"]
    assert change("punctuation", "Hi") is None
    assert change("punctuation") is None
    assert change("width", "Ａb", "1", "上", language="zh") == ["Ab", "１", "上"]
    assert change("digits", "0", "1") is None
    other = change("digits", "27", "7")
    assert other is not None
    assert other[0][1] == other[1] != "7"


@given(st.lists(st.text(max_size=6), max_size=8), st.integers(0, 9))
def test_no_change_alters_the_number_of_tokens(tokens: list[str], seed: int) -> None:
    for language, changes in CHANGES.items():
        for change in changes.values():
            after = change(tokens, [True] * len(tokens), random.Random(seed))
            assert after is None or (len(after) == len(tokens) and after != tokens), language


def test_a_model_fails_where_its_answers_do_not_belong_together() -> None:
    example = TAGGED["en"][1]
    cases = {
        "same": [Case(example, tagged("Bo Lee never left Oslo .", " ".join(example.tags or ())))],
        "prefix": [Case(example, tagged("By Bo Lee never left Oslo !", "O"), prefix=1)],
        "flips": [Case(TEXTS["en"][0], TEXTS["en"][1], flips=True)],
    }

    def steady(examples):
        return [
            ["B-PER" if token == "Bo" else "O" for token in e.tokens] if e.tokens else "positive"
            for e in examples
        ]

    def moody(examples):
        return [["O"] * (len(e.tokens) - 1) + ["B-LOC"] if e.tokens else e.label for e in examples]

    outcomes = check(steady, cases)
    assert {name: outcome.figures() for name, outcome in outcomes.items()} == {
        "same": {"cases": 1, "failed": 0, "share": 0.0},
        "prefix": {"cases": 1, "failed": 0, "share": 0.0},
        "flips": {"cases": 1, "failed": 1, "share": 1.0},
    }
    assert outcomes["flips"].answers == [("positive", "positive")]
    np.testing.assert_array_equal(outcomes["flips"].counts(), [[1, 1, 0]])
    outcomes = check(moody, cases)
    assert not outcomes["flips"].failed[0]
    assert not outcomes["same"].failed[0]


def test_no_example_no_case_but_for_negation() -> None:
    assert make("ner", "en", []) == {}
    assert set(make("sentiment", "zh", [])) == {"negation"}
