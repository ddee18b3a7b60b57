"""A server in a process of its own, and the bytes that go there and come back."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass
class Server:
    """`nlp-rnn serve` in a process of its own."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    def lines(self, event: str) -> list[dict[str, Any]]:
        """What it has logged of a kind of event."""
        found = map(json.loads, self.log.read_text().rpartition("\n")[0].splitlines())
        return [line for line in found if line["event"] == event]

    def exchange(self, *pieces: bytes) -> tuple[int, dict[str, str], bytes]:
        """Sends bytes over a connection of their own; status, header and body of the first answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            for piece in pieces:
                try:
                    connection.sendall(piece)
                except OSError:
                    break  # it has refused already
            return receive(connection)

    def post(
        self, content: object, path: str = "/predict", **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """Posts JSON."""
        status, found, body = self.exchange(request(json.dumps(content).encode(), path=path, **headers))
        return status, found, json.loads(body)

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Gets what is at an address."""
        return self.exchange(request(b"", path=path, method="GET", **headers))


def request(body: bytes, *, path: str = "/predict", method: str = "POST", **headers: str) -> bytes:
    """A whole request; a header that is empty is left out."""
    given = {
        "Host": "localhost",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode() + body


def receive(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One answer: status, header, body."""
    with connection.makefile("rb") as file:
        first = file.readline()
        status = int(first.split()[1])
        headers = {}
        while line := file.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, file.read(int(headers["content-length"]))


def wait(until: Callable[[], object], seconds: float = 60) -> None:
    """Returns once something holds; fails if it never does."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


Start = Callable[..., Server]


@contextmanager
def started(folder: Path, *words: str, ready: bool = True, **variables: str) -> Iterator[Server]:
    """`nlp-rnn serve` with some words, in a folder; what is left of it at the end is killed."""
    log = folder / "server.log"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **variables}
    command = [sys.executable, "-m", "nlp_rnn", "serve", *words, "--port", "0"]
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=folder, stderr=file, env=environment, text=True)
    server = Server(process, 0, log)
    try:
        wait(lambda: process.poll() is not None or "listening" in log.read_text().rpartition("\n")[0])
        assert process.poll() is None, log.read_text()
        server.port = int(server.lines("listening")[0]["url"].rpartition(":")[2])
        if ready:
            wait(lambda: server.get("/ready")[0] == 200)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(20)
