"""Back to the champion before: proved first, marked, recorded, and not undone by the next run."""

import pytest

from nlp_rnn.integrations import registry
from nlp_rnn.operations import decisions, release
from nlp_rnn.operations.rollback import rollback
from nlp_rnn.schema import NlpRnnError, UsageError

NAME = "toy"


@pytest.fixture
def replaced(workspace):
    """Version 2 is champion in the place of version 1, and its package lies in the workspace."""
    release.promote(NAME)
    workspace.train(seed=2, says="positive")
    workspace.evaluate()
    assert release.promote(NAME).promote
    return workspace


def test_the_former_champion_is_champion_again_and_the_other_does_not_come_back(replaced) -> None:
    out, back = rollback(NAME)
    assert (out.version, back.version) == ("2", "1")
    assert registry.champion(NAME).version == "1"
    record = decisions.last(NAME)
    assert (record["version"], record["promote"]) == ("1", True)
    assert record["reason"] == "Version 2 was rolled back."
    assert not release.is_settled(NAME)  # the package that lies here is not the one that this was about
    decision = release.promote(NAME)
    assert not decision.promote
    assert "was rolled back at" in decision.reason
    assert registry.champion(NAME).version == "1"
    assert release.is_settled(NAME)
    replaced.train(seed=3, says="positive")  # as good, but another one
    assert release.promote(NAME).promote
    assert registry.champion(NAME).version == "3"


def test_there_must_be_one_to_go_back_to(workspace) -> None:
    with pytest.raises(UsageError, match="registered models: none yet"):
        rollback(NAME)
    release.promote(NAME)
    with pytest.raises(UsageError, match="version 1 of toy took no other's place"):
        rollback(NAME)


def test_a_former_champion_that_cannot_be_used_leaves_all_as_it_is(replaced, monkeypatch) -> None:
    def broken(version: registry.Version) -> None:
        raise NlpRnnError(f"version {version.version} is damaged")

    monkeypatch.setattr(release, "prove", broken)
    with pytest.raises(NlpRnnError, match="version 1 is damaged"):
        rollback(NAME)
    assert registry.champion(NAME).version == "2"
    assert "rolled_back" not in registry.champion(NAME).tags
