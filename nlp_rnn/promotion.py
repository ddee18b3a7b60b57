"""Whether a challenger becomes champion: a pure decision over what was measured on one test set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from nlp_rnn.schema import Comparison

DIGITS = 9  # differences are rounded to so many: 0.91 - 0.90 is not less than 0.01


@dataclass(frozen=True)
class Limits:
    """What a challenger must keep to; see :class:`nlp_rnn.params.Promotion`."""

    mode: str = "better"
    margin: float = 0.0
    error: float = 0.05
    tolerance: float = 0.01
    class_loss: float = 0.05
    behaviour_loss: float = 0.05
    slowdown: float = 1.5


@dataclass(frozen=True)
class Candidate:
    """A package and what is known of its worth."""

    digest: str
    metric: str  # what `score` is: f1 or accuracy
    score: float | None  # on the test set, in [0, 1], as its report says; None where it is missing
    examples: int  # of the test set
    valid: bool  # its data passed validation
    baseline: Comparison | None = None  # with the linear model, which comes first


@dataclass(frozen=True)
class Rival:
    """The champion beside the challenger, which is the second in each comparison."""

    digest: str
    overall: Comparison | None  # None where the champion cannot be scored on this test set
    classes: Mapping[str, Comparison] = field(default_factory=dict)  # F1 of each
    behaviour: Mapping[str, Comparison] = field(default_factory=dict)  # share of tests passed, by capability
    slowdown: float | None = None  # the challenger's time for a sentence, in times of the champion's


@dataclass(frozen=True)
class Decision:
    """What to do with a challenger and, in one sentence, why."""

    promote: bool
    alias: str | None  # champion or challenger; None leaves all aliases as they are
    provisional: (
        bool  # champion for want of another, and no better than a linear model, so far as one can tell
    )
    reason: str
    numbers: Mapping[str, float] = field(default_factory=dict)


def decide(champion: Rival | None, challenger: Candidate, *, limits: Limits) -> Decision:
    """Compares a challenger with the linear baseline and with the champion.

    Args:
        champion: measured on the challenger's test set; None where there is none yet.
        challenger: the new package.
        limits: what it must keep to.

    Returns:
        promotion of the first sound package that is not below the baseline (provisional where it may only
        equal it), and later of one that is surely better, or in the mode ``refresh`` surely no worse, while
        no class, behaviour or latency is worse than the limits; otherwise the alias ``challenger`` for a
        sound package, and none for one that is not.
    """
    if champion is not None and champion.digest == challenger.digest:
        return Decision(False, None, False, "It is the champion already.")
    flaw = _flaw(challenger)
    if flaw is not None:
        return Decision(False, None, False, flaw)
    assert challenger.baseline is not None
    numbers = _numbers(champion, challenger)
    if champion is None:
        refusal = _below_baseline(challenger)
        if refusal is not None:
            return Decision(False, "challenger", False, refusal, numbers)
        return _first(challenger, limits, numbers)
    refusal = (
        _below_baseline(challenger)
        or _not_better(champion, challenger, limits)
        or _lost("F1", champion.classes, limits.class_loss)
        or _lost("share of passed tests", champion.behaviour, limits.behaviour_loss)
        or _slower(champion, limits)
    )
    if refusal is not None:
        return Decision(False, "challenger", False, refusal, numbers)
    assert champion.overall is not None
    return Decision(True, "champion", False, f"{_beside(champion.overall, challenger, limits)}.", numbers)


def _flaw(challenger: Candidate) -> str | None:
    """Why a package is not to be considered at all."""
    score, metric = challenger.score, challenger.metric
    if not challenger.valid:
        return "Its data did not pass validation."
    if score is None or not math.isfinite(score):
        return f"It has no finite {metric} on the test set."
    if not 0 <= score <= 1:
        return f"Its {metric} of {score:g} on the test set is not in [0, 1]."
    if challenger.examples < 1:
        return "Its test set is empty."
    if challenger.baseline is None:
        return "There is no linear baseline on the same test set to compare with."
    again = challenger.baseline.second
    if not abs(again - score) < 1e-5:
        return f"Its report says {metric} {score:.4f}, but it scores {again:.4f} now: evaluate it again."
    return None


def _below_baseline(challenger: Candidate) -> str | None:
    baseline = challenger.baseline
    assert baseline is not None
    if round(baseline.lead, DIGITS) >= 0:
        return None
    return (
        f"Its {challenger.metric} of {baseline.second:.4f} is below the linear baseline's "
        f"{baseline.first:.4f}, which costs less."
    )


def _first(challenger: Candidate, limits: Limits, numbers: Mapping[str, float]) -> Decision:
    baseline = challenger.baseline
    assert baseline is not None
    sure = baseline.chance <= limits.error
    words = "better than" if sure else "not surely better than"
    reason = (
        f"There was no champion; its {challenger.metric} of {baseline.second:.4f} is {words} the linear "
        f"baseline's {baseline.first:.4f} ({_evidence(baseline)})."
    )
    return Decision(True, "champion", not sure, reason, numbers)


def _not_better(champion: Rival, challenger: Candidate, limits: Limits) -> str | None:
    overall = champion.overall
    if overall is None or not math.isfinite(overall.first):
        return f"The champion has no {challenger.metric} on the same test set to compare with."
    if limits.mode == "refresh":
        passed = overall.low > -limits.tolerance
    else:
        passed = round(overall.lead, DIGITS) > limits.margin and overall.chance <= limits.error
    return None if passed else f"{_beside(overall, challenger, limits, passed=False)}."


def _lost(figure: str, slices: Mapping[str, Comparison], limit: float) -> str | None:
    """Of which slice more was surely lost than the limit."""
    for name, one in slices.items():
        if one.lead < -limit and one.high < 0:
            return (
                f"Its {figure} of {name} fell from {one.first:.4f} to {one.second:.4f}, by more than "
                f"{limit:g} ({_evidence(one)})."
            )
    return None


def _slower(champion: Rival, limits: Limits) -> str | None:
    if champion.slowdown is None or champion.slowdown <= limits.slowdown:
        return None
    return (
        f"It takes {champion.slowdown:.2f} times as long for a sentence as the champion; "
        f"the limit is {limits.slowdown:g}."
    )


def _beside(overall: Comparison, challenger: Candidate, limits: Limits, *, passed: bool = True) -> str:
    """How a challenger stands beside the champion, in words."""
    scores = f"Its {challenger.metric} of {overall.second:.4f}"
    other = f"the champion's {overall.first:.4f}"
    if limits.mode == "refresh":
        words = f"{'surely' if passed else 'not surely'} less than {limits.tolerance:g} below"
    else:
        words = (
            "better than" if passed else "not surely better than" if overall.lead > 0 else "not better than"
        )
    margin = f" by more than {limits.margin:g}" if limits.margin and limits.mode == "better" else ""
    return f"{scores} is {words} {other}{margin} ({_evidence(overall)})"


def _evidence(one: Comparison) -> str:
    """``+0.0213, with 95 % confidence from +0.0101 to +0.0325, chance 0.0002``."""
    interval = f"with 95 % confidence from {one.low:+.4f} to {one.high:+.4f}"
    return f"{one.lead:+.4f}, {interval}, chance {one.chance:.2g}"


def _numbers(champion: Rival | None, challenger: Candidate) -> dict[str, float]:
    """What the decision rests on, to be kept."""
    assert challenger.baseline is not None
    numbers = {"score": challenger.baseline.second, **_named("baseline", challenger.baseline)}
    if champion is not None and champion.overall is not None:
        numbers |= _named("champion", champion.overall)
        for kind, slices in (("class", champion.classes), ("behaviour", champion.behaviour)):
            numbers |= {f"{kind}.{name}.lead": one.lead for name, one in slices.items()}
        if champion.slowdown is not None:
            numbers["slowdown"] = champion.slowdown
    return numbers


def _named(name: str, one: Comparison) -> dict[str, float]:
    """Of a comparison with whom."""
    return {
        f"{name}.score": one.first,
        f"{name}.lead": one.lead,
        f"{name}.low": one.low,
        f"{name}.high": one.high,
        f"{name}.chance": one.chance,
    }
