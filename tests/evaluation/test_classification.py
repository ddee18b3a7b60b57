import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from nlp_rnn.evaluation.classification import score
from nlp_rnn.schema import DataError

PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1, max_size=30)


def test_figures_worked_out_by_hand():
    gold = ["good", "good", "good", "bad", "bad", "mixed"]
    predicted = ["good", "good", "bad", "bad", "good", "good"]

    assert score(gold, predicted) == {
        "accuracy": 0.5,
        "macro_f1": 0.357143,  # (1/2 + 4/7 + 0) / 3
        "classes": {
            "bad": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2},
            "good": {"precision": 0.5, "recall": 0.666667, "f1": 0.571429, "support": 3},
            "mixed": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1},
        },
        "confusion": {"labels": ["bad", "good", "mixed"], "counts": [[1, 1, 0], [1, 2, 0], [0, 1, 0]]},
        "counts": {"texts": 6, "correct": 3},
    }


def test_a_label_that_only_the_model_knows_counts_as_a_class():
    result = score(["a", "a"], ["a", "z"])

    assert result["classes"]["z"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    assert result["macro_f1"] == 0.333333  # (2/3 + 0) / 2


@pytest.mark.parametrize(("gold", "predicted"), [([], []), (["a"], []), (["a"], ["a", "b"])])
def test_what_cannot_be_compared_is_an_error(gold, predicted):
    with pytest.raises(DataError):
        score(gold, predicted)


@given(PAIRS)
def test_figures_are_those_of_scikit_learn(pairs):
    gold, predicted = map(list, zip(*pairs))
    result = score(gold, predicted)

    assert result["accuracy"] == pytest.approx(accuracy_score(gold, predicted), abs=1e-6)
    macro = f1_score(gold, predicted, average="macro", zero_division=0.0)
    assert result["macro_f1"] == pytest.approx(macro, abs=1e-6)


@given(PAIRS, st.randoms(use_true_random=False))
def test_gold_is_perfect_and_order_does_not_matter(pairs, random):
    gold, predicted = map(list, zip(*pairs))
    shuffled = list(pairs)
    random.shuffle(shuffled)

    assert score(gold, gold)["accuracy"] == score(gold, gold)["macro_f1"] == 1.0
    assert score(*zip(*shuffled)) == score(gold, predicted)
