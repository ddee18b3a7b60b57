import pytest

from nlp_rnn.evaluation.metrics import METRICS, PRIMARY, gold, score
from nlp_rnn.schema import TASKS, Example, UsageError


def test_every_task_has_its_figures_and_the_one_that_decides():
    assert set(METRICS) == set(PRIMARY) == set(TASKS)
    assert score("ner", [["B-PER"]], [["B-PER"]])[PRIMARY["ner"]] == 1.0
    assert score("sentiment", ["good"], ["good"])[PRIMARY["sentiment"]] == 1.0


def test_an_unknown_task_is_an_error_that_names_the_known_ones():
    with pytest.raises(UsageError, match=r"'parsing'.*ner, sentiment"):
        score("parsing", [], [])


def test_gold_is_what_the_annotators_said():
    assert gold("ner", [Example("1", "f:1", tokens=("a",), tags=("O",))]) == [["O"]]
    assert gold("sentiment", [Example("1", "f:1", text="a", label="good")]) == ["good"]
