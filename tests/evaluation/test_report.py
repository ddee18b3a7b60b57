import json

import numpy as np
import pytest

from nlp_rnn.evaluation.behaviour import Case, Outcome
from nlp_rnn.evaluation.report import table, write
from nlp_rnn.schema import DataError, Example

BASELINE = {"name": "linear", "score": 0.25, "test": {"ignored": True}}
CASES = [Case(Example("4", "f:4", text="Hi."), Example("4", "f:4", text=after)) for after in ("Hi!", "hi")]
BEHAVIOUR = {"typos": Outcome(CASES, [("a", "b"), ("a", "a")], np.array([True, False]))}


def sentence(number, tokens, tags):
    return Example(str(number), f"f:{number}", tokens=tuple(tokens.split()), tags=tuple(tags.split()))


def review(number, text, label):
    return Example(str(number), f"f:{number}", text=text, label=label)


@pytest.fixture
def tagged():
    dev = [sentence(1, "Ann", "B-PER")]
    test = [
        sentence(2, "Ann Lee in Rome", "B-PER I-PER O B-LOC"),
        sentence(3, "Bo saw 北 京", "B-PER O B-LOC I-LOC"),
    ]
    predicted = {
        "dev": [["B-PER"]],
        "test": [["B-PER", "I-PER", "O", "B-PER"], ["O", "B-PER", "B-LOC", "I-LOC"]],
    }
    sure = {"dev": [[0.9]], "test": [[0.95, 0.25], [0.35, 0.15]]}
    return {
        "task": "ner",
        "examples": {"dev": dev, "test": test},
        "predicted": predicted,
        "confidences": sure,
    }


@pytest.fixture
def classified():
    examples = {
        "dev": [review(1, "fine", "good")],
        "test": [review(2, "nice", "good"), review(3, "", 'so, "so"')],
    }
    predicted = {"dev": ["good"], "test": ["good", "good"]}
    sure = {"dev": [[0.75]], "test": [[0.75], [0.75]]}
    return {"task": "sentiment", "examples": examples, "predicted": predicted, "confidences": sure}


