"""Vectors from text: the figures of the formula, the same bits each time, and like words near each other."""

from collections import defaultdict
from math import log

import numpy as np
import pytest

from nlp_rnn.text.encoding import Encoded, Encoder
from nlp_rnn.text.tokenizer import build
from nlp_rnn.training import ppmi

TEXTS = [text.split() for text in ("a b c a d e f g", "b a", "c", "g f e d a b")]


def encode(texts: list[list[str]]) -> tuple[Encoded, dict[str, int]]:
    tokenizer = build(texts, lowercase=True, min_count=1)
    return Encoder(tokenizer, "").encode(texts), tokenizer.get_vocab()


def by_hand(texts: list[list[str]], ids: dict[str, int]) -> np.ndarray:
    """Positive pointwise mutual information, pair by pair, as the formula has it."""
    counts: dict[tuple[str, str], float] = defaultdict(float)
    for text in texts:
        for i, word in enumerate(text):
            for j, other in enumerate(text):
                if i != j and abs(i - j) <= 5:
                    counts[word, other] += 1 / abs(i - j)
    total = sum(counts.values())
    each: dict[str, float] = defaultdict(float)
    for (word, _), count in counts.items():
        each[word] += count
    smooth = sum(count**0.75 for count in each.values())
    matrix = np.zeros((len(ids), len(ids)))
    for (word, other), count in counts.items():
        chance = (each[word] / total) * (each[other] ** 0.75 / smooth)
        matrix[ids[word], ids[other]] = max(0.0, log(count / total / chance))
    return matrix


@pytest.mark.parametrize("chunk", [ppmi.CHUNK, 3])
def test_information_is_that_of_the_formula(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(ppmi, "CHUNK", chunk)
    encoded, ids = encode(TEXTS)
    found = ppmi._positive_information(ppmi._counts([encoded], len(ids))).toarray()
    np.testing.assert_allclose(found, by_hand(TEXTS, ids), atol=1e-5)
    assert (found > 0).any()


def test_corpora_add_up() -> None:
    together, ids = encode(TEXTS * 2)
    once = Encoder(build(TEXTS * 2, lowercase=True, min_count=1), "").encode(TEXTS)
    expected = ppmi._counts([together], len(ids)).toarray()
    np.testing.assert_allclose(ppmi._counts([once, once], len(ids)).toarray(), expected, rtol=1e-6)


def test_words_of_like_contexts_get_like_vectors_and_the_same_bits_each_time() -> None:
    rng = np.random.default_rng(3)
    classes = [[f"{kind}{letter}" for letter in "abcdefgh"] for kind in "xyz"]
    texts = [[str(rng.choice(kind)) for kind in classes for _ in range(2)] for _ in range(400)]
    encoded, ids = encode(texts)
    first = ppmi.vectors([encoded], words=len(ids), size=6)
    assert first.tobytes() == ppmi.vectors([encoded], words=len(ids), size=6).tobytes()
    rows = {kind: first[[ids[f"{kind}{letter}"] for letter in "abcdefgh"]] for kind in "xyz"}
    np.testing.assert_allclose(np.linalg.norm(rows["x"], axis=1), 1, rtol=1e-5)
    assert (rows["x"] @ rows["x"].T).mean() > (rows["x"] @ rows["z"].T).mean() + 0.3


def test_words_without_any_context_get_zeros() -> None:
    encoded, ids = encode([["alone"], ["lonely"]])
    assert not ppmi.vectors([encoded], words=len(ids), size=4).any()


@pytest.mark.parametrize("tokens", [1, 2, 3, 4])
def test_a_text_shorter_than_a_window_has_vectors_too(tokens: int) -> None:
    encoded, ids = encode([["a", "b", "c", "d"][:tokens]])
    assert np.isfinite(ppmi.vectors([encoded], words=len(ids), size=4)).all()


def test_more_numbers_than_words_are_zeros() -> None:
    encoded, ids = encode(TEXTS)
    found = ppmi.vectors([encoded], words=len(ids), size=50)
    assert found.shape == (len(ids), 50)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.linalg.norm(found[2:], axis=1), 1, rtol=1e-5)
