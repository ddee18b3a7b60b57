"""What the workspace's files say of a run's package: its score, its data, its origin."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nlp_rnn import params
from nlp_rnn.data import results, sources_lock
from nlp_rnn.inference import package as packages
from nlp_rnn.integrations import store
from nlp_rnn.schema import SPLITS

# Tags of a model's version, beside those that `store` names.
METRIC, SCORE, EXAMPLES = "nlp_rnn.metric", "nlp_rnn.score", "nlp_rnn.examples"
DATA = "nlp_rnn.data"  # and a dot, and a split: the digest of its examples
VALIDATION = "validation_status"
COMMIT, LOCK, FLOW_RUN = "git_commit", "dvc_lock", "flow_run"
DIRTY = "-dirty"  # what ends the commit where files that git knows were changed
# The files that a version keeps to be made again from; their digests are tags.
ORIGINS = (Path("dvc.lock"), params.PATH, sources_lock.PATH)
_DIGESTS = dict(zip((LOCK, "params", "sources_lock"), ORIGINS))


@dataclass(frozen=True)
class Evidence:
    """All that a promotion needs to know, and the tags that keep it with the version."""

    metric: str
    score: float | None
    examples: int
    valid: bool
    tags: Mapping[str, str]


def read(run: str) -> Evidence:
    """Gathers it from a run's report, validation and examples.

    Raises:
        DataError: a stage has not run yet, or its file is damaged.
    """
    report = report_folder(run) / "metrics.json"
    metrics = results.read(report, stage="evaluate")
    valid = results.read(validation_report(run), stage="validate").get("success") is True
    metric, score = str(metrics.get("primary")), metrics.get("score")
    if isinstance(score, bool) or not isinstance(score, (int, float)):
        score = None
    counts = metrics.get("examples")
    examples = counts.get("test", 0) if isinstance(counts, Mapping) else 0
    tags = {
        store.REPORT: packages.digest(report),
        METRIC: metric,
        SCORE: repr(score),
        EXAMPLES: str(examples),
        VALIDATION: "passed" if valid else "failed",
        **{f"{DATA}.{split}": packages.digest(examples_folder(run) / f"{split}.jsonl") for split in SPLITS},
    }
    return Evidence(metric, score, examples, valid, tags)


def origin(flow_run: str | None = None) -> dict[str, str]:
    """Tags: the commit that is checked out (marked if changed), the digests of ORIGINS, the flow run."""
    tags = {key: packages.digest(path) for key, path in _DIGESTS.items() if path.is_file()}
    if flow_run is not None:
        tags[FLOW_RUN] = flow_run
    command = ["git", "describe", "--always", f"--dirty={DIRTY}", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode == 0:
            tags[COMMIT] = done.stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        pass
    return tags


def package_folder(run: str) -> Path:
    """Where a run's package lies."""
    return Path("data/models") / run


def report_folder(run: str) -> Path:
    """Where its evaluation lies."""
    return Path("data/reports") / run


def examples_folder(run: str) -> Path:
    """Where its examples lie."""
    return Path("data/examples") / run


def validation_report(run: str) -> Path:
    """Where the verdict on its data lies."""
    return Path("data/validation") / run / "report.json"
