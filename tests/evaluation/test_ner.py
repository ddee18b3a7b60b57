import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp_rnn.evaluation.ner import align, score
from nlp_rnn.schema import DataError
from nlp_rnn.text.labels import to_bio

ANY_TAGS = st.lists(st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]), min_size=1, max_size=12)
LEGAL_TAGS = ANY_TAGS.map(lambda tags: list(to_bio(tags, "BIO")))


@st.composite
def gold_and_predicted(draw):
    gold = draw(st.lists(ANY_TAGS, min_size=1, max_size=5))
    tags = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
    return gold, [draw(st.lists(tags, min_size=len(s), max_size=len(s))) for s in gold]


def conlleval(gold, predicted):
    """The figures of the CoNLL-2000 script, by its own method: one pass that opens and closes chunks."""

    def starts(previous, tag):
        return tag != "O" and (tag[0] == "B" or previous == "O" or previous[2:] != tag[2:])

    def ends(previous, tag):
        return previous != "O" and (tag == "O" or tag[0] == "B" or previous[2:] != tag[2:])

    correct = in_gold = in_predicted = 0
    for right, guess in zip(gold, predicted):
        both_open = False
        before, guess_before = "O", "O"
        for tag, guess_tag in zip([*right, "O"], [*guess, "O"]):
            end, guess_end = ends(before, tag), ends(guess_before, guess_tag)
            if both_open and (end or guess_end):
                correct += end and guess_end
                both_open = False
            start, guess_start = starts(before, tag), starts(guess_before, guess_tag)
            both_open = both_open or (start and guess_start and tag[2:] == guess_tag[2:])
            in_gold += start
            in_predicted += guess_start
            before, guess_before = tag, guess_tag
    precision = correct / in_predicted if in_predicted else 0.0
    recall = correct / in_gold if in_gold else 0.0
    f1 = 2 * precision * recall / (precision + recall) if correct else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}


def test_figures_worked_out_by_hand():
    gold = [
        ["B-PER", "I-PER", "O", "B-LOC"],  # two persons, two places in all
        ["B-LOC", "O", "B-PER", "O"],
    ]
    predicted = [
        ["B-PER", "I-PER", "O", "B-PER"],  # right; wrong type
        ["B-LOC", "I-LOC", "O", "O"],  # too long; missed
    ]

    assert score(gold, predicted) == {
        "precision": 0.333333,  # 1 of 3
        "recall": 0.25,  # 1 of 4
        "f1": 0.285714,  # 2 / 7
        "classes": {
            "LOC": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 2},
            "PER": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2},
        },
        "conlleval": {"precision": 0.333333, "recall": 0.25, "f1": 0.285714},
        "token_accuracy": 0.625,  # 5 of 8
        "counts": {"sentences": 2, "tokens": 8, "gold": 4, "predicted": 3, "correct": 1, "illegal": 0},
    }


@pytest.mark.parametrize(
    ("gold", "predicted", "strict", "lenient"),
    [
        # After O, an I- begins nothing for the strict reading, and an entity for conlleval.
        ("O B-PER I-PER", "O I-PER I-PER", 0.0, 1.0),
        # So too at the start of a sentence.
        ("B-PER O O", "I-PER O O", 0.0, 1.0),
        # After another type: the person is right for both, the place for conlleval only (P 1/1, R 1/2).
        ("B-PER B-LOC O", "B-PER I-LOC O", 0.666667, 1.0),
        # An illegal tag costs nothing in the strict reading, but is a spurious entity for conlleval (P 1/2).
        ("B-PER O O", "B-PER O I-PER", 1.0, 0.666667),
        # A B- always begins an entity: two entities that touch are not one.
        ("B-PER B-PER O", "B-PER I-PER O", 0.0, 0.0),
        ("B-PER I-PER O", "B-PER I-PER O", 1.0, 1.0),
    ],
)
def test_strict_and_conlleval_differ_on_illegal_tags_only(gold, predicted, strict, lenient):
    result = score([gold.split()], [predicted.split()])

    assert (result["f1"], result["conlleval"]["f1"]) == (strict, lenient)
    assert result["counts"]["illegal"] == (strict != lenient)


def test_ratios_over_nothing_are_zero():
    empty = score([["O", "O"]], [["O", "O"]])
    assert (empty["precision"], empty["recall"], empty["f1"], empty["token_accuracy"]) == (0.0, 0.0, 0.0, 1.0)
    assert empty["classes"] == {}

    spurious = score([["O", "O"]], [["B-PER", "O"]])
    assert spurious["classes"] == {"PER": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}}


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        ([], [], "no example"),
        ([["O"]], [], "1 gold examples but 0 predicted"),
        ([["O"], ["O", "O"]], [["O"], ["O"]], "sentence 2: 2 gold tags but 1 predicted"),
    ],
)
def test_what_cannot_be_compared_is_an_error(gold, predicted, message):
    with pytest.raises(DataError, match=message):
        score(gold, predicted)


@given(gold_and_predicted())
def test_conlleval_figures_are_those_of_the_script(pair):
    assert score(*pair)["conlleval"] == pytest.approx(conlleval(*pair), abs=1e-6)


@given(st.lists(LEGAL_TAGS, min_size=1, max_size=6))
def test_gold_against_itself_is_perfect(gold):
    result = score(gold, gold)
    perfect = float(any(tag != "O" for tags in gold for tag in tags))

    assert result["f1"] == result["conlleval"]["f1"] == perfect
    assert all(figures["f1"] == 1.0 for figures in result["classes"].values())


@given(gold_and_predicted(), st.randoms(use_true_random=False))
def test_the_order_of_sentences_does_not_matter(pair, random):
    shuffled = list(zip(*pair))
    random.shuffle(shuffled)

    assert score(*zip(*shuffled)) == score(*pair)


@pytest.mark.parametrize(
    ("gold", "predicted", "pairs"),
    [
        ("B-PER I-PER O B-LOC", "B-PER I-PER O B-PER", [("PER", "PER"), ("LOC", "PER")]),
        ("B-PER O O", "O O B-LOC", [("PER", None), (None, "LOC")]),
        ("O O B-LOC", "B-PER O O", [(None, "PER"), ("LOC", None)]),
        # The person overlaps both, and the place more: that one is its partner, the other is spurious.
        ("B-PER I-PER I-PER O", "B-ORG B-LOC I-LOC O", [(None, "ORG"), ("PER", "LOC")]),
        # Equal overlaps: the left one.
        ("B-PER I-PER O", "B-ORG B-LOC O", [("PER", "ORG"), (None, "LOC")]),
        ("O O O", "I-PER O O", []),
    ],
)
def test_entities_find_their_partners(gold, predicted, pairs):
    assert sorted(align(gold.split(), predicted.split()), key=repr) == sorted(pairs, key=repr)


@given(gold_and_predicted())
def test_alignment_loses_and_invents_no_entity(pair):
    aligned = [row for sentences in zip(*pair) for row in align(*sentences)]
    counts = score(*pair)["counts"]

    assert sum(actual is not None for actual, _ in aligned) == counts["gold"]
    assert sum(guess is not None for _, guess in aligned) == counts["predicted"]
    assert sum(actual == guess for actual, guess in aligned) >= counts["correct"]
