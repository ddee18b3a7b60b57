"""A fresh clone of this repository at a commit, which gets data by digest and runs stages in its own code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from configparser import ConfigParser, Error
from pathlib import Path

from nlp_rnn.operations.workspace import HOLDER, die_with_parent
from nlp_rnn.schema import NlpRnnError, UsageError

TAIL = 3  # lines of output that an error repeats
# What would lead a stage out of the clone, or to where this process writes.
_LEFT_OUT = (HOLDER, "DVC_STAGE", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID")


class Clone:
    """A clone whose project folder is ``root``; the first of ``caches`` is its own, and empty at first."""

    def __init__(
        self, workspace: Path, commit: str, folder: Path, variables: Mapping[str, str | None] | None = None
    ) -> None:
        """
        Args:
            workspace: the project's folder, in a repository of git.
            commit: the commit's full name.
            folder: where the clone goes; empty, or not there yet.
            variables: what its stages find in their environment; None for what they must not find there.

        Raises:
            UsageError: there is no repository, or it has no such commit.
        """
        prefix = _git(workspace, "rev-parse", "--show-prefix")
        if prefix is None:
            raise UsageError(f"{workspace}: is in no repository of git; run this in the project's clone.")
        if _git(workspace, "cat-file", "-e", f"{commit}^{{commit}}") is None:
            raise UsageError(
                f"commit {commit} is not in the repository of {workspace}: it is from another clone, or "
                "history was rewritten; fetch it (`git fetch origin COMMIT`) and try again."
            )
        _run(["git", "clone", "--quiet", "--no-checkout", str(_top(workspace)), str(folder)], workspace)
        # A local clone has all objects, those that no branch leads to included.
        _run(["git", "checkout", "--quiet", "--detach", commit], folder)
        self.workspace = workspace
        self._variables = dict(variables or {})
        self.root = folder / prefix
        # Where DVC puts what it gets; and where else the lists of folders' files may lie.
        self.caches = [self.root / ".dvc" / "reproduced"]
        self._write_config()

    def write(self, files: Mapping[str, str]) -> None:
        """Writes files over those of the commit."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")

    def link(self, path: str) -> None:
        """Puts a link to what the workspace has at a path in the place of what the commit has."""
        link = self.root / path
        if link.is_dir() and not link.is_symlink():
            shutil.rmtree(link)
        link.unlink(missing_ok=True)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(self.workspace / path)

    def pull(self, path: str) -> None:
        """Gets what a stage made: from the default remote, or else from the workspace's cache.

        What neither has is missing afterwards, and nothing is said of it.
        """
        remotes = ["workspace"] if self._remote is None else [self._remote, "workspace"]
        for remote in remotes:
            command = [sys.executable, "-m", "dvc", "pull", "--quiet", "--remote", remote, path]
            if _done(command, self.root, self._environment()).returncode == 0:
                return

    def run(self, verb: str, run: str) -> None:
        """Runs a stage, ``train`` say, with the clone's code.

        Raises:
            NlpRnnError: it failed; with the last that it said.
        """
        _run([sys.executable, "-m", "nlp_rnn", verb, run], self.root, self._environment())

    def _environment(self) -> dict[str, str]:
        own = {
            **os.environ,
            **self._variables,
            "PYTHONPATH": str(self.root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DVC_SITE_CACHE_DIR": str(
                self.root / ".dvc" / "site"
            ),  # or DVC leaves one behind for every clone
        }
        if mirror := os.environ.get("NLP_RNN_MIRROR"):
            own["NLP_RNN_MIRROR"] = str(self.workspace / mirror)  # it may count from there
        return {name: value for name, value in own.items() if value is not None and name not in _LEFT_OUT}

    def _write_config(self) -> None:
        """Gives the clone the workspace's remotes, and its cache as another, but a cache of its own."""
        here = self.workspace / ".dvc"
        config = ConfigParser(interpolation=None)
        try:
            config.read([here / "config", here / "config.local"], encoding="utf-8")
        except Error as error:
            raise UsageError(f"{here}/config.local: {error.message}.") from None
        for name in config.sections():
            url = config[name].get("url")
            if url is not None and "://" not in url:  # it counts from the folder of the file that says it
                config[name]["url"] = str((here / url).resolve())
                self.caches.append(Path(config[name]["url"]))
        self._remote = config.get("core", "remote", fallback=None)
        told = _done([sys.executable, "-m", "dvc", "cache", "dir"], self.workspace, self._environment())
        if told.returncode:
            raise UsageError(f"{self.workspace}: not a DVC repository; run this in the project's folder.")
        cache = told.stdout.splitlines()[-1]
        self.caches.append(Path(cache))
        config["'remote \"workspace\"'"] = {"url": cache}
        config.remove_section("cache")
        config["cache"] = {"dir": str(self.caches[0])}
        with (self.root / ".dvc" / "config.local").open("w", encoding="utf-8") as file:
            config.write(file)


def _top(workspace: Path) -> str:
    return _git(workspace, "rev-parse", "--show-toplevel") or str(workspace)


def _git(folder: Path, *words: str) -> str | None:
    """What a question to git is answered, or None."""
    try:
        done = _done(["git", *words], folder, None)
    except FileNotFoundError:
        raise UsageError("git is not installed.") from None
    return done.stdout.strip() if done.returncode == 0 else None


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
    done = _done(command, folder, environment)
    if done.returncode:
        last = [line for line in done.stdout.splitlines() if line.strip()][-TAIL:]
        raise NlpRnnError(f"`{' '.join(command[-3:])}` failed: {' | '.join(last) or 'it said nothing'}")


def _done(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        preexec_fn=die_with_parent,
    )
