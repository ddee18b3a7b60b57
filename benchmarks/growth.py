"""The greatest memory of a training, measured in a process of its own."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks import trainings
from nlp_rnn.training.device import make_deterministic


def peak(folder: Path, sentences: int) -> tuple[int, float]:
    """Prepares a generated corpus and trains on it for an epoch; -> its tokens, and MiB at the most."""
    place = trainings.prepare(folder, "demo", sentences=sentences)
    command = [sys.executable, "-m", "benchmarks.growth", str(place.resolve())]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=trainings.PROJECT)
    tokens, kilobytes = map(int, done.stdout.split())
    return tokens, kilobytes / 1024


def main() -> None:
    """``python -m benchmarks.growth FOLDER`` trains on a prepared corpus and prints tokens and KiB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    given = trainings.load(parser.parse_args().folder, "demo")
    make_deterministic(seed=1, threads=1)
    tokens = trainings.epoch(trainings.network(given), given, seed=1)
    # Not getrusage: what it says of a child begins with the greatest size of its parent.
    print(tokens, Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    main()
