"""N-grams: their keys, which ones are kept, and their ids."""

from __future__ import annotations

import zlib

import numpy as np

from nlp_rnn.text import ngrams


def test_a_text_has_an_n_gram_or_has_it_not() -> None:
    twice, thrice = (ngrams.keys(["so"] * count, 2) for count in (2, 3))
    assert (len(twice), len(thrice)) == (4, 6)
    assert {*twice} == {*thrice}
    assert len({*thrice} - {0}) == 2  # so, so so


def test_case_and_the_bounds_of_tokens() -> None:
    assert ngrams.keys(["Not", "GOOD"], 3) == ngrams.keys(["not", "good"], 3)
    assert {*ngrams.keys(["ab", "c"], 2)} & {*ngrams.keys(["a", "bc"], 2)} == {0}


def test_a_key_is_the_hash_of_the_whole_run() -> None:
    runs = ["not", "so", "bad", "not\x1fso", "so\x1fbad", "not\x1fso\x1fbad"]
    hashes = [zlib.crc32(run.encode()) for run in runs]
    assert ngrams.keys(["Not", "so", "bad"], 4) == [*hashes[:5], 0, hashes[5], 0, 0, 0, 0, 0]


def test_what_the_most_texts_have_is_learned_first() -> None:
    texts = [["a", "b"], ["a", "c"], ["a", "c"], ["d", "d"]]
    known = ngrams.learn(texts, longest=2, most=100)
    assert known.dtype == np.uint32
    assert (np.diff(known.astype(np.int64)) > 0).all()
    assert {*known.tolist()} == {key for tokens in texts for key in ngrams.keys(tokens, 2)} - {0}
    three = ngrams.learn(texts, longest=2, most=3)
    assert {*three.tolist()} == {*ngrams.keys(["a", "c"], 2)} - {0}  # a, c, a c: what two texts have
    assert ngrams.learn(texts, longest=2, most=1).tolist() == ngrams.keys(["a"], 1)


def test_ids_begin_at_one_and_zero_is_unknown() -> None:
    known = np.array([5, 9, 4_000_000_000], np.uint32)
    found = np.array([9, 0, 4_000_000_000, 7, 5, 4_294_967_295], np.uint32)
    assert ngrams.lookup(found, known).tolist() == [2, 0, 3, 0, 1, 0]


def test_packed_keys_are_the_same_again() -> None:
    known = ngrams.learn([["a", "b"], ["a", "b", "c"]], longest=3, most=100)
    assert ngrams.unpack(ngrams.pack(known)).tolist() == known.tolist()
    assert len(ngrams.unpack(ngrams.pack(ngrams.NONE))) == 0
