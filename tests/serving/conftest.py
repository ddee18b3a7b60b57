"""What the tests of a module share: packages, and servers in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.serving.client import Server, Start, started
from tests.serving.toys import write_package


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts servers, which end with the module; see :func:`tests.serving.client.started`."""
    with ExitStack() as stack:

        def start(*words: str, ready: bool = True, **variables: str) -> Server:
            folder = tmp_path_factory.mktemp("server")
            return stack.enter_context(started(folder, *words, ready=ready, **variables))

        yield start


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A package for entities, and one of sentiment for each thing to say."""
    folder = tmp_path_factory.mktemp("packages")
    write_package(folder / "ner", "ner")
    for says in ("negative", "positive"):
        write_package(folder / says, says=says)
    return {path.name: path for path in folder.iterdir() if path.is_dir()}
