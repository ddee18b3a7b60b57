"""Clean virtual environments that hold this project as a wheel, and what they weigh."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterable, Mapping
from pathlib import Path

from nlp_rnn.schema import NlpRnnError

PROJECT = Path(__file__).parents[1]
_SOURCES = ("nlp_rnn", "pyproject.toml", "README.md", "LICENSE")
_SEED = ("pip", "setuptools")  # what `python -m venv` itself puts in


class Unobtainable(NlpRnnError):
    """Packages from elsewhere that cannot be had here."""


def wheel(folder: Path) -> Path:
    """Builds the project's wheel, from a copy of its sources, so that nothing is left among them."""
    copy = folder / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    copy.mkdir(parents=True)
    for name in _SOURCES:
        path = PROJECT / name
        if path.is_dir():
            shutil.copytree(path, copy / name, ignore=ignored)
        else:
            shutil.copy(path, copy)
    command = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(copy)]
    _pip(Path(sys.executable), *command)
    (built,) = folder.glob("*.whl")
    return built


def make(folder: Path, *requirements: str) -> Path:
    """Makes an environment with some requirements and what they need; returns its interpreter.

    Raises:
        Unobtainable: pip cannot get them.
    """
    venv.create(folder, with_pip=True, symlinks=True)
    python = folder / "bin" / "python"
    install(python, *requirements)
    return python


def install(python: Path, *requirements: str) -> None:
    """Installs more into an environment, or other versions; raises Unobtainable where pip cannot get them."""
    try:
        _pip(python, "install", *requirements)
    except NlpRnnError as error:
        raise Unobtainable(str(error)) from None


def clean() -> dict[str, str]:
    """This process's variables without those that lead to other packages or to another registry."""
    left_out = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "MLFLOW_TRACKING_URI")
    return {name: value for name, value in os.environ.items() if name not in left_out}


def weight(python: Path) -> Mapping[str, float]:
    """Megabytes (10^6 bytes) of an environment's files: all, and of those the ones that venv puts in."""
    folder = python.parents[1]
    (packages,) = folder.glob("lib/python*/site-packages")
    seed = [path for name in _SEED for path in (packages / name, *packages.glob(f"{name}-*"))]
    return {"all": _bytes([folder]) / 1e6, "venv": _bytes(seed) / 1e6}


def distributions(python: Path) -> set[str]:
    """The names of what is installed."""
    said = subprocess.run(
        [python, "-m", "pip", "list", "--format=json"], capture_output=True, check=True, env=clean()
    )
    return {row["name"].lower() for row in json.loads(said.stdout)}


def _bytes(paths: Iterable[Path]) -> int:
    files = (file for path in paths for file in path.rglob("*"))
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink())


def _pip(python: Path, *words: str) -> None:
    command = [str(python), "-m", "pip", "--quiet", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=clean())
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise NlpRnnError(f"pip {words[0]}: {errors[-1] if errors else done.stderr[-500:]}")
