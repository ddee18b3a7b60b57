import json
import subprocess
import sys
from pathlib import Path

import pytest

from nlp_rnn.operations import predict, release
from nlp_rnn.schema import DataError, Prediction, Span, UsageError


def command(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "nlp_rnn", "predict", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
    )


def texts(output: str) -> list[str]:
    return [json.loads(line)["text"] for line in output.splitlines()]


def test_people_see_entities_in_their_text() -> None:
    prediction = Prediction(
        "Al met Bo.\x1b", spans=(Span(0, 2, "PER", "Al", 0.9), Span(7, 9, "PER", "Bo", 0.9))
    )
    assert predict.to_text(prediction, color=False) == "[Al|PER] met [Bo|PER].\ufffd"
    colored = predict.to_text(prediction, color=True)
    assert colored.count("\x1b[0m") == 2
    assert colored.endswith(" met " + colored.split(" met ")[1])
    assert predict.to_text(Prediction("x", spans=()), color=True) == "x"


def test_people_see_a_label_and_its_score() -> None:
    prediction = Prediction("fine", label="positive", scores={"positive": 0.876, "negative": 0.124})
    assert predict.to_text(prediction, color=False) == "positive 0.88  fine"


def test_lines_are_cut_at_newlines_alone(tmp_path: Path) -> None:
    path = tmp_path / "texts"
    path.write_bytes("a\u2028b\r\n\nc\x0cd".encode())
    with path.open("rb") as file:
        assert list(predict.lines(file, "texts")) == ["a\u2028b", "", "c\x0cd"]
    path.write_bytes(b"fine\n\xff\n")
    with path.open("rb") as file, pytest.raises(DataError, match="texts:2: not UTF-8"):
        list(predict.lines(file, "texts"))


def test_folder_is_predicted_without_mlflow(workspace) -> None:
    script = (
        "import sys; from nlp_rnn.operations import predict;"
        "predict.main('data/models/toy', ['a'], None, as_json=True); print('mlflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    answer, imported = done.stdout.splitlines()
    assert set(json.loads(answer)) == {"text", "label", "scores"}
    assert imported == "False"


def test_texts_come_from_arguments_a_file_or_standard_input(workspace, capsys) -> None:
    Path("texts").write_text("eins\nzwei\n")
    predict.main("data/models/toy", ["one", "two"], None, as_json=True)
    assert texts(capsys.readouterr().out) == ["one", "two"]
    predict.main("data/models/toy", [], Path("texts"), as_json=True)
    assert texts(capsys.readouterr().out) == ["eins", "zwei"]
    done = command("data/models/toy", "--json", stdin="一\n二".encode())
    assert done.returncode == 0, done.stderr
    assert texts(done.stdout.decode()) == ["一", "二"]


def test_registered_model_answers_as_its_folder_does(workspace) -> None:
    given = ["Maria flew to Rome", ""]
    release.promote("toy")
    expected = list(predict.answers("data/models/toy", given))
    assert list(predict.answers("models:/toy@champion", given)) == expected
    assert list(predict.answers("models:/toy/1", given)) == expected


def test_wrong_usage_says_what_there_is(workspace) -> None:
    with pytest.raises(UsageError, match="there are: data/models/toy"):
        list(predict.answers("data/models/other", ["x"]))
    with pytest.raises(UsageError, match="none yet"):
        list(predict.answers("models:/toy@champion", ["x"]))
    with pytest.raises(UsageError, match="not both"):
        predict.main("data/models/toy", ["x"], Path("y"), as_json=True)
    with pytest.raises(UsageError, match="nope: No such file"):
        predict.main("data/models/toy", [], Path("nope"), as_json=True)
    with pytest.raises(UsageError, match="not UTF-8"):
        predict.main("data/models/toy", ["\udcff"], None, as_json=True)
    done = command("nope", "x")
    assert done.returncode == 2
    assert b"there are: data/models/toy" in done.stderr
    assert b"Traceback" not in done.stderr
