import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nlp_rnn.integrations import registry
from nlp_rnn.operations import champion as champions
from nlp_rnn.operations import decisions, release
from nlp_rnn.schema import DataError, NlpRnnError, UsageError

NAME = "toy"


def test_first_version_becomes_champion_and_says_on_what_evidence(workspace) -> None:
    assert not release.is_settled(NAME)
    decision = release.promote(NAME)
    assert decision.promote
    version = registry.champion(NAME)
    assert version is not None
    assert version.version == "1"
    assert version.tags["provisional"] == "false"
    assert version.tags["decision"] == "champion"
    assert version.tags["reason"] == decision.reason
    assert json.loads(version.tags["numbers"])["numbers"]["baseline.score"] == 0.1
    assert release.is_settled(NAME)
    assert "version 1 is the champion, with accuracy 0.3" in release.champion_line(NAME)


def test_first_version_that_equals_the_baseline_is_provisional_and_one_below_it_stays_behind(
    workspace,
) -> None:
    workspace.write_baseline(["positive"] * 60 + ["negative"] * 40)  # right of 90
    decision = release.promote(NAME)
    assert (decision.promote, decision.alias) == (False, "challenger")
    assert registry.champion(NAME) is None
    workspace.write_baseline(["negative"] * 100)
    assert release.promote(NAME).promote
    assert registry.champion(NAME).tags["provisional"] == "true"
    assert "(provisional)" in release.champion_line(NAME)


def test_equal_is_challenger_and_better_replaces(workspace) -> None:
    release.promote(NAME)
    workspace.train(seed=2, says="negative")
    workspace.evaluate()
    assert not release.is_settled(NAME)
    assert not release.promote(NAME).promote
    assert registry.champion(NAME).version == "1"
    assert registry.challenger(NAME).version == "2"
    assert registry.challenger(NAME).tags["decision"] == "challenger"
    assert release.is_settled(NAME)
    workspace.train(seed=3, says="positive")
    workspace.evaluate()
    assert release.promote(NAME).promote
    assert registry.champion(NAME).version == "3"
    assert registry.champion(NAME).tags["provisional"] == "false"
    # The record has all of it, one line for each decision.
    records = [json.loads(line) for line in decisions.PATH.read_text().splitlines()]
    assert [(r["version"], r["promote"], r["score"]) for r in records] == [
        ("1", True, 0.3),
        ("2", False, 0.3),
        ("3", True, 0.7),
    ]
    assert records[2]["champion"] == {
        "version": "1",
        "package": registry.resolve("models:/toy/1").digest,
        "score": 0.3,
    }
    assert records[2]["limits"]["margin"] == 0.01
    assert records[2]["numbers"]["champion.chance"] < 0.001
    assert records[2]["numbers"]["class.negative.lead"] < -0.4


def test_better_with_a_class_lost_stays_behind(workspace) -> None:
    release.promote(NAME)
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("class_loss: 1.0", "class_loss: 0.05"))
    workspace.train(seed=2, says="positive")
    assert workspace.evaluate() == 0.7
    decision = release.promote(NAME)
    assert not decision.promote
    assert "Its F1 of negative fell from 0.4615 to 0.0000" in decision.reason


def test_a_report_of_another_package_promotes_nothing(workspace) -> None:
    workspace.report(0.9, 100)
    decision = release.promote(NAME)
    assert (decision.promote, decision.alias) == (False, None)
    assert "says accuracy 0.9000, but it scores 0.3000 now" in decision.reason


def test_challenger_that_is_promoted_later_is_one_no_more(workspace) -> None:
    release.promote(NAME)
    workspace.train(seed=2, says="positive")
    workspace.write_examples("test", ["negative"] * 100)
    workspace.evaluate()
    release.promote(NAME)
    assert registry.challenger(NAME).version == "2"
    workspace.write_examples("test", ["positive"] * 100)
    workspace.evaluate()
    assert release.promote(NAME).promote
    assert registry.champion(NAME).version == "2"
    assert registry.challenger(NAME) is None


def test_same_package_again_changes_nothing(workspace) -> None:
    release.promote(NAME)
    before = registry.champion(NAME)
    assert not release.promote(NAME).promote
    assert registry.champion(NAME) == before
    assert registry.challenger(NAME) is None


@pytest.mark.parametrize("flaw", ["nan", "missing", "empty", "refused"])
def test_unsound_is_registered_but_stays_behind(workspace, flaw: str) -> None:
    workspace.report({"nan": float("nan"), "missing": None}.get(flaw, 0.3), examples=100 * (flaw != "empty"))
    workspace.write_validation(success=flaw != "refused")
    decision = release.promote(NAME)
    assert not decision.promote
    assert registry.champion(NAME) is None
    assert registry.challenger(NAME) is None
    assert registry.resolve("models:/toy/1").tags["decision"] == "refused"
    assert release.is_settled(NAME)
    assert "no champion yet" in release.champion_line(NAME)


