"""`nlp-rnn run`: the flow, once, here and now; where nothing is to be done, without a server."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from flows import plan as plans
from flows import scores, server
from nlp_rnn.operations import workspace

SIGTERM_EXIT = 143


def main(runs: list[str]) -> None:
    """Runs the flow for some runs, or all, and prints a line for each.

    Raises:
        WorkspaceBusy: another process writes here.
        DataRefused: validation refused data, and nothing else failed.
        NlpRnnError: something failed.
    """
    root = Path.cwd()
    signal.signal(signal.SIGTERM, _exit)  # an exit, unlike a death, runs what cleans up
    with workspace.locked(root):
        plan = plans.make(root, runs)
        if not plan.is_idle:
            _run_flow(runs, root)
    for run in plan.runs:
        state = "up to date" if plan.is_idle else "done"
        print(scores.line(run, root, state))


def _run_flow(runs: list[str], root: Path) -> None:
    if not os.environ.get("PREFECT_API_URL"):
        home = Path(os.environ.setdefault("PREFECT_HOME", str(root / ".prefect")))
        print("nlp-rnn: starting a temporary Prefect server", file=sys.stderr, flush=True)
        os.environ["PREFECT_API_URL"] = server.start(home)
    from flows.retrain import retrain

    server.check()
    retrain(runs=runs or None)


def _exit(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: what follows has bounds of its own
    raise SystemExit(SIGTERM_EXIT)
