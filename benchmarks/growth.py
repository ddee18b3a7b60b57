"""The greatest memory of a training, measured in a process of its own."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from benchmarks import trainings
from nlp_rnn import params
from nlp_rnn.integrations import tracking


def peak(folder: Path, sentences: int) -> tuple[int, float]:
    """Prepares a generated corpus and trains on it for an epoch; -> its tokens, and MiB at the most."""
    place = trainings.prepare(folder, "demo", sentences=sentences)
    command = [sys.executable, "-m", "benchmarks.growth", str(place.resolve())]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=trainings.PROJECT)
    tokens = int(trainings.load(place, "demo").train.lengths.sum())
    return tokens, int(done.stdout.split()[-1]) / 1024


def main() -> None:
    """``python -m benchmarks.growth FOLDER`` runs the stage `train` on a prepared corpus and prints KiB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    os.chdir(parser.parse_args().folder)
    train_once(trainings.run("demo"))
    # Not getrusage: what it says of a child begins with the greatest size of its parent.
    print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])


def train_once(run: params.Run) -> None:
    """The stage as it is, with its vectors, one epoch, dev and the package, but for MLflow."""
    from nlp_rnn.stages import train

    with (
        patch.object(tracking, "start", lambda *_, **__: tracking.Tracker()),
        patch.object(train, "require_valid", lambda _: None),  # nothing is to be kept
    ):
        train.main(replace(run, training=replace(run.training, epochs=1)))


if __name__ == "__main__":
    main()
