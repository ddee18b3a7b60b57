"""A toy pipeline of three stages for two runs, and one real Prefect server for all the tests here."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.server import start
from nlp_rnn import environment

PROJECT = Path(__file__).parents[2]
PARAMS = """
seed: 13
threads: 1
runs:
  one:
    task: ner
    language: en
    data: {source: "file:inputs/one"}
    tokenizer: {}
    pretraining: {}
    model: {}
    training: {}
  two:
    task: ner
    language: en
    data: {source: "file:inputs/two"}
    tokenizer: {}
    pretraining: {}
    model: {}
    training: {}
"""
PIPELINE = """
stages:
  ingest:
    foreach: ${runs}
    do:
      cmd: exec sh stage.sh ingest ${key} data/inputs/${key} data/raw/${key}
      deps: ["data/inputs/${key}"]
      outs: ["data/raw/${key}"]
  validate:
    foreach: ${runs}
    do:
      cmd: exec sh stage.sh validate ${key} data/raw/${key} data/validation/${key}/report.json
      deps: ["data/raw/${key}"]
      outs: ["data/validation/${key}/report.json"]
  fit:
    foreach: ${runs}
    do:
      cmd: exec sh stage.sh fit ${key} data/raw/${key} data/fitted/${key}
      deps: ["data/raw/${key}", "data/validation/${key}/report.json"]
      outs: ["data/fitted/${key}"]
"""
# Copies its input to its output, unless a word in the input says otherwise.
STAGE = """
echo "$1@$2" >> log.txt
mkdir -p "$(dirname "$4")"
if grep -q "break $1" "$3"; then echo "the disk is on fire"; exit 5; fi
if grep -q "sleep in $1" "$3"; then echo $$ > pid.txt; sleep 60; fi
if grep -q "stumble in $1" "$3" && [ ! -e stumbled ]; then touch stumbled; exit 1; fi
if grep -q "refuse" "$3" && [ "$1" = validate ]; then echo '{"success": false}' > "$4"; exit 3; fi
cp "$3" "$4"
"""


@pytest.fixture(scope="session")
def fresh_toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy pipeline, all of its stages done once, and with its flow beside it."""
    environment.quiet()
    root = tmp_path_factory.mktemp("toy")
    (root / "params.yaml").write_text(PARAMS)
    (root / "dvc.yaml").write_text(PIPELINE)
    (root / "stage.sh").write_text(STAGE)
    (root / "inputs").mkdir()
    (root / "data" / "inputs").mkdir(parents=True)
    for run in ("one", "two"):
        (root / "inputs" / run).write_text(f"text of {run}\n")
        (root / "data" / "inputs" / run).symlink_to(f"../../inputs/{run}")
    shutil.copytree(PROJECT / "flows", root / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    dvc(root, "init", "--quiet")
    dvc(root, "repro", "--quiet")
    (root / "log.txt").unlink()
    return root


@pytest.fixture
def toy(fresh_toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the toy pipeline, as the current folder, with nothing to do."""
    root = tmp_path / "toy"
    shutil.copytree(fresh_toy, root, symlinks=True)
    monkeypatch.chdir(root)
    return root


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prefect server with an empty database, which this process's flows use too."""
    environment.quiet()
    home = tmp_path_factory.mktemp("prefect")
    url = start(home)
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    with temporary_settings({PREFECT_API_URL: url, PREFECT_HOME: str(home)}):
        yield url


@pytest.fixture
def await_stage(toy: Path) -> Callable[[], int]:
    """Waits until a toy stage sleeps, and gives its process id."""

    def wait() -> int:
        for _ in range(2400):
            if (toy / "pid.txt").exists() and (text := (toy / "pid.txt").read_text()):
                return int(text)
            time.sleep(0.05)
        raise TimeoutError("no stage went to sleep")

    return wait


@pytest.fixture
def is_running() -> Callable[[int], bool]:
    """Whether there is a process of that id, and not just its zombie."""

    def ask(pid: int) -> bool:
        status = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return status.stdout.strip()[:1] not in ("", "Z")

    return ask


def dvc(root: Path, *arguments: str) -> None:
    """Runs a `dvc` command."""
    subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=root, check=True)
