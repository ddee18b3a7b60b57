"""The server and the registry: the alias moves under load, the registry goes away, and no request is lost."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from nlp_rnn.integrations import registry
from nlp_rnn.operations import release, rollback
from tests.serving.client import Server, started, wait

pytest.importorskip("httptools")
MODEL = "models:/toy@champion"
CLIENTS = 8


class Load:
    """Clients that ask one after another until the block ends; every answer is kept."""

    def __init__(self, server: Server) -> None:
        self.seen: Counter[tuple[int, str, str]] = Counter()  # status, version, label
        self._server = server
        self._ended = threading.Event()
        self._clients = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]

    def __enter__(self) -> Load:
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._ended.set()
        for client in self._clients:
            client.join()

    def _ask(self) -> None:
        while not self._ended.is_set():
            status, _, body = self._server.post({"texts": ["Maria flew.", "Rome"]})
            first, second = body.get("predictions", [{}, {}])
            labels = first.get("label", ""), second.get("label", "")
            self.seen[status, body.get("model", {}).get("version", ""), "+".join(sorted(set(labels)))] += 1

    def versions(self) -> set[str]:
        return {version for _, version, _ in list(self.seen)}


def test_the_champion_changes_under_load_and_no_request_fails(workspace, tmp_path: Path) -> None:
    release.promote("toy")
    with started(tmp_path, MODEL, "--poll", "0.2") as server, Load(server) as load:
        wait(lambda: load.versions() == {"1"})
        workspace.train(seed=2, says="positive")
        workspace.evaluate()
        assert release.promote("toy").promote
        wait(lambda: load.versions() == {"1", "2"})
        rollback.rollback("toy")
        wait(lambda: len(server.lines("model")) == 3)
        before = load.seen[200, "1", "negative"]
        wait(lambda: load.seen[200, "1", "negative"] > before)
    # Each answer is whole, and of the model that it names.
    assert set(load.seen) == {(200, "1", "negative"), (200, "2", "positive")}
    assert [line["version"] for line in server.lines("model")] == ["1", "2", "1"]
    assert server.lines("model problem") == []


def test_a_version_that_is_damaged_never_answers(workspace, tmp_path: Path) -> None:
    release.promote("toy")
    with started(tmp_path, MODEL, "--poll", "0.2") as server:
        workspace.train(seed=2, says="positive")
        release.register("toy")
        for stored in Path("mlruns/artifacts").rglob(f"artifacts/{registry.PLACE}/model.onnx"):
            stored.write_bytes(stored.read_bytes()[:-1] + b"\0")
        registry.set_alias("toy", registry.CHAMPION, "2")
        wait(lambda: server.lines("model problem"))
        assert "version 2 of toy is damaged" in server.lines("model problem")[0]["problem"]
        _, _, body = server.post({"text": "Maria"})
        assert (body["model"]["version"], body["predictions"][0]["label"]) == ("1", "negative")
        assert b"nlp_rnn_model_failures_total 1.0" in server.get("/metrics")[2]


def test_without_its_registry_a_server_starts_from_its_copy_or_waits(workspace, tmp_path: Path) -> None:
    release.promote("toy")
    away = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    copy = tmp_path / "copy"
    with started(tmp_path, MODEL, "--copy", str(copy)):
        pass
    with started(tmp_path, MODEL, "--copy", str(copy), **away) as server:
        _, _, body = server.post({"text": "Maria"})
        assert (body["model"]["version"], body["predictions"][0]["label"]) == (None, "negative")
    with started(tmp_path, MODEL, ready=False, **away) as server:
        wait(lambda: server.lines("model problem"))
        assert "does not answer" in server.lines("model problem")[0]["problem"]
        assert (server.get("/ready")[0], server.get("/health")[0]) == (503, 200)
        assert server.post({"text": "Maria"})[0] == 503


def test_an_alias_that_does_not_exist_ends_the_server(workspace, tmp_path: Path) -> None:
    with started(tmp_path, MODEL, ready=False) as server:
        assert server.process.wait(60) == 2
    assert "nlp-rnn: there is no models:/toy@champion; registered models: none yet" in server.log.read_text()
