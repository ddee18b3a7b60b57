"""A server that cannot start says so in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.server import start
from nlp_rnn.schema import NlpRnnError


def test_a_server_that_cannot_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "nonsense")
    with pytest.raises(NlpRnnError, match=r"did not start \(.+\); .*server\.log says more"):
        start(tmp_path)
