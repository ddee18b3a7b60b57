"""A run's package into the registry, and to the front if it is better than what stands there."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nlp_rnn import params
from nlp_rnn.data import sources_lock
from nlp_rnn.inference import package as packages
from nlp_rnn.integrations import proof, recording, registration, registry, store
from nlp_rnn.integrations.registration import Registered
from nlp_rnn.integrations.registry import Version
from nlp_rnn.operations import champion as champions
from nlp_rnn.operations import decisions, evidence
from nlp_rnn.operations.champion import (
    DECIDED,
    DECISION,
    NUMBERS,
    PROVISIONAL,
    REASON,
    REPLACED,
    ROLLED_BACK,
)
from nlp_rnn.operations.contest import Contest
from nlp_rnn.operations.evidence import Evidence
from nlp_rnn.promotion import Decision, Limits, decide
from nlp_rnn.schema import WorkspaceBusy

WAIT = 300.0  # seconds, for another release in this workspace
ATTEMPTS = 3  # at a decision, while somebody elsewhere moves the alias


def register(name: str, *, flow_run: str | None = None) -> Registered:
    """Logs a run's evaluation and registers its package, both at most once for the same bytes.

    Args:
        name: the run's name in params.yaml.
        flow_run: the id of Prefect's flow run that asks for it, if one does.

    Raises:
        DataError: a stage has not run yet.
        WorkspaceBusy: another release in this workspace does not end.
        NlpRnnError: a damaged package, or a registry that fails or does not give back what it was given.
    """
    params.load(name)
    with alone():
        return _register(name, evidence.read(name), flow_run)


def promote(name: str) -> Decision:
    """Decides whether a run's package becomes champion, acts on it, and records it; registers it if need be.

    Champion and challenger answer the same test set, now. The champion's alias moves only after the package
    was fetched from the registry, verified, and has answered.

    Raises:
        what :func:`register` raises; WorkspaceBusy also where somebody elsewhere keeps moving the alias.
    """
    limits = Limits(**asdict(params.load(name).promotion))
    with alone():
        found = evidence.read(name)
        registered = _register(name, found)
        contest = Contest(name, found)
        challenger = contest.candidate(registered.digest)
        for _ in range(ATTEMPTS):
            champion = registry.champion(name)
            rival = None if champion is None else contest.against(champion)
            decision = _refused_for_good(registered) or decide(rival, challenger, limits=limits)
            if _act(decision, registered, champion, limits):
                decisions.append(_record(decision, registered, found, champion, limits))
                return decision
        raise WorkspaceBusy(f"somebody else keeps moving the champion of {name}; try again later.")


def is_settled(name: str) -> bool:
    """Whether the package and the report that lie here were decided on already; reads a few files only."""
    record = decisions.last(name)
    manifest = evidence.package_folder(name) / packages.MANIFEST
    report = evidence.report_folder(name) / "metrics.json"
    return (
        record is not None
        and manifest.is_file()
        and report.is_file()
        and record.get("package") == packages.digest(manifest)
        and record.get("report") == packages.digest(report)
        and record.get("store") == store.address()
        and store.exists()
    )


def champion_line(name: str) -> str:
    """One line that tells a person which version of a model is the champion."""
    champion = registry.champion(name)
    return f"{name}: no champion yet" if champion is None else champions.describe(champion).splitlines()[0]


def _register(name: str, found: Evidence, flow_run: str | None = None) -> Registered:
    package = evidence.package_folder(name)
    run_id = recording.record_evaluation(
        name,
        package=package,
        report=evidence.report_folder(name),
        history=Path("data/history") / f"{name}.csv",
        examples=evidence.examples_folder(name),
        source=sources_lock.read(name),
        others=[evidence.validation_report(name)],
    )
    return registration.register(
        name,
        package=package,
        run_id=run_id,
        tags=found.tags,
        origin=evidence.origin(flow_run),
        files=evidence.ORIGINS,
    )


def _refused_for_good(registered: Registered) -> Decision | None:
    """What somebody has taken out of production does not come back by itself."""
    tags = registry.resolve(f"models:/{registered.name}/{registered.version}").tags
    if ROLLED_BACK not in tags:
        return None
    return Decision(False, None, False, f"It was rolled back at {tags[ROLLED_BACK]}; train another.")


def _act(decision: Decision, registered: Registered, champion: Version | None, limits: Limits) -> bool:
    """Tags the version and moves aliases; False where the champion changed meanwhile."""
    name, version = registered.name, registered.version
    if decision.promote:
        prove(registry.resolve(f"models:/{name}/{version}"))
    if _number_of(registry.champion(name)) != _number_of(champion):
        return False
    if champion is None or champion.digest != registered.digest:
        # Before the alias, so that a champion always says why it is one.
        figures = {"numbers": dict(decision.numbers), "limits": asdict(limits)}
        tags = {
            DECISION: decision.alias or "refused",
            REASON: decision.reason,
            DECIDED: now(),
            NUMBERS: json.dumps(figures),
            PROVISIONAL: str(decision.provisional).lower(),
        }
        if decision.promote and champion is not None:
            tags[REPLACED] = champion.version
        registry.set_tags(name, version, tags)
    if decision.alias is not None:
        registry.set_alias(name, decision.alias, version)
    if decision.promote and _number_of(registry.challenger(name)) == version:
        registry.remove_alias(name, registry.CHALLENGER)
    return _number_of(registry.champion(name)) == (version if decision.promote else _number_of(champion))


def prove(version: Version) -> None:
    """Proves that a version can be used as production would use it."""
    with tempfile.TemporaryDirectory() as folder:
        registry.download(version, Path(folder) / "package")
        proof.answers(Path(folder) / "package", f"version {version.version} of {version.name}")


def _record(
    decision: Decision,
    registered: Registered,
    found: Evidence,
    champion: Version | None,
    limits: Limits,
) -> dict[str, Any]:
    finite = found.score is not None and math.isfinite(found.score)
    return {
        "time": now(),
        "run": registered.name,
        "version": registered.version,
        "package": registered.digest,
        "report": found.tags[store.REPORT],
        "test_set": found.tags[f"{evidence.DATA}.test"],
        "metric": found.metric,
        "score": found.score if finite else None,
        "champion": None
        if champion is None
        else {
            "version": champion.version,
            "package": champion.digest,
            "score": decision.numbers.get("champion.score"),
        },
        "promote": decision.promote,
        "alias": decision.alias,
        "provisional": decision.provisional,
        "reason": decision.reason,
        "numbers": dict(decision.numbers),
        "limits": asdict(limits),
        "store": store.address(),
    }


@contextmanager
def alone() -> Iterator[None]:
    """Holds the lock that lets releases of this workspace happen one after the other."""
    from filelock import FileLock, Timeout

    store.FOLDER.mkdir(exist_ok=True)
    path = store.FOLDER / "release.lock"
    try:
        with FileLock(path, timeout=WAIT):
            yield
    except Timeout:
        raise WorkspaceBusy(
            f"{path}: another release has held it for {WAIT:.0f} s; try again later."
        ) from None


def _number_of(version: Version | None) -> str | None:
    return None if version is None else version.version


def now() -> str:
    """The time, to the second, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
