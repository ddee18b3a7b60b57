import math
from dataclasses import replace

import pytest

from nlp_rnn.promotion import Candidate, decide

CHAMPION = Candidate("old", "f1", 0.80, 100, True)
CHALLENGER = Candidate("new", "f1", 0.85, 100, True)


def test_first_becomes_provisional_champion() -> None:
    decision = decide(None, CHALLENGER, margin=0.0)
    assert (decision.promote, decision.alias, decision.provisional) == (True, "champion", True)


@pytest.mark.parametrize(
    ("score", "margin", "promoted"),
    [
        (0.85, 0.0, True),
        (0.800001, 0.0, True),
        (0.80, 0.0, False),
        (0.79, 0.0, False),
        (0.82, 0.01, True),
        (0.81, 0.01, False),  # by the margin exactly, which floats would call more: 0.81 - 0.8 > 0.01
        (0.805, 0.01, False),
    ],
)
def test_later_ones_must_be_better_by_more_than_the_margin(
    score: float, margin: float, promoted: bool
) -> None:
    decision = decide(CHAMPION, replace(CHALLENGER, score=score), margin=margin)
    assert decision.promote is promoted
    assert decision.alias == ("champion" if promoted else "challenger")
    assert not decision.provisional
    assert decision.numbers == {"score": score, "champion_score": 0.80, "margin": margin}
    assert f"{score:.4f}" in decision.reason


@pytest.mark.parametrize("champion", [None, CHAMPION])
@pytest.mark.parametrize(
    ("flaw", "word"),
    [
        ({"score": math.nan}, "finite"),
        ({"score": math.inf}, "finite"),
        ({"score": None}, "finite"),
        ({"score": 1.01}, "[0, 1]"),
        ({"score": -0.1}, "[0, 1]"),
        ({"examples": 0}, "empty"),
        ({"valid": False}, "validation"),
    ],
)
def test_unsound_is_never_promoted(champion: Candidate | None, flaw: dict, word: str) -> None:
    decision = decide(champion, replace(CHALLENGER, **flaw), margin=0.0)
    assert (decision.promote, decision.alias, decision.provisional) == (False, None, False)
    assert word in decision.reason


def test_champion_itself_changes_nothing() -> None:
    decision = decide(CHAMPION, replace(CHAMPION, score=0.99), margin=0.0)
    assert (decision.promote, decision.alias) == (False, None)


@pytest.mark.parametrize("flaw", [{"score": None}, {"score": math.nan}, {"metric": "accuracy"}])
def test_champion_that_cannot_be_compared_stays(flaw: dict) -> None:
    decision = decide(replace(CHAMPION, **flaw), CHALLENGER, margin=0.0)
    assert (decision.promote, decision.alias) == (False, "challenger")