def test_champion_is_scored_again_on_another_test_set(workspace) -> None:
    release.promote(NAME)
    workspace.write_examples("test", ["negative"] * 100)  # on which the champion is always right
    workspace.train(seed=2, says="positive")
    workspace.write_baseline(["positive"] * 100)
    workspace.evaluate()
    decision = release.promote(NAME)
    assert not decision.promote
    assert decision.numbers["champion.score"] == 1.0
    assert decisions.last(NAME)["champion"]["score"] == 1.0


def test_alias_moves_only_to_a_version_that_can_be_used(workspace) -> None:
    release.promote(NAME)
    workspace.train(seed=2, says="positive")
    workspace.evaluate()
    release.register(NAME)
    manifest = (workspace.package / "MANIFEST.json").read_bytes()
    manifests = Path("mlruns/artifacts").rglob(f"artifacts/{registry.PLACE}/MANIFEST.json")
    (stored,) = (path.parent for path in manifests if path.read_bytes() == manifest)
    # What was lost or changed is put back, but what somebody else put there is not ours to remove.
    (stored / "model.json").write_text("{}")
    (stored / "tokenizer.json").unlink()
    (stored / "code.py").write_text("print()")
    with pytest.raises(NlpRnnError, match=r"version 2 of toy is damaged.*code\.py does not belong"):
        release.promote(NAME)
    assert registry.champion(NAME).version == "1"
    assert not release.is_settled(NAME)
    (stored / "code.py").unlink()
    assert release.promote(NAME).promote
    assert registry.champion(NAME).version == "2"


def test_champion_that_somebody_else_moves_is_judged_again(workspace, monkeypatch) -> None:
    release.promote(NAME)
    workspace.train(seed=2, says="positive")
    release.register(NAME)
    workspace.train(seed=3, says="positive")
    workspace.evaluate()
    ask, asked = registry.champion, []

    def moved_after_the_first_look(name: str):
        answer = ask(name)
        if not asked:
            registry.set_alias(name, registry.CHAMPION, "2")
        asked.append(answer)
        return answer

    monkeypatch.setattr(registry, "champion", moved_after_the_first_look)
    assert not release.promote(NAME).promote  # better than version 1, but no better than version 2
    assert ask(NAME).version == "2"
    assert registry.challenger(NAME).version == "3"


def test_two_releases_at_once_promote_the_package_once(workspace) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(release.promote, [NAME, NAME]))
    assert sorted(decision.promote for decision in both) == [False, True]
    assert registry.champion(NAME).version == "1"
    assert len(decisions.PATH.read_text().splitlines()) == 2


def test_settled_is_known_without_mlflow(workspace) -> None:
    release.promote(NAME)
    script = (
        "import sys; from nlp_rnn.operations import release;"
        "print(release.is_settled('toy'), release.is_settled('other'), 'mlflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True False False\n"
    Path("mlruns/mlflow.db").unlink()
    assert not release.is_settled(NAME)


def test_record_survives_a_line_that_was_cut_off(workspace) -> None:
    release.promote(NAME)
    whole = decisions.PATH.read_bytes()
    decisions.PATH.write_bytes(whole + whole[:50])
    assert decisions.last(NAME)["version"] == "1"
    decisions.append({"run": NAME, "version": "2"})
    assert decisions.last(NAME)["version"] == "2"
    assert decisions.last("other") is None


def test_missing_parts_are_named(workspace) -> None:
    with pytest.raises(UsageError, match="there is no run 'other'"):
        release.register("other")
    workspace.metrics.unlink()
    with pytest.raises(DataError, match=r"metrics\.json: no such file; run `nlp-rnn evaluate toy` first"):
        release.promote(NAME)
    with pytest.raises(UsageError, match="none yet"):
        champions.show(NAME, as_json=False)


def test_champion_is_shown_to_people_and_programs(workspace) -> None:
    release.promote(NAME)
    text = champions.show(NAME, as_json=False)
    assert "version 1 is the champion, with accuracy 0.3 on 100 test examples" in text
    record = json.loads(champions.show(NAME, as_json=True))
    assert (record["version"], record["score"], record["provisional"]) == (1, 0.3, False)
    assert record["package"] == registry.champion(NAME).digest
    assert record["numbers"]["score"] == 0.3
    assert record["limits"]["error"] == 0.05
