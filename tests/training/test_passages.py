"""Documents cut into passages: every token in its order, and the pairs of neighbours that belong to it."""

from itertools import chain

import numpy as np

from nlp_rnn.text.encoding import Encoder, hashed_pairs
from nlp_rnn.text.tokenizer import build
from nlp_rnn.training import passages

DOCUMENTS = [["a"], ["b", "c"], ["d", "e", "f", "g", "h"], ["i", "j", "k", "l", "m", "n"], ["o", "p"]]
ENCODED = Encoder(build(DOCUMENTS, lowercase=True, min_count=1), "", bigrams=1000, segmenter="jieba").encode(
    DOCUMENTS
)


def texts(encoded) -> list[str]:
    letters = dict(zip(ENCODED.forms.tolist(), chain(*DOCUMENTS)))
    pairs = zip(encoded.starts[:-1], encoded.starts[1:])
    return ["".join(letters[form] for form in encoded.forms[start:end]) for start, end in pairs]


def test_long_documents_are_cut_and_single_tokens_left_out() -> None:
    assert texts(passages.cut(ENCODED, np.arange(5), 3)) == ["bc", "def", "gh", "ijk", "lmn", "op"]
    assert texts(passages.cut(ENCODED, np.array([4, 2]), 4)) == ["op", "defg"]
    assert texts(passages.cut(ENCODED, np.arange(5), 100)) == ["bc", "defgh", "ijklmn", "op"]
    assert len(passages.cut(ENCODED, np.array([0]), 3)) == 0
    assert len(passages.cut(ENCODED, np.array([], int), 3)) == 0


def pairs(tokens: list[str]) -> np.ndarray:
    """The ids of a document's pairs of neighbours, edges included."""
    forms = np.arange(1, len(tokens) + 1)
    return hashed_pairs(["", *tokens], forms, np.array([0, len(tokens)]), 1000)


def test_each_passage_keeps_its_pairs() -> None:
    found = passages.cut(ENCODED, np.arange(5), 3)
    assert found.bigrams is not None
    starts = found.starts + np.arange(len(found.starts))  # a sentence has one pair more than tokens
    each = np.split(found.bigrams, starts[1:-1])
    assert len(found.bigrams) == starts[-1]
    second, fourth = (pairs(DOCUMENTS[number]) for number in (1, 3))
    np.testing.assert_array_equal(each[3], fourth[:4])
    np.testing.assert_array_equal(each[4], fourth[3:])
    np.testing.assert_array_equal(each[0], second)


def test_the_first_documents_up_to_a_number_of_tokens() -> None:
    assert passages.first(ENCODED, 8).tolist() == [0, 1, 2]
    assert passages.first(ENCODED, 13).tolist() == [0, 1, 2]
    assert passages.first(ENCODED, 1000).tolist() == [0, 1, 2, 3, 4]
    assert passages.first(ENCODED, 0).tolist() == [0]
