"""What there is to do for some runs: DVC's stale stages, and packages that nobody has decided on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flows import graph
from nlp_rnn import params
from nlp_rnn.schema import UsageError

MODELS = Path("data", "models")


@dataclass(frozen=True, slots=True)
class Plan:
    """The stages of some runs, and which of the runs have a package without a decision."""

    runs: tuple[str, ...]
    stages: tuple[graph.Stage, ...]  # each behind all that it needs
    unsettled: tuple[str, ...]

    @property
    def stale(self) -> tuple[graph.Stage, ...]:
        """The stages to run."""
        return tuple(stage for stage in self.stages if stage.stale)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self.stale and not self.unsettled


def make(root: Path, runs: Sequence[str] | None = None) -> Plan:
    """Points the runs at their data as it is now, and compares everything with what was done before.

    Args:
        root: the project's folder, the current one.
        runs: names of params.yaml; all by default.

    Raises:
        UsageError: there is no such run, or params.yaml or its sources are wrong.
        NlpRnnError: what :func:`flows.graph.read` raises.
    """
    from nlp_rnn.data import sources

    blocks = params.load_all(root / params.PATH)
    for name in runs or ():
        if name not in blocks:
            known = ", ".join(blocks) or "none yet"
            raise UsageError(f"{params.PATH}: there is no run {name!r}; there are: {known}.")
    chosen = tuple(name for name in blocks if not runs or name in runs)
    for name in chosen:
        block = blocks[name]
        sources.point(
            name,
            block.data.source,
            task=block.task,
            language=block.language,
            unlabeled=block.data.unlabeled,
            vectors=block.data.vectors,
        )
    stages = graph.read(root, chosen if runs else None)
    return Plan(chosen, stages, tuple(name for name in chosen if not is_settled(root, name)))


def is_settled(root: Path, run: str) -> bool:
    """Whether the run has no package, or one that was registered and decided on."""
    if not (root / MODELS / run).is_dir():
        return True
    from nlp_rnn.operations import release

    return release.is_settled(run)
