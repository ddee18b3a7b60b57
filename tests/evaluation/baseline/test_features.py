import pytest

from nlp_rnn.evaluation.baseline.features import FEATURES, chinese, english
from nlp_rnn.schema import LANGUAGES


def test_what_is_seen_of_an_english_token():
    _, seen, _ = english(["In", "McDonald-3", "today"])

    assert seen == [
        "bias",
        "word=mcdonald-3",
        "word-1=in",
        "word+1=today",
        "word-2=</s>",
        "word+2=</s>",
        "pair-1=in mcdonald-3",
        "pair+1=mcdonald-3 today",
        "prefix=mc",
        "prefix=mcd",
        "suffix=-3",
        "suffix=d-3",
        "first=M",
        "length=8",
        "case=other",
        "shape=XxXxxxxx-d",
        "outline=XxXx-d",
        "outline-1=Xx",
        "outline+1=x",
        "hyphen=True",
    ]


def test_what_is_seen_of_a_chinese_character():
    assert chinese(list("在北京"))[1] == [
        "bias",
        *("-2=</s>", "-1=在", "+0=北", "+1=京", "+2=</s>"),
        *("-2=</s> 在", "-1=在 北", "+0=北 京", "+1=京 </s>"),
        "three=在 北 京",
        "digit=False",
        "ascii=False",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_token_has_features(language):
    assert FEATURES[language]([]) == []
    assert len(FEATURES[language](["3", "", "\u200b", "İ"])) == 4
