"""A connection that dallies is given up; one that works is not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from nlp_rnn.serving import protocol
from tests.serving.client import receive, request, wait

SECONDS = 0.4


async def application(scope, receive, send) -> None:
    """Answers at once, unless it is asked to read the body first."""
    if scope["path"] == "/read":
        while (await receive()).get("more_body"):
            pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """To a server that has little patience with heads."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", SECONDS)
    server = uvicorn.Server(
        uvicorn.Config(application, http=protocol.Protocol, ws="none", log_config=None, lifespan="off")
    )
    bound = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        wait(lambda: server.started)
        with socket.create_connection(bound.getsockname(), timeout=20) as made:
            yield made
    finally:
        server.should_exit = True
        thread.join(20)


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def trickle(connection: socket.socket, data: bytes, seconds: float) -> None:
    """Sends byte after byte, for so long at most."""
    end = time.monotonic() + seconds
    for byte in data:
        if time.monotonic() > end:
            return
        try:
            connection.sendall(bytes([byte]))
        except OSError:
            return
        time.sleep(0.02)


def test_who_says_nothing_is_given_up(connection: socket.socket) -> None:
    assert is_closed(connection)


def test_a_head_that_does_not_end_is_given_up(connection: socket.socket) -> None:
    trickle(connection, b"GET / HTTP/1.1\r\nX: " + b"a" * 1000, 3 * SECONDS)
    assert is_closed(connection)


def test_so_is_one_after_a_good_request(connection: socket.socket) -> None:
    connection.sendall(request(b"", path="/", method="GET"))
    assert receive(connection)[0] == 200
    trickle(connection, b"GET / HTTP/1.1\r\nX: " + b"a" * 1000, 3 * SECONDS)
    assert is_closed(connection)


def test_and_a_body_that_goes_on_after_its_answer(connection: socket.socket) -> None:
    connection.sendall(request(b"", path="/", Content_Length="1000000"))
    assert receive(connection)[0] == 200
    trickle(connection, b"a" * 1000, 3 * SECONDS)
    assert is_closed(connection)


def test_a_slow_body_has_the_time_that_its_reader_gives(connection: socket.socket) -> None:
    connection.sendall(request(b"", path="/read", Content_Length="50"))
    trickle(connection, b"a" * 50, 10 * SECONDS)
    assert receive(connection)[0] == 200
    time.sleep(SECONDS / 2)
    connection.sendall(request(b"ab", path="/read"))
    assert receive(connection)[0] == 200
