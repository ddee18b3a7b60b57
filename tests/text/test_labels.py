"""Tagging schemes: detection, conversion, spans; no entity is ever lost."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp_rnn.schema import DataError
from nlp_rnn.text.labels import bioes_labels, detect, illegal, may_follow, spans, to_bio, to_bioes

BIO = ("B-PER", "I-PER", "O", "B-LOC", "B-LOC", "I-LOC")


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("BIO", ("B-PER", "I-PER", "O", "B-LOC", "B-LOC", "I-LOC")),
        ("IOB1", ("I-PER", "I-PER", "O", "I-LOC", "B-LOC", "I-LOC")),
        ("BIOES", ("B-PER", "E-PER", "O", "S-LOC", "B-LOC", "E-LOC")),
        ("BMES", ("B-PER", "E-PER", "O", "S-LOC", "B-LOC", "M-LOC")),
    ],
)
def test_every_scheme_reads_as_the_same_entities(scheme: str, tags: tuple[str, ...]) -> None:
    assert detect([tags]) == scheme
    assert to_bio(tags, scheme) == BIO


def test_singles_that_touch_stay_apart() -> None:
    assert spans(to_bio(("S-PER", "S-PER", "B-PER", "E-PER", "B-PER", "E-PER"), "BIOES")) == [
        (0, 1, "PER"),
        (1, 2, "PER"),
        (2, 4, "PER"),
        (4, 6, "PER"),
    ]


@pytest.mark.parametrize("tag", ["PER", "B", "X-PER", "-", "", "O-PER", "BI-PER"])
def test_what_is_no_tag_is_named(tag: str) -> None:
    with pytest.raises(DataError, match="not a tag"):
        detect([["O", tag]])


def test_mixed_schemes_are_refused() -> None:
    with pytest.raises(DataError, match="mix"):
        detect([["B-PER", "M-PER"], ["I-PER"]])


def test_illegal_positions() -> None:
    assert illegal(["I-PER", "B-PER", "I-PER", "I-LOC", "O", "I-LOC"]) == [0, 3, 5]
    assert spans(["I-PER", "B-PER", "I-PER", "I-LOC"]) == [(1, 3, "PER")]


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["PER", "LOC", None])), max_size=12))
def test_bioes_and_back_keeps_every_span(pieces: list[tuple[int, str | None]]) -> None:
    tags: list[str] = []
    for length, label in pieces:
        tags += ["O"] * length if label is None else [f"B-{label}", *[f"I-{label}"] * (length - 1)]
    bioes = to_bioes(tags)
    assert to_bio(bioes, "BIOES") == tuple(tags)
    edged = [None, *bioes, None]
    assert all(may_follow(a, b) for a, b in pairwise(edged))


def test_transitions_between_all_labels() -> None:
    labels = bioes_labels(["LOC", "PER"])
    assert labels == ["O", "B-LOC", "I-LOC", "E-LOC", "S-LOC", "B-PER", "I-PER", "E-PER", "S-PER"]
    legal = {(a, b) for a in labels for b in labels if may_follow(a, b)}
    assert len(legal) == 2 * 2 * 2 + 5 * 5  # B, I -> I, E of the type; O, E, S -> O, B, S
    assert ("B-LOC", "E-PER") not in legal
    assert not may_follow(None, "I-LOC")
    assert not may_follow("B-LOC", None)
    assert may_follow("S-LOC", None)
