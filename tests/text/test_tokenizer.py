"""Text into tokens: what stays whole, what is cut, and offsets that always lead back into the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from nlp_rnn.text.tokenizer import UNKNOWN, build, extend, split

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def tokens(text: str) -> list[str]:
    return [token.text for token in split(build(None, lowercase=True, min_count=1), text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ana's dog doesn't bark.", ["Ana", "'s", "dog", "does", "n't", "bark", "."]),
        (
            "U.S. GDP rose 3.5% in Rome-based firms",
            ["U.S.", "GDP", "rose", "3.5%", "in", "Rome-based", "firms"],
        ),
        ("see https://a.b/c?d=1 @ana #rome!", ["see", "https://a.b/c?d=1", "@ana", "#rome", "!"]),
        ("高勇买了iPhone15，花了8,999元。", [*"高勇买了", "iPhone15", "，", *"花了", "8,999", "元", "。"]),
        ("在2024年@小明", [*"在", "2024", *"年@小明"]),
        ("café\u00a0naïve\u2028x", ["café", "naïve", "x"]),
        ("", []),
        (" \t\n", []),
        ("🙂🙂", ["🙂", "🙂"]),
    ],
)
def test_cuts(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@given(ANY_TEXT)
def test_offsets_lead_back_into_the_text_and_nothing_but_space_is_lost(text: str) -> None:
    pieces = split(build(None, lowercase=True, min_count=1), text)
    position = 0
    for piece in pieces:
        assert text[piece.start : piece.end] == piece.text
        assert text[position : piece.start].strip() == ""
        position = piece.end
    assert text[position:].strip() == ""


def test_data_of_single_characters_is_cut_character_by_character() -> None:
    tokenizer = build([list("高勇1998"), list("男a")], lowercase=True, min_count=1)
    assert [token.text for token in split(tokenizer, "1998年 ab")] == list("1998年ab")


def test_vocabulary_is_normalized_counted_and_stable(tmp_path) -> None:
    sentences = [["Rome", "rome", "1999"], ["2024", "Oslo"]]
    tokenizer = build(sentences, lowercase=True, min_count=2)
    assert tokenizer.get_vocab() == {"<pad>": 0, "<unk>": UNKNOWN, "0000": 2, "rome": 3}
    tokenizer.save(str(tmp_path / "a.json"))
    again = Tokenizer.from_file(str(tmp_path / "a.json"))
    again.save(str(tmp_path / "b.json"))
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert split(again, "Rome's") == split(tokenizer, "Rome's")


def test_more_words_come_behind_those_of_train_the_commonest_first() -> None:
    learned = build([["Rome", "is", "Rome"]], lowercase=True, min_count=1)
    texts = [["Oslo", "is", "big"], ["oslo", "big", "rare"], ["big", "12", "34"]]
    longer = extend(learned, texts, min_count=2, most=10)
    assert longer.get_vocab() == {**learned.get_vocab(), "big": 4, "00": 5, "oslo": 6}
    assert extend(learned, texts, min_count=2, most=1).get_vocab() == {**learned.get_vocab(), "big": 4}
    assert [token.text for token in split(longer, "Oslo's big")] == ["Oslo", "'s", "big"]
    assert extend(learned, [], min_count=1, most=10).to_str() == learned.to_str()
