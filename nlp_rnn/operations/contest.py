"""A challenger beside the linear baseline and the champion: all answer the test set that lies here, now."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nlp_rnn.data import examples
from nlp_rnn.evaluation import behaviour
from nlp_rnn.evaluation.comparison import compare, compare_counts
from nlp_rnn.evaluation.metrics import gold
from nlp_rnn.inference import Predictor, load
from nlp_rnn.integrations.registry import Version
from nlp_rnn.operations import evidence
from nlp_rnn.operations.champion import fetched
from nlp_rnn.operations.evidence import Evidence
from nlp_rnn.promotion import Candidate, Rival
from nlp_rnn.schema import Comparison, DataError, Example

FEWEST = 20  # of a class in the test set: the F1 of fewer says nothing
TIMED, REPEATED = 50, 3  # sentences, and how often each is answered: the quickest time counts


class Contest:
    """Knows the test set and what the challenger says of it."""

    def __init__(self, run: str, found: Evidence) -> None:
        """
        Args:
            run: its package, examples and baseline lie in the workspace.
            found: what its files say.

        Raises:
            DataError: the baseline has not run, or its file is damaged.
        """
        self._found = found
        self._test = list(examples.read(evidence.examples_folder(run) / "test.jsonl"))
        self._challenger = load(evidence.package_folder(run))
        self._task = self._challenger.task
        self._sound = found.valid and found.score is not None and found.examples == len(self._test) > 0
        self._gold = gold(self._task, self._test)
        self._answers = self._challenger.predict_examples(self._test) if self._sound else []
        self._baseline = _baseline(run, self._test) if self._sound else None
        self._cases = behaviour.make(self._task, self._challenger.language, self._test)

    def candidate(self, digest: str) -> Candidate:
        """The challenger as the rule of promotion sees it; digest: its package's."""
        found, beside = self._found, None
        if self._baseline is not None:
            beside = compare(self._task, self._gold, self._baseline, self._answers)
        return Candidate(digest, found.metric, found.score, found.examples, found.valid, beside)

    def against(self, champion: Version) -> Rival:
        """The champion on the same test set; nothing is measured where there is nothing to decide."""
        if not self._sound or champion.digest == self._challenger.digest:
            return Rival(champion.digest, None)
        with fetched(champion) as predictor:
            if predictor.task != self._task:  # the run has another task than it had
                return Rival(champion.digest, None)
            answers = predictor.predict_examples(self._test)
            passed = behaviour.check(predictor.predict_examples, self._cases)
            slowdown = _slowdown(self._challenger, predictor, self._test)
        overall = compare(self._task, self._gold, answers, self._answers)
        return Rival(champion.digest, overall, self._classes(answers), self._behaviour(passed), slowdown)

    def _behaviour(self, champion: Mapping[str, behaviour.Outcome]) -> dict[str, Comparison]:
        """Champion and challenger on the behaviour tests of each capability."""
        challenger = behaviour.check(self._challenger.predict_examples, self._cases)
        return {
            name: compare_counts(outcome.counts(), challenger[name].counts())
            for name, outcome in champion.items()
        }

    def _classes(self, answers: Sequence[Any]) -> dict[str, Comparison]:
        """Champion and challenger on each class that the test set has enough of."""
        support: dict[str, int] = {}
        for right in self._gold:
            labels = (tag[2:] for tag in right if tag.startswith("B-")) if self._task == "ner" else (right,)
            for label in labels:
                support[label] = support.get(label, 0) + 1
        return {
            label: compare(self._task, self._gold, answers, self._answers, only=label)
            for label, count in sorted(support.items())
            if count >= FEWEST
        }


def _baseline(run: str, test: Sequence[Example]) -> list[Any] | None:
    """What the linear model said of the test set; None where it was asked about another."""
    path = Path("data/baselines") / run / "predictions.jsonl"
    try:
        with path.open(encoding="utf-8") as file:  # splitlines() would cut at U+2028, which is text
            rows = [json.loads(line) for line in file]
        same = [row["id"] for row in rows] == [example.id for example in test]
        return [row["predicted"] for row in rows] if same else None
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; run `nlp-rnn baseline {run}` first.") from None
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{path}: damaged; run `nlp-rnn baseline {run}` again.") from None


def _slowdown(challenger: Predictor, champion: Predictor, test: Sequence[Example]) -> float:
    """The challenger's median time for a sentence, in times of the champion's, measured in turn."""
    taken: dict[Predictor, list[float]] = {challenger: [], champion: []}
    for example in test[:TIMED]:
        quickest = dict.fromkeys(taken, float("inf"))
        for _ in range(REPEATED):
            for predictor in taken:
                begun = time.perf_counter()
                predictor.predict_examples([example])
                quickest[predictor] = min(quickest[predictor], time.perf_counter() - begun)
        for predictor, seconds in quickest.items():
            taken[predictor].append(seconds)
    return statistics.median(taken[challenger]) / statistics.median(taken[champion])
