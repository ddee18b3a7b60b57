"""The rule of promotion: a table of what is measured and what is decided."""

import math
from dataclasses import replace

import pytest

from nlp_rnn.promotion import Candidate, Limits, Rival, decide
from nlp_rnn.schema import Comparison


def beside(first: float, second: float, chance: float = 0.001, width: float = 0.01) -> Comparison:
    lead = second - first
    return Comparison(first, second, lead - width, lead + width, chance, 100)


CHALLENGER = Candidate("new", "f1", 0.85, 100, True, baseline=beside(0.70, 0.85))
CHAMPION = Rival("old", beside(0.80, 0.85), classes={"PER": beside(0.80, 0.82)}, slowdown=1.0)
LIMITS = Limits()


def test_the_first_is_champion_and_provisional_only_if_it_may_merely_equal_the_baseline() -> None:
    decision = decide(None, CHALLENGER, limits=LIMITS)
    assert (decision.promote, decision.alias, decision.provisional) == (True, "champion", False)
    assert "better than the linear baseline's 0.7000 (+0.1500, with 95 % confidence" in decision.reason
    tie = replace(CHALLENGER, baseline=beside(0.84, 0.85, chance=0.3))
    decision = decide(None, tie, limits=LIMITS)
    assert (decision.promote, decision.alias, decision.provisional) == (True, "champion", True)
    assert "not surely better than the linear" in decision.reason


@pytest.mark.parametrize("champion", [None, CHAMPION])
def test_below_the_baseline_is_no_champion(champion: Rival | None) -> None:
    decision = decide(champion, replace(CHALLENGER, baseline=beside(0.86, 0.85, 0.9)), limits=LIMITS)
    assert (decision.promote, decision.alias, decision.provisional) == (False, "challenger", False)
    assert "below the linear baseline's 0.8600" in decision.reason


@pytest.mark.parametrize(
    ("champion", "chance", "margin", "promoted", "words"),
    [
        (0.80, 0.001, 0.0, True, "is better than the champion's 0.8000"),
        (0.80, 0.05, 0.0, True, "is better"),
        (0.80, 0.051, 0.0, False, "is not surely better"),
        (0.85, 1.0, 0.0, False, "is not better"),
        (0.86, 0.9, 0.0, False, "is not better"),
        (0.83, 0.001, 0.01, True, "by more than 0.01"),
        (
            0.84,
            0.001,
            0.01,
            False,
            "by more than 0.01",
        ),  # by the margin exactly, which floats would call more
    ],
)
def test_a_later_one_must_surely_be_better_by_more_than_the_margin(
    champion: float, chance: float, margin: float, promoted: bool, words: str
) -> None:
    rival = replace(CHAMPION, overall=beside(champion, 0.85, chance))
    decision = decide(rival, CHALLENGER, limits=replace(LIMITS, margin=margin))
    assert decision.promote is promoted
    assert decision.alias == ("champion" if promoted else "challenger")
    assert not decision.provisional
    assert words in decision.reason
    assert decision.numbers["champion.score"] == champion
    assert decision.numbers["champion.chance"] == chance
    assert decision.numbers["baseline.score"] == 0.70


@pytest.mark.parametrize(
    ("champion", "width", "promoted"),
    [
        (0.85, 0.009, True),
        (0.85, 0.011, False),
        (0.855, 0.004, True),
        (0.87, 0.001, False),
        (0.80, 0.2, False),
    ],
)
def test_a_refresh_must_surely_be_no_worse_than_the_tolerance(
    champion: float, width: float, promoted: bool
) -> None:
    rival = replace(CHAMPION, overall=beside(champion, 0.85, 0.5, width))
    decision = decide(rival, CHALLENGER, limits=replace(LIMITS, mode="refresh", tolerance=0.01))
    assert decision.promote is promoted
    assert f"is {'surely' if promoted else 'not surely'} less than 0.01 below" in decision.reason


@pytest.mark.parametrize(
    ("lost", "promoted"),
    [
        (beside(0.80, 0.76, width=0.01), True),  # within the limit
        (beside(0.80, 0.74, width=0.10), True),  # beyond it, but that may be chance
        (beside(0.80, 0.74, width=0.02), False),
    ],
)
def test_no_class_may_surely_lose_more_than_the_limit(lost: Comparison, promoted: bool) -> None:
    decision = decide(replace(CHAMPION, classes={"LOC": lost}), CHALLENGER, limits=LIMITS)
    assert decision.promote is promoted
    assert ("F1 of LOC fell from 0.8000 to 0.7400" in decision.reason) is not promoted
    assert decision.numbers["class.LOC.lead"] == pytest.approx(lost.lead)


@pytest.mark.parametrize(("slowdown", "promoted"), [(None, True), (1.5, True), (1.51, False)])
def test_one_that_takes_longer_than_the_limit_is_refused(slowdown: float | None, promoted: bool) -> None:
    decision = decide(replace(CHAMPION, slowdown=slowdown), CHALLENGER, limits=LIMITS)
    assert decision.promote is promoted
    assert ("1.51 times as long" in decision.reason) is not promoted


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
        ({"baseline": None}, "no linear baseline on the same test set"),
        ({"score": 0.86}, "says f1 0.8600, but it scores 0.8500 now"),
    ],
)
def test_unsound_is_never_promoted(champion: Rival | None, flaw: dict, word: str) -> None:
    decision = decide(champion, replace(CHALLENGER, **flaw), limits=LIMITS)
    assert (decision.promote, decision.alias, decision.provisional) == (False, None, False)
    assert word in decision.reason


def test_the_champion_itself_changes_nothing() -> None:
    decision = decide(replace(CHAMPION, digest="new"), CHALLENGER, limits=LIMITS)
    assert (decision.promote, decision.alias) == (False, None)


@pytest.mark.parametrize("overall", [None, beside(math.nan, 0.85)])
def test_a_champion_that_cannot_be_compared_stays(overall: Comparison | None) -> None:
    decision = decide(replace(CHAMPION, overall=overall), CHALLENGER, limits=LIMITS)
    assert (decision.promote, decision.alias) == (False, "challenger")
