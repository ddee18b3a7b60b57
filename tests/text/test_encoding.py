"""Tokens into arrays, and arrays into padded batches: every id is where it belongs."""

import zlib
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp_rnn.text import ngrams
from nlp_rnn.text.batches import batches, gather, plan
from nlp_rnn.text.encoding import MAX_CHARACTERS, Encoded, Encoder, shape_of
from nlp_rnn.text.tokenizer import UNKNOWN, build

SENTENCES = [["Rome", "is", "Rome"], ["a"], [], ["the", "is", "unseen", "Rome", "x" * 50]]


@pytest.fixture
def encoder() -> Encoder:
    return Encoder(
        build([["rome", "is", "a", "the"]], lowercase=True, min_count=1),
        "Raeimostx",
        bigrams=64,
        subwords=32,
        segmenter="jieba",
        ngrams=ngrams.learn([["Rome", "is", "a", "the"], ["rome", "is", "a"]], longest=3, most=100),
        longest=3,
    )


def test_each_token_keeps_its_word_and_spelling(encoder: Encoder) -> None:
    encoded = encoder.encode(SENTENCES)
    vocabulary = build([["rome", "is", "a", "the"]], lowercase=True, min_count=1).get_vocab()
    assert encoded.lengths.tolist() == [3, 1, 1, 5]  # an empty sentence counts as one unknown token
    words = encoded.words[encoded.forms]
    assert words.tolist() == [
        *(vocabulary[w] for w in ("rome", "is", "rome", "a")),
        UNKNOWN,
        *(vocabulary[w] for w in ("the", "is")),
        UNKNOWN,
        vocabulary["rome"],
        UNKNOWN,
    ]
    assert encoded.characters[encoded.forms[0]].tolist()[:6] == [0, 2, 7, 6, 4, 0]  # R o m e
    assert (encoded.characters[encoded.forms[-1]] != 0).sum() == MAX_CHARACTERS
    assert encoded.forms[0] == encoded.forms[2]
    assert encoded.words[0] == encoded.characters[0].sum() == 0


def test_batches_hold_what_the_flat_arrays_hold(encoder: Encoder, tmp_path) -> None:
    encoded = replace(encoder.encode(SENTENCES), tags=np.arange(10, dtype=np.int32))
    encoded.save(tmp_path)
    loaded = Encoded.load(tmp_path)
    seen = []
    for batch in batches(loaded, tokens=6):
        for row, index in enumerate(batch.indexes):
            seen.append(int(index))
            length, start = int(batch.lengths[row]), int(encoded.starts[index])
            inside = slice(start, start + length)
            assert (
                batch.words[batch.forms[row, :length]].tolist()
                == encoded.words[encoded.forms[inside]].tolist()
            )
            assert (batch.forms[row, length:] == 0).all()
            assert batch.tags[row, :length].tolist() == list(range(start, start + length))
            assert batch.boundaries[row, :length].tolist() == encoded.boundaries[inside].tolist()
            assert (batch.boundaries[row, length:] == 0).all()
            pairs = encoded.bigrams[start + index : start + index + length + 1]
            assert batch.bigrams[row, : length + 1].tolist() == pairs.tolist()
            assert (batch.bigrams[row, length + 1 :] == 0).all()
            grams = encoded.ngrams[3 * start : 3 * (start + length)]
            assert batch.ngrams[row, : 3 * length].tolist() == grams.tolist()
            assert (batch.ngrams[row, 3 * length :] == 0).all()
    assert sorted(seen) == [0, 1, 2, 3]


def test_a_pair_is_hashed_by_its_lower_case_text_and_the_edges_are_empty(encoder: Encoder) -> None:
    sentences = [["Rome", "IS"], [], ["好", "is"]]
    pairs = [
        ("", "rome"),
        ("rome", "is"),
        ("is", ""),
        ("", ""),
        ("", ""),
        ("", "好"),
        ("好", "is"),
        ("is", ""),
    ]
    expected = [1 + zlib.crc32(f"{left}\x1f{right}".encode()) % 63 for left, right in pairs]
    assert encoder.encode(sentences).bigrams.tolist() == expected


def test_the_only_sentence_makes_the_batch_that_it_makes_among_others(encoder: Encoder) -> None:
    for tokens in SENTENCES:
        encoded = encoder.encode([tokens])
        tagged = replace(encoded, tags=np.arange(len(encoded.forms)), labels=np.array([1]))
        (alone,) = batches(tagged, tokens=100)
        gathered = gather(tagged, np.array([0]))
        for field in fields(gathered):
            one, other = getattr(alone, field.name), getattr(gathered, field.name)
            assert one.dtype == other.dtype
            assert one.tolist() == other.tolist()


def test_tags_and_labels_are_told_apart_when_all_sentences_have_one_token(encoder: Encoder) -> None:
    encoded = encoder.encode([["a"], ["is"]])
    assert gather(replace(encoded, tags=np.array([3, 4])), np.array([1, 0])).tags.tolist() == [[4], [3]]
    assert gather(replace(encoded, labels=np.array([3, 4])), np.array([1, 0])).labels.tolist() == [4, 3]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.integers(1, 100), st.integers(0, 3))
def test_a_plan_takes_each_sentence_once_within_the_budget(lengths, tokens, seed) -> None:
    sizes = np.array(lengths)
    for rng in (None, np.random.default_rng(seed)):
        chosen = plan(sizes, tokens, rng)
        assert sorted(np.concatenate(chosen).tolist()) == list(range(len(sizes)))
        assert all(len(batch) == 1 or sizes[batch].max() * len(batch) <= tokens for batch in chosen)


def test_the_same_seed_plans_the_same_batches() -> None:
    lengths = np.random.default_rng(0).integers(1, 30, 200)
    first, second, other = (plan(lengths, 100, np.random.default_rng([7, epoch])) for epoch in (1, 1, 2))
    assert [batch.tolist() for batch in first] == [batch.tolist() for batch in second]
    assert [batch.tolist() for batch in first] != [batch.tolist() for batch in other]


@pytest.mark.parametrize(
    ("form", "shape"),
    [
        *(("@Ana", 1), ("1999", 2), ("rome", 3), ("b2b", 3), ("USA", 4), ("I", 5), ("Rome", 6)),
        *(("McRae", 7), ("3D-x", 8), ("...", 9), ("", 9), ("高", 10)),
    ],
)
def test_shapes(form: str, shape: int) -> None:
    assert shape_of(form) == shape


def test_a_service_does_not_grow_with_what_it_is_asked(encoder: Encoder, monkeypatch) -> None:
    monkeypatch.setattr("nlp_rnn.text.encoding._CACHED_FORMS", 10)
    encoder.encode([[f"w{i}" for i in range(95)]])
    assert len(encoder._known) <= 10
