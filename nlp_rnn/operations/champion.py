"""The model that stands in front: how good it is on today's test set, and what there is to say of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nlp_rnn.data import examples
from nlp_rnn.evaluation.metrics import PRIMARY, gold, score
from nlp_rnn.inference import Predictor, load
from nlp_rnn.integrations import registry
from nlp_rnn.integrations.registry import Version
from nlp_rnn.operations import evidence
from nlp_rnn.operations.evidence import Evidence
from nlp_rnn.promotion import Candidate

# Tags that a decision leaves on a version.
DECISION, REASON, DECIDED, PROVISIONAL = "decision", "reason", "decided", "provisional"


def candidate(champion: Version, found: Evidence, digest: str) -> Candidate:
    """The champion with its score on the test set that lies here, measured now if it was not before."""
    tags = champion.tags
    test_set = f"{evidence.DATA}.test"
    metric, value = tags.get(evidence.METRIC, ""), _number(tags.get(evidence.SCORE))
    if champion.digest != digest and found.examples and tags.get(test_set) != found.tags[test_set]:
        metric, value = _score_again(champion)
    return Candidate(champion.digest, metric, value, found.examples, valid=True)


def _score_again(champion: Version) -> tuple[str, float | None]:
    """The primary metric of a version's package on its run's test set as it is now."""
    test = list(examples.read(evidence.examples_folder(champion.name) / "test.jsonl"))
    with fetched(champion) as predictor:
        task = predictor.task
        if (task == "ner") != (test[0].tags is not None):
            return PRIMARY[task], None  # the run has another task than it had
        scores = score(task, gold(task, test), predictor.predict_examples(test))
        return PRIMARY[task], scores[PRIMARY[task]]


@contextmanager
def fetched(version: Version) -> Iterator[Predictor]:
    """A version's package, fetched from the registry and verified, ready to predict."""
    with tempfile.TemporaryDirectory() as folder:
        registry.download(version, Path(folder) / "package")
        yield load(Path(folder) / "package")


def show(name: str, *, as_json: bool) -> str:
    """The champion of a model, as JSON or for a person; raises UsageError where there is none."""
    version = registry.resolve(f"models:/{name}@{registry.CHAMPION}")
    return _to_json(version) if as_json else describe(version)


def _to_json(version: Version) -> str:
    tags = version.tags
    return json.dumps(
        {
            "name": version.name,
            "version": int(version.version),
            "metric": tags.get(evidence.METRIC),
            "score": _number(tags.get(evidence.SCORE)),
            "examples": int(_number(tags.get(evidence.EXAMPLES)) or 0),
            "provisional": tags.get(PROVISIONAL) == "true",
            "since": tags.get(DECIDED),
            "reason": tags.get(REASON),
            "package": version.digest,
            "commit": tags.get(evidence.COMMIT),
        }
    )


def describe(version: Version) -> str:
    """A champion for a person to read: which, how good, since when, why."""
    tags = version.tags
    provisional = " (provisional)" if tags.get(PROVISIONAL) == "true" else ""
    value, count = tags.get(evidence.SCORE, "unknown"), tags.get(evidence.EXAMPLES, "?")
    lines = [
        f"{version.name}: version {version.version} is the champion{provisional}, with "
        f"{tags.get(evidence.METRIC, 'a score')} {value} on {count} test examples",
        f"since    {tags.get(DECIDED, 'unknown')}",
        f"because  {tags.get(REASON, 'unknown')}",
        f"package  {version.digest or 'unknown'}",
        f"commit   {tags.get(evidence.COMMIT, 'unknown')}",
    ]
    return "\n".join(lines)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
