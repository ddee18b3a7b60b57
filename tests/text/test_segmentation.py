"""Where a segmenter's words begin and end among tokens."""

import sys

import pytest

from nlp_rnn.schema import UsageError
from nlp_rnn.text.encoding import Encoder
from nlp_rnn.text.segmentation import IDS, Segmenter
from nlp_rnn.text.tokenizer import build

NEITHER, BEGINS, ENDS, BOTH = 1, 2, 3, 4


def test_each_token_knows_whether_a_word_begins_and_ends_with_it() -> None:
    found = Segmenter().boundaries([list("我在北京大学"), ["iPhone", "很", "好"], [""], ["我", "", "在"]])
    inside = [NEITHER, NEITHER]
    assert found.tolist() == [BOTH, BOTH, BEGINS, *inside, ENDS, BOTH, BOTH, BOTH, BOTH, BOTH, BOTH, BOTH]
    assert found.max() < IDS


def test_a_token_may_hold_words_or_end_inside_of_one() -> None:
    assert Segmenter().boundaries([["我在", "北", "京大学"]]).tolist() == [BOTH, BEGINS, ENDS]


def test_no_token_breaks_it() -> None:
    sentences = [["\ud800", "我"], ["\U0001f642"], [" ", "\u200b", "é"], ["好" * 10_000]]
    assert len(Segmenter().boundaries(sentences)) == sum(map(len, sentences))
    assert len(Segmenter().boundaries([])) == 0


def test_an_encoder_asks_it_once_for_each_sentence() -> None:
    encoder = Encoder(build([["我"]], lowercase=True, min_count=1), "", segmenter="jieba")
    found = encoder.encode([list("北京"), [], list("的我")]).boundaries
    assert found is not None
    assert found.tolist() == [BEGINS, ENDS, BOTH, BOTH, BOTH]


def test_a_library_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rjieba", None)
    with pytest.raises(UsageError, match=r"not installed; run `pip install nlp-rnn\[zh\]`"):
        Segmenter()
