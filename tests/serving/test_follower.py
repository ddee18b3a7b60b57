"""The newest model answers; whatever goes wrong with it, the last good one goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nlp_rnn.inference import PackageError
from nlp_rnn.inference import package as files
from nlp_rnn.integrations import store
from nlp_rnn.schema import NlpRnnError, UsageError
from nlp_rnn.serving import model as models
from nlp_rnn.serving.follower import Follower
from nlp_rnn.serving.model import Folder, Model
from tests.serving.client import wait
from tests.serving.toys import fake


class Source:
    """Gives the last of its models, or raises it."""

    def __init__(self, *found: Model | Exception) -> None:
        self.found = list(found)
        self.loads = 0

    def newest(self) -> tuple[str, str | None]:
        last = self.found[-1]
        if isinstance(last, Exception):
            raise last
        return last.digest, last.version

    def load(self) -> Model:
        self.loads += 1
        self.newest()
        assert isinstance(self.found[-1], Model)
        return self.found[-1]


class Told:
    """A follower with all that it has told."""

    def __init__(self, source: models.Source) -> None:
        self.loaded: list[Model] = []
        self.failed: list[tuple[str, bool]] = []
        self.follower = Follower(
            source,
            every=0.01,
            loaded=self.loaded.append,
            failed=lambda error, hopeless: self.failed.append((str(error), hopeless)),
        )


def test_a_newer_model_takes_the_place_of_the_one_in_use() -> None:
    first, second = fake(digest="1"), fake(digest="2")
    source = Source(first)
    told = Told(source)
    assert told.follower.model is None
    for _ in range(3):
        told.follower.look()
    assert (told.follower.model, source.loads) == (first, 1)
    source.found.append(second)
    told.follower.look()
    assert told.follower.model is second
    assert told.loaded == [first, second]
    assert told.failed == []


def test_a_problem_is_told_once_and_the_model_goes_on() -> None:
    good = fake(digest="1")
    source = Source(good)
    told = Told(source)
    told.follower.look()
    for problem in (store.Unreachable("gone."), PackageError("damaged."), OSError("disk full")):
        source.found.append(problem)
        told.follower.look()
        told.follower.look()
        assert told.follower.model is good
    source.found.append(good)
    told.follower.look()
    source.found.append(store.Unreachable("gone."))
    told.follower.look()
    assert told.failed == [
        ("gone.", False),
        ("damaged.", False),
        ("the model cannot be loaded: disk full", False),
        ("gone.", False),
    ]


@pytest.mark.parametrize(
    ("problem", "hopeless"),
    [
        (store.Unreachable("gone."), False),
        (UsageError("no such alias."), True),
        (PackageError("damaged."), True),
    ],
)
def test_without_a_model_only_a_registry_that_is_away_is_waited_for(
    problem: NlpRnnError, hopeless: bool
) -> None:
    told = Told(Source(problem))
    told.follower.look()
    assert told.failed == [(str(problem), hopeless)]
    assert told.follower.model is None


def test_a_model_that_cannot_answer_does_not_take_over() -> None:
    def fail(texts: object) -> None:
        raise ValueError

    good, bad = fake(digest="1"), fake(fail, digest="2")
    source = Source(good)
    told = Told(source)
    told.follower.look()
    source.found.append(bad)
    told.follower.look()
    assert told.follower.model is good
    assert told.failed == [("package 2 of fake fails to predict (ValueError).", False)]


def test_the_thread_looks_again_and_ends() -> None:
    source = Source(store.Unreachable("gone."))
    told = Told(source)
    told.follower.start()
    wait(lambda: told.failed)
    source.found.append(fake())
    wait(lambda: told.follower.model)
    told.follower.stop()


def test_a_folder_is_followed_while_what_it_holds_is_exchanged(
    packages: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "toy"
    with pytest.raises(UsageError, match="no package folder"):
        Folder(folder)
    shutil.copytree(packages["negative"], folder)
    told = Told(Folder(folder))
    told.follower.look()
    assert told.follower.model is not None
    assert (told.follower.model.name, told.follower.model.version) == ("toy", None)
    assert told.follower.model.predictor.predict(["a"])[0].label == "negative"
    folder.rename(tmp_path / "former")  # as a pull does
    told.follower.look()
    assert "no package at present" in told.failed[0][0]
    shutil.copytree(packages["positive"], folder)
    (folder / "weights.safetensors").write_bytes(b"")
    told.follower.look()
    assert "was changed" in told.failed[1][0]
    assert told.follower.model.predictor.predict(["a"])[0].label == "negative"
    shutil.copy(packages["positive"] / "weights.safetensors", folder)
    told.follower.look()
    assert told.follower.model.predictor.predict(["a"])[0].label == "positive"
    assert told.follower.model.digest == files.verify(folder)
