"""A real process on a real socket: what it refuses, how it ends, and that it says why it does not start."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from nlp_rnn.serving.protocol import HEAD_BYTES
from tests.serving.client import ROOT, Server, Start, receive, request, wait

GOOD = b'{"text": "Maria flew to Rome."}'


@pytest.fixture(scope="module")
def server(start: Start, packages: dict[str, Path]) -> Server:
    limits = ("--max-body", "2000", "--max-characters", "100", "--max-texts", "3", "--timeout", "1")
    return start(str(packages["ner"]), *limits, NLP_RNN_TOKEN="s3cret")


def posted(body: bytes, **headers: str) -> list[bytes]:
    return [request(body, **{"Authorization": "Bearer s3cret", **headers})]


def chunked(*pieces: bytes, end: bool = True) -> list[bytes]:
    head = request(b"", Authorization="Bearer s3cret", Content_Length="", Transfer_Encoding="chunked")
    return [head, *(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces), *([b"0\r\n\r\n"] * end)]


BAD = {
    "an empty body": (400, posted(b"")),
    "spaces": (400, posted(b"   ")),
    "half of an object": (400, posted(b'{"text": "a"')),
    "a form": (415, posted(b"text=a", Content_Type="application/x-www-form-urlencoded")),
    "no content type": (415, posted(GOOD, Content_Type="")),
    "plain text": (415, posted(GOOD, Content_Type="text/plain")),
    "a compressed body": (415, posted(GOOD, Content_Encoding="gzip")),
    "not UTF-8": (400, posted(b'{"text": "\xff\xfe"}')),
    "UTF-16": (400, posted(GOOD.decode().encode("utf-16"))),
    "half of a surrogate pair": (422, posted(b'{"text": "\\ud800"}')),
    "null": (422, posted(b"null")),
    "a list": (422, posted(b'["a"]')),
    "null for a text": (422, posted(b'{"text": null}')),
    "a number for a text": (422, posted(b'{"text": 7}')),
    "a list for a text": (422, posted(b'{"text": ["a"]}')),
    "a number in texts": (422, posted(b'{"texts": ["a", 7]}')),
    "no texts": (422, posted(b'{"texts": []}')),
    "both": (422, posted(b'{"text": "a", "texts": ["b"]}')),
    "an unknown field": (422, posted(b'{"text": "a", "labels": []}')),
    "a key twice": (400, posted(b'{"text": "a", "text": "b"}')),
    "NaN": (400, posted(b'{"text": NaN}')),
    "a huge number": (400, posted(b'{"text": ' + b"9" * 1900 + b"e9" * 9 + b"}")),
    "deep nesting": (400, posted(b"[" * 1999)),
    "a text too long": (422, posted(json.dumps({"text": "a" * 101}).encode())),
    "too many texts": (422, posted(b'{"texts": ["a", "b", "c", "d"]}')),
    "a body too large": (413, posted(b'{"text": "' + b"a" * 2000 + b'"}')),
    "a declared body too large": (413, posted(b"", Content_Length="9999999999")[:1]),
    "a chunked body too large": (413, chunked(*[b"a" * 999] * 500)),
    "a chunked body that does not end": (413, chunked(*[b"a" * 999] * 500, end=False)),
    "a body that does not come": (408, posted(b"", Content_Length="10")),
    "a body that stops": (408, posted(b'{"text"', Content_Length="20")),
    "a negative length": (400, posted(GOOD, Content_Length="-5")),
    "a length that is no number": (400, posted(GOOD, Content_Length="ten")),
    "two lengths": (400, [request(GOOD, Authorization="Bearer s3cret\r\nContent-Length: 5")]),
    "a length and chunks": (400, posted(GOOD, Transfer_Encoding="chunked")),
    "a chunk without a length": (400, [*chunked(end=False), b"x\r\n"]),
    "another method": (405, [request(GOOD, method="PUT", Authorization="Bearer s3cret")]),
    "no method of HTTP": (400, [request(GOOD, method="FROB", Authorization="Bearer s3cret")]),
    "another address": (404, [request(GOOD, path="/invocations", Authorization="Bearer s3cret")]),
    "a way out": (404, [request(b"", path="/../../etc/passwd", method="GET", Authorization="Bearer s3cret")]),
    "no token": (401, [request(GOOD)]),
    "a wrong token": (401, posted(GOOD, Authorization="Bearer secret")),
    "another host": (421, posted(GOOD, Host="evil.example")),
    "two hosts": (421, posted(GOOD, Host="localhost\r\nHost: evil.example")),
    "no host": (421, posted(GOOD, Host="")),
    "no HTTP": (400, [b"\x16\x03\x01\x02\x00 hello\r\n\r\n"]),
    "a head too long": (400, [b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * (HEAD_BYTES + 1)]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_gets_a_clean_answer(server: Server, name: str) -> None:
    expected, pieces = BAD[name]
    status, headers, body = server.exchange(*pieces)
    assert (status, headers["content-type"]) == (expected, "application/json")
    detail = json.loads(body)["detail"]
    assert len(detail) < 200
    assert detail.endswith(".")
    good, _, answer = server.exchange(*posted(GOOD))  # it lives
    assert (good, b"predictions" in answer) == (200, True)


def test_after_all_that_no_request_failed_in_the_server(server: Server) -> None:
    assert server.lines("error") == []
    logged = server.log.read_text()
    assert "Traceback" not in logged
    assert "Maria" not in logged
    assert "s3cret" not in logged


def test_a_connection_is_kept_after_a_refusal_and_a_chunked_body_is_read(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        for pieces, expected in (
            (posted(b"{"), 400),
            (posted(GOOD), 200),
            (posted(b"a" * 5000), 413),
            (chunked(GOOD[:5], GOOD[5:]), 200),
            (posted(b'{"text": 1}'), 422),
            (posted(GOOD, Expect="100-continue"), 100),
        ):
            connection.sendall(b"".join(pieces))
            assert next_status(connection) == expected


def next_status(connection: socket.socket) -> int:
    """Of the next answer; 100 has no body."""
    if connection.recv(13, socket.MSG_PEEK | socket.MSG_WAITALL).endswith(b"100 "):
        return 100
    return receive(connection)[0]


def test_what_is_being_answered_ends_well_when_the_server_is_told_to_stop(
    start: Start, packages: dict[str, Path]
) -> None:
    server = start(str(packages["ner"]))
    whole = request(GOOD)
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as busy,
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as idle,
    ):
        busy.sendall(whole[:-5])
        idle.sendall(whole)
        assert receive(idle)[0] == 200
        server.process.send_signal(signal.SIGTERM)
        assert idle.recv(1) == b""  # an idle connection ends at once
        wait(lambda: refuses(server.port))
        busy.sendall(whole[-5:])
        status, headers, body = receive(busy)
        assert (status, headers["connection"]) == (200, "close")
        assert json.loads(body)["predictions"][0]["text"] == "Maria flew to Rome."
    assert server.process.wait(20) == 143
    assert len(server.lines("stopped")) == 1


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_an_interrupt_ends_it_too(start: Start, packages: dict[str, Path]) -> None:
    server = start(str(packages["ner"]), ready=False)
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(20) == 130
    assert "Traceback" not in server.log.read_text()


def command(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nlp_rnn", "serve", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_what_keeps_it_from_starting_is_one_sentence(packages: dict[str, Path], tmp_path: Path) -> None:
    package = str(packages["ner"])
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for words, code, sentence in (
            (["no/such/folder"], 2, "no package folder 'no/such/folder'"),
            ([str(damaged), "--port", "0"], 1, "damaged a model package?"),
            ([package, "--port", port], 2, f"127.0.0.1:{port} cannot be bound"),
            ([package, "--host", "0.0.0.0"], 2, "NLP_RNN_TOKEN"),
            ([package, "--host", "192.0.2.1", "--no-token"], 2, "192.0.2.1:8000 cannot be bound"),
            ([package, "--token", ""], 2, "--token must be"),
        ):
            done = command(*words)
            assert (done.returncode, sentence in done.stderr) == (code, True), done.stderr
            assert "Traceback" not in done.stderr


def test_help_is_instant_and_a_missing_extra_is_named(packages: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError('none here', name='uvicorn')")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = command("--help", PYTHONPATH=path)
    assert done.returncode == 0
    assert "NLP_RNN_TOKEN" in done.stdout
    done = command(str(packages["ner"]), PYTHONPATH=path)
    assert (done.returncode, done.stderr) == (
        2,
        "nlp-rnn: serving needs uvicorn; pip install 'nlp-rnn[serve]'.\n",
    )


def test_neither_torch_nor_mlflow_is_imported() -> None:
    code = (
        "import sys, nlp_rnn.serving.server;"
        "print(sorted({'torch', 'mlflow', 'pandas', 'prefect'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"
