import json
from pathlib import Path

import pytest

from nlp_rnn.data.examples import write
from nlp_rnn.params import Data, Run
from nlp_rnn.schema import DataRefused, Example
from nlp_rnn.stages import baseline

TAGS = [
    (("Ann", "met", "Bo"), ("B-PER", "O", "B-PER")),
    (("we", "left"), ("O", "O")),
    (("Cy", "left"), ("B-PER", "O")),
]
REVIEWS = [
    ("a lovely film", "good"),
    ("a dull film", "bad"),
    ("", "bad"),
    ("lovely", "good"),
    ("dull", "bad"),
]


@pytest.fixture(params=["ner", "sentiment"])
def run(request, tmp_path, monkeypatch):
    """A run with its examples and a good verdict, in a workspace of its own."""
    monkeypatch.chdir(tmp_path)
    if request.param == "ner":
        examples = [Example(str(i), f"f:{i}", tokens=a, tags=b) for i, (a, b) in enumerate(TAGS)]
    else:
        examples = [Example(str(i), f"f:{i}", text=a, label=b) for i, (a, b) in enumerate(REVIEWS)]
    for split in ("train", "dev", "test"):
        write(Path(f"data/examples/tiny/{split}.jsonl"), examples)
    verdict("tiny", success=True)
    return Run(name="tiny", task=request.param, language="en", data=Data(source="demo"))


def verdict(name, *, success):
    path = Path(f"data/validation/{name}/report.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"success": success}))


def test_scores_and_predictions_are_written_and_told_in_one_line(run, capsys):
    baseline.main(run)

    metrics = json.loads(Path("data/baselines/tiny/metrics.json").read_text())
    assert metrics["score"] == metrics["test"][metrics["primary"]] == 1.0
    assert set(metrics) == {"name", "primary", "score", "dev", "test"}
    lines = Path("data/baselines/tiny/predictions.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["id"] for record in records] == [
        str(i) for i in range(metrics["test"]["counts"].get("texts", 3))
    ]
    assert all(record["gold"] == record["predicted"] for record in records)
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 1
    assert told[0].startswith(f"tiny: {metrics['name']} has {metrics['primary']} 1.0000 on ")


def test_the_same_examples_give_the_same_bytes(run):
    contents = []
    for _ in range(2):
        baseline.main(run)
        contents.append([path.read_bytes() for path in sorted(Path("data/baselines/tiny").iterdir())])

    assert contents[0] == contents[1]


def test_refused_data_is_not_learned_from(run):
    verdict("tiny", success=False)

    with pytest.raises(DataRefused):
        baseline.main(run)
    assert not Path("data/baselines").exists()
