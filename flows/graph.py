"""What DVC knows: the stages, what each needs, and which are stale. The only file that imports dvc."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from nlp_rnn.operations.workspace import mend_rwlock
from nlp_rnn.schema import NlpRnnError, UsageError


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of dvc.yaml, for one run where it is made ``foreach`` run."""

    name: str  # as DVC addresses it: `train@ner-en`
    needs: tuple[str, ...]  # names of other stages
    stale: bool  # it, or something that it needs, differs from dvc.lock

    @property
    def verb(self) -> str:
        """``train`` of ``train@ner-en``."""
        return self.name.partition("@")[0]

    @property
    def run(self) -> str | None:
        """``ner-en`` of ``train@ner-en``; None for a stage that serves all runs."""
        return self.name.partition("@")[2] or None


def read(root: Path, runs: Collection[str] | None = None) -> tuple[Stage, ...]:
    """Reads the pipeline and its state, through one opened repository.

    Args:
        root: the project's folder.
        runs: whose stages, with all that those need; every stage by default.

    Returns:
        The stages, each behind all that it needs.

    Raises:
        UsageError: the folder is no DVC repository.
        NlpRnnError: dvc.yaml does not make sense to DVC, or another `dvc` command holds its lock.
    """
    from dvc.exceptions import DvcException, NotDvcRepoError
    from dvc.repo import Repo
    from networkx import lexicographical_topological_sort

    mend_rwlock(root)
    try:
        with Repo(str(root)) as repo:
            graph = repo.index.graph  # edges lead from a stage to what it needs
            needs = {
                stage.addressing: tuple(sorted(need.addressing for need in graph.successors(stage)))
                for stage in lexicographical_topological_sort(graph.reverse(), key=lambda s: s.addressing)
            }
            wanted = _with_needs(needs, runs)
            changed = set(repo.status(targets=wanted)) if wanted else set()
    except NotDvcRepoError:
        raise UsageError(f"{root.resolve()}: not a DVC repository; run `dvc init` there.") from None
    except DvcException as error:
        reason = f" ({error.__cause__})" if error.__cause__ else ""
        raise NlpRnnError(f"dvc: {error}{reason}") from None
    stages: dict[str, Stage] = {}
    for name in wanted:
        stale = name in changed or any(stages[need].stale for need in needs[name])
        stages[name] = Stage(name=name, needs=needs[name], stale=stale)
    return tuple(stages.values())


def command(stage: str) -> list[str]:
    """The command line that brings one stage, and nothing else, up to date."""
    return [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item", stage]


def _with_needs(needs: dict[str, tuple[str, ...]], runs: Collection[str] | None) -> list[str]:
    wanted: set[str] = set()
    for name in reversed(needs):  # a stage comes before what it needs
        if runs is None or name.partition("@")[2] in runs or name in wanted:
            wanted.update((name, *needs[name]))
    return [name for name in needs if name in wanted]