def test_the_files_of_a_tagger(tmp_path, tagged):
    returned = write(tmp_path, **tagged, baseline=BASELINE, behaviour=BEHAVIOUR)

    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert metrics == returned
    assert (metrics["task"], metrics["primary"], metrics["score"]) == ("ner", "f1", 0.5)
    assert metrics["score"] == metrics["test"]["f1"]
    assert metrics["dev"]["f1"] == 1.0
    assert metrics["baseline"] == {"name": "linear", "score": 0.25}
    assert metrics["examples"] == {"dev": 1, "test": 2}
    lines = (tmp_path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines == [
        json.dumps({"id": example.id, "gold": list(example.tags), "predicted": said})
        for example, said in zip(tagged["examples"]["test"], tagged["predicted"]["test"])
    ]
    assert (tmp_path / "confusion.csv").read_bytes() == (
        b"actual,predicted\nPER,PER\nLOC,PER\nPER,none\nnone,PER\nLOC,LOC\n"
    )
    assert (tmp_path / "classes.csv").read_bytes() == (
        b"label,precision,recall,f1,support\nLOC,1.0,0.5,0.666667,2\nPER,0.333333,0.5,0.4,2\n"
    )


def test_behaviour_tests_leave_shares_and_what_failed(tmp_path, classified):
    metrics = write(tmp_path, **classified, baseline=BASELINE, behaviour=BEHAVIOUR)
    assert metrics["behaviour"] == {"typos": {"cases": 2, "failed": 1, "share": 0.5}}
    assert (tmp_path / "behaviour.csv").read_text() == "capability,failed\ntypos,0.5\n"
    (line,) = (tmp_path / "behaviour.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "capability": "typos",
        "id": "4",
        "before": {"text": "Hi.", "predicted": "a"},
        "after": {"text": "Hi!", "predicted": "b"},
    }


def test_calibration_is_in_the_report(tmp_path, tagged, classified):
    metrics = write(tmp_path / "tagged", **tagged, baseline=BASELINE, behaviour=BEHAVIOUR)
    ece = (0.05 + 0.25 + 0.35 + 0.85) / 4
    assert metrics["calibration"]["test"] == {
        "ece": pytest.approx(ece),
        "confidence": 0.425,
        "right": 0.5,
        "answers": 4,
    }
    assert (tmp_path / "tagged/calibration.csv").read_text() == (
        "confidence,right,answers\n0.15,1.0,1\n0.25,0.0,1\n0.35,0.0,1\n0.95,1.0,1\n"
    )
    metrics = write(tmp_path / "classified", **classified, baseline=BASELINE, behaviour=BEHAVIOUR)
    assert metrics["calibration"]["test"]["ece"] == 0.25
    assert metrics["calibration"]["dev"] == {"ece": 0.25, "confidence": 0.75, "right": 1.0, "answers": 1}


def test_a_model_that_found_nothing_was_sure_of_nothing(tmp_path, tagged):
    tagged["predicted"] = {"dev": [["O"]], "test": [["O"] * 4, ["O"] * 4]}
    tagged["confidences"] = {"dev": [[]], "test": [[], []]}
    metrics = write(tmp_path, **tagged, baseline=BASELINE, behaviour=BEHAVIOUR)
    assert metrics["calibration"]["test"] == {"ece": 0.0, "confidence": 0.0, "right": 0.0, "answers": 0}


def test_the_files_of_a_classifier(tmp_path, classified):
    metrics = write(tmp_path, **classified, baseline=BASELINE, behaviour=BEHAVIOUR)

    assert (metrics["primary"], metrics["score"]) == ("accuracy", 0.5)
    assert (tmp_path / "confusion.csv").read_text() == 'actual,predicted\ngood,good\n"so, ""so""",good\n'
    assert (tmp_path / "classes.csv").read_text() == (
        'label,precision,recall,f1,support\ngood,0.5,1.0,0.666667,1\n"so, ""so""",0.0,0.0,0.0,1\n'
    )


@pytest.mark.parametrize("task", ["tagged", "classified"])
def test_the_same_predictions_give_the_same_bytes_in_any_folder(tmp_path, task, request):
    inputs = request.getfixturevalue(task)
    contents = []
    for folder in (tmp_path / "here", tmp_path / "there" / "deeper"):
        write(folder, **inputs, baseline=BASELINE, behaviour=BEHAVIOUR)
        contents.append({path.name: path.read_bytes() for path in folder.iterdir()})

    assert contents[0] == contents[1]
    assert set(contents[0]) == {
        *("metrics.json", "predictions.jsonl", "confusion.csv", "classes.csv"),
        *("calibration.csv", "behaviour.csv", "behaviour.jsonl"),
    }
    assert not any(str(tmp_path).encode() in content for content in contents[0].values())


def test_an_empty_test_set_is_an_error_and_leaves_no_file(tmp_path, classified):
    classified["examples"]["test"] = classified["predicted"]["test"] = []

    with pytest.raises(DataError):
        write(tmp_path / "report", **classified, baseline=BASELINE, behaviour=BEHAVIOUR)
    assert not (tmp_path / "report").exists()


def test_the_table_is_aligned(tmp_path, tagged):
    assert table("names", write(tmp_path, **tagged, baseline=BASELINE, behaviour=BEHAVIOUR)).splitlines() == [
        "names: f1 0.5000 on 2 test examples (linear, the baseline: 0.2500)",
        "label  precision  recall      f1  support",
        "LOC       1.0000  0.5000  0.6667        2",
        "PER       0.3333  0.5000  0.4000        2",
        "calibration: sure to 0.425 on average, right in 0.500 of 4 answers (ECE 0.375)",
        "behaviour tests failed: typos 50.0%",
    ]
