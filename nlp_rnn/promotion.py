"""Whether a challenger becomes champion: a pure decision over two scores on the same test set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

DIGITS = 9  # differences are rounded to so many: 0.91 - 0.90 is not less than 0.01


@dataclass(frozen=True)
class Candidate:
    """A package and what is known of its worth."""

    digest: str
    metric: str  # what `score` is: f1 or accuracy
    score: float | None  # on the test set, in [0, 1]; None where it is missing
    examples: int  # of the test set
    valid: bool  # its data passed validation


@dataclass(frozen=True)
class Decision:
    """What to do with a challenger and, in one sentence, why."""

    promote: bool
    alias: str | None  # champion or challenger; None leaves all aliases as they are
    provisional: bool  # champion only for want of another
    reason: str
    numbers: Mapping[str, float] = field(default_factory=dict)


def decide(champion: Candidate | None, challenger: Candidate, *, margin: float) -> Decision:
    """Compares a challenger with the champion.

    Args:
        champion: scored on the challenger's test set; None where there is none yet.
        challenger: the new package.
        margin: by how much more than this its score must be higher.

    Returns:
        promotion of the first sound package, as provisional, and of a better one later; otherwise the alias
        ``challenger`` for a sound package, and none for one that is not.
    """
    if champion is not None and champion.digest == challenger.digest:
        return _no("It is the champion already.")
    score = challenger.score
    if not challenger.valid:
        return _no("Its data did not pass validation.")
    if score is None or not math.isfinite(score):
        return _no(f"It has no finite {challenger.metric} on the test set.")
    if not 0 <= score <= 1:
        return _no(f"Its {challenger.metric} of {score:g} on the test set is not in [0, 1].")
    if challenger.examples < 1:
        return _no("Its test set is empty.")
    numbers = {"score": score, "margin": margin}
    if champion is None:
        return Decision(
            True, "champion", True, f"There was no champion; its {challenger.metric} is {score:.4f}.", numbers
        )
    best = champion.score
    if champion.metric != challenger.metric or best is None or not math.isfinite(best):
        return Decision(
            False,
            "challenger",
            False,
            f"The champion has no {challenger.metric} on the same test set to compare with.",
            numbers,
        )
    numbers["champion_score"] = best
    better = round(score - best, DIGITS) > margin
    verdict = "better" if better else "not better"
    words = f"Its {challenger.metric} of {score:.4f} is {verdict} than the champion's {best:.4f}"
    if margin:
        words += f" by more than {margin:g}"
    return Decision(better, "champion" if better else "challenger", False, f"{words}.", numbers)


def _no(reason: str) -> Decision:
    return Decision(False, None, False, reason)
