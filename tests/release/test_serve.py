"""The server and the registry: the alias moves under load, the registry goes away, and no request is lost."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from nlp_rnn.integrations import registry
from nlp_rnn.operations import release, rollback
from nlp_rnn.serving.follower import Follower
from nlp_rnn.serving.model import Registered
from tests.serving.client import Server, started, wait

MODEL = "models:/toy@champion"
CLIENTS = 4


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


def test_a_damaged_version_never_answers_and_without_the_registry_the_copy_does(
    workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems: list[tuple[str, bool]] = []

    def follow(copy: str) -> Follower:
        return Follower(
            Registered(MODEL, tmp_path / copy),
            every=1,
            loaded=lambda model: None,
            failed=lambda error, hopeless: problems.append((str(error), hopeless)),
        )

    def answer(follower: Follower) -> tuple[str | None, str | None]:
        follower.look()
        assert follower.model is not None
        return follower.model.version, follower.model.predictor.predict(["Maria"])[0].label

    follow("none").look()
    assert problems.pop() == (
        f"there is no {MODEL}; registered models: none yet; `nlp-rnn register RUN` makes one.",
        True,
    )
    release.promote("toy")
    follower = follow("copy")
    assert answer(follower) == ("1", "negative")
    workspace.train(seed=2, says="positive")
    release.register("toy")
    for stored in Path("mlruns/artifacts").rglob(f"artifacts/{registry.PLACE}/model.onnx"):
        stored.write_bytes(stored.read_bytes()[:-1] + b"\0")
    registry.set_alias("toy", registry.CHAMPION, "2")
    assert answer(follower) == ("1", "negative")
    assert "version 2 of toy is damaged" in problems.pop()[0]
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        assert answer(follow("copy")) == (None, "negative")
        follow("none").look()
        assert not problems.pop()[1]
    assert problems == []
