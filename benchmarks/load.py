"""Load for a server, from a process of its own: clients that keep their connections and ask without a pause.

``python -m benchmarks.load PORT PATH REQUESTS`` prints one line of JSON. A client sends a request as soon as
it has the answer to its last one. Requests are made beforehand, and of answers little is looked at: the time
is the server's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path


class Client(asyncio.Protocol):
    """One connection. What is not a whole answer with status 200 is an error, a lost connection included."""

    def __init__(self, requests: Sequence[bytes], begin: int, end: float) -> None:
        """
        Args:
            requests: whole ones, head and body.
            begin: the first to send.
            end: when to send no more, by ``time.perf_counter``.
        """
        self.seconds: list[float] = []  # from each request to the end of its answer
        self.errors: Counter[str] = Counter()
        self.done = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._next = begin
        self._end = end
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for the first time."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Takes a part of an answer, and asks again once it is whole."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        if head.split(b" ", 2)[1] == b"200":
            self.seconds.append(time.perf_counter() - self._asked)
        else:
            self.errors[body[:length].decode(errors="replace")[:200]] += 1
        self._received = b""
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends this client; before its time that is an error."""
        if not self.done.done():
            self.errors["connection lost"] += 1
            self.done.set_result(None)

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        if self._asked >= self._end:
            self.done.set_result(None)
            self._transport.close()
            return
        self._transport.write(self._requests[self._next % len(self._requests)])
        self._next += 1


def request(path: str, body: object) -> bytes:
    """A whole request that posts JSON."""
    content = json.dumps(body, ensure_ascii=False).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def load(port: int, requests: Sequence[bytes], *, clients: int, seconds: float) -> dict[str, object]:
    """Requests a second, p50 and p99 in milliseconds, and errors by kind."""
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    made = [
        loop.create_connection(partial(Client, requests, number * 17, begun + seconds), "127.0.0.1", port)
        for number in range(clients)
    ]
    busy = [client for _, client in await asyncio.gather(*made)]
    await asyncio.gather(*(client.done for client in busy))
    spent = time.perf_counter() - begun
    times = sorted(time for client in busy for time in client.seconds)
    return {
        "requests": len(times),
        "rate": len(times) / spent,
        "p50_ms": 1000 * times[len(times) // 2] if times else None,
        "p99_ms": 1000 * times[len(times) * 99 // 100] if times else None,
        "errors": dict(sum((client.errors for client in busy), Counter())),
        "cpu_seconds": time.process_time(),
    }


def main() -> None:
    """Loads a server of this machine."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("requests", type=Path, help="bodies, one JSON document a line")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    lines = given.requests.read_text(encoding="utf-8").splitlines()
    requests = [request(given.path, json.loads(line)) for line in lines]
    print(json.dumps(asyncio.run(load(given.port, requests, clients=given.clients, seconds=given.seconds))))


if __name__ == "__main__":
    main()
