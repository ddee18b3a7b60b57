"""This project's server and `mlflow models serve` in turns: the same load, the same model, two cores.

``python -m benchmarks.serving`` registers a package in a workspace of its own and starts each server on its
champion. Clients that keep their connections send single texts of a test set. While ours is under load the
champion changes every few seconds: to the same weights under another digest.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks import document
from nlp_rnn import environment
from nlp_rnn.data import readers
from nlp_rnn.inference import package as packages
from nlp_rnn.integrations import registration, registry, store

PROJECT = Path(__file__).resolve().parents[1]
NAME = "served"
CORES = 2
WARM_UP = 3.0  # seconds
MOVES = 4.0  # seconds between two moves of the champion
START = 120.0  # seconds that a server may take to start
WANTED = 3.0  # requests a second, in times of MLflow's
Find = dict[str, Any]


def main() -> None:
    """Registers, loads, writes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--package", type=Path, default=PROJECT / "data/models/ner-en")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only-show", action="store_true", help="leaves benchmarks/README.md as it is")
    given = parser.parse_args()
    environment.quiet()
    environment.own_commands_first()
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["PYTHONPATH"] = os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")])
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    package = given.package.resolve()
    with tempfile.TemporaryDirectory(prefix="nlp-rnn-serving-") as folder:
        os.chdir(folder)
        versions = _register(package)
        texts = _texts(package)
        found: dict[str, list[Find]] = {"ours": [], "mlflow": []}
        for _ in range(given.rounds):
            found["ours"].append(_ours(texts, versions, given.clients, given.seconds))
            found["mlflow"].append(_mlflow(texts, given.clients, given.seconds))
        os.chdir(PROJECT)
    text = table(found)
    if not given.only_show:
        document.insert(PROJECT / "benchmarks/README.md", "serving", text)
    print(text)


def _register(package: Path) -> list[str]:
    """Two versions with the same weights: their model cards differ."""
    other = Path("other")
    shutil.copytree(package, other)
    with (other / "README.md").open("a", encoding="utf-8") as card:
        card.write("\nThe same weights again.\n")
    manifest = json.loads((other / packages.MANIFEST).read_text(encoding="utf-8"))
    manifest["files"]["README.md"] = packages.digest(other / "README.md")
    (other / packages.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    client = store.client()
    run = client.create_run(store.experiment(client, NAME)).info.run_id
    made = [
        registration.register(NAME, package=folder, run_id=run, tags={}, origin={})
        for folder in (package, other)
    ]
    registry.set_alias(NAME, registry.CHAMPION, made[0].version)
    os.environ["MLFLOW_TRACKING_URI"] = store.uri()
    return [version.version for version in made]


def _texts(package: Path) -> list[str]:
    """The test set of the package's task and language that was written by hand."""
    model = packages.read_model(package)
    task, language = model["task"], model["language"]
    (path,) = (PROJECT / f"data/demo/{task}-{language}").glob("test.*")
    between = " " if language == "en" else ""
    return [
        example.text or between.join(example.tokens or ())
        for example in readers.read(path, task=task, split="test")
    ]


def _ours(texts: list[str], versions: list[str], clients: int, seconds: float) -> Find:
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "nlp_rnn",
        "serve",
        f"models:/{NAME}@{registry.CHAMPION}",
        f"--port={port}",
    ]
    with (
        _server(command, f"http://127.0.0.1:{port}/ready") as cpu_seconds,
        _moving(versions) as moves,
    ):
        found = _loaded(port, "/predict", [{"text": text} for text in texts], clients, seconds, cpu_seconds)
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        loads = next(line for line in lines if line.startswith("nlp_rnn_model_loads_total"))
    return {**found, "moves": len(moves), "reloads": int(float(loads.split()[1])) - 1}


def _mlflow(texts: list[str], clients: int, seconds: float) -> Find:
    port = _free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", f"models:/{NAME}@{registry.CHAMPION}"]
    command += ["--env-manager", "local", "--port", str(port)]
    with _server(command, f"http://127.0.0.1:{port}/ping") as cpu_seconds:
        bodies = [{"inputs": [text]} for text in texts]
        return _loaded(port, "/invocations", bodies, clients, seconds, cpu_seconds)


@contextmanager
def _server(command: list[str], ready: str) -> Iterator[Callable[[], float]]:
    """A server that is ready; gives what tells the CPU-seconds of its processes."""
    with Path("server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait(ready, process)
        yield lambda: _cpu_seconds(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end and process.poll() is None:
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    sys.exit(f"{process.args!r} did not start:\n{Path('server.log').read_text()[-2000:]}")


def _loaded(
    port: int,
    path: str,
    bodies: Sequence[object],
    clients: int,
    seconds: float,
    cpu_seconds: Callable[[], float],
) -> Find:
    """What the clients saw, after a warm-up, and the server's CPU-milliseconds for a request."""
    Path("bodies.jsonl").write_text("\n".join(json.dumps(body) for body in bodies), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "benchmarks.load",
        str(port),
        path,
        "bodies.jsonl",
        f"--clients={clients}",
    ]
    subprocess.run([*command, f"--seconds={WARM_UP}"], check=True, capture_output=True)
    before = cpu_seconds()
    done = subprocess.run([*command, f"--seconds={seconds}"], check=True, capture_output=True)
    found = json.loads(done.stdout)
    return {**found, "cpu_ms": 1000 * (cpu_seconds() - before) / max(1, found["requests"])}


@contextmanager
def _moving(versions: list[str]) -> Iterator[list[str]]:
    """Moves the champion while the block lasts; the list grows by each version that it moved to."""
    ended, moves = threading.Event(), list[str]()

    def move() -> None:
        while not ended.wait(MOVES):
            chosen = versions[(len(moves) + 1) % len(versions)]
            registry.set_alias(NAME, registry.CHAMPION, chosen)
            moves.append(chosen)

    thread = threading.Thread(target=move)
    thread.start()
    try:
        yield moves
    finally:
        ended.set()
        thread.join()


def _cpu_seconds(group: int) -> float:
    """Of all processes of a group that live."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return any_port.getsockname()[1]


def table(found: Mapping[str, list[Find]]) -> str:
    """Medians of the rounds, and sums of errors."""
    rows = [
        "| server | requests/s | p50, ms | p99, ms | CPU-ms a request | errors |",
        "|---|---|---|---|---|---|",
    ]
    for name, label in (("ours", "`nlp-rnn serve`"), ("mlflow", "`mlflow models serve`")):
        rate, p50, p99, cpu = (_median(found[name], key) for key in ("rate", "p50_ms", "p99_ms", "cpu_ms"))
        errors = sum(sum(one["errors"].values()) for one in found[name])
        rows.append(f"| {label} | {rate:,.0f} | {p50:,.1f} | {p99:,.1f} | {cpu:.2f} | {errors} |")
    ratios = [ours["rate"] / other["rate"] for ours, other in zip(found["ours"], found["mlflow"])]
    moves, reloads = (sum(one[key] for one in found["ours"]) for key in ("moves", "reloads"))
    failed = sum(sum(one["errors"].values()) for one in found["ours"])
    return "\n".join(
        [
            *rows,
            "",
            f"Requests a second in times of MLflow's: {statistics.median(ratios):.1f} "
            f"({', '.join(f'{ratio:.1f}' for ratio in ratios)}; promised: at least {WANTED:g}). "
            f"Under our load the champion moved {moves} times, {reloads} models were loaded, "
            f"and {failed} requests failed.",
        ]
    )


def _median(found: list[Find], key: str) -> float:
    return statistics.median(one[key] for one in found if one[key] is not None)


if __name__ == "__main__":
    main()
