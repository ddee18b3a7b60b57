"""The model that stands in front: its package, and what there is to say of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nlp_rnn.inference import Predictor, load
from nlp_rnn.integrations import registry
from nlp_rnn.integrations.registry import Version
from nlp_rnn.operations import evidence

# Tags that a decision leaves on a version: what, why, when, on what figures, and whose place it took.
DECISION, REASON, DECIDED, PROVISIONAL = "decision", "reason", "decided", "provisional"
NUMBERS, REPLACED, ROLLED_BACK = "numbers", "replaced", "rolled_back"


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
            **_figures(tags.get(NUMBERS)),
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


def _figures(text: str | None) -> dict[str, Any]:
    """What a decision rests on, ``numbers`` and ``limits``, where it left such a tag."""
    try:
        figures = json.loads(text or "{}")
    except ValueError:
        return {}
    return {key: figures.get(key, {}) for key in ("numbers", "limits")}


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
