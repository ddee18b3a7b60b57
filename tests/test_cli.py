"""The command line: instant help, one sentence for each mistake, and the exit codes of the interface."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {
    *("torch", "mlflow", "prefect", "dvc", "datasets", "great_expectations", "pandas", "numpy"),
    *("onnxruntime", "tokenizers", "ruamel", "sklearn", "fastapi", "starlette", "uvicorn", "pydantic"),
}


def command(*words: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nlp_rnn", *words],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import json, sys\n"
        "sys.argv = ['nlp-rnn', '--help']\n"
        "from nlp_rnn.cli import main\n"
        "try: main()\n"
        "except SystemExit: print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *shown, loaded = result.stdout.splitlines()
    assert not HEAVY & set(json.loads(loaded))
    for verb in ("new", "ingest", "train", "evaluate", "run", "schedule", "predict", "serve", "champion"):
        assert any(line.split()[:1] == [verb] for line in shown), verb


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("train", "nothing"), 2, "there is no run 'nothing'; there are: ner-en"),
        (("run",), 2, "no flows/retrain.py here"),
        (("tokenize", "ner-en"), 1, "run `nlp-rnn ingest ner-en` first"),
        (("predict", "no/such/folder", "text"), 2, "no/such/folder"),
        (("frobnicate",), 2, "frobnicate"),
    ],
)
def test_a_mistake_is_one_message_and_a_code(
    project: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    result = command(*words, folder=project)
    assert (result.returncode, message in result.stderr) == (code, True), result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_debug_shows_the_traceback(project: Path) -> None:
    result = command("train", "nothing", "--debug", folder=project)
    assert result.returncode == 1
    assert "Traceback" in result.stderr


def test_a_parameter_that_does_not_fit_names_its_line(project: Path) -> None:
    path = project / "params.yaml"
    before = path.read_text()
    line = before[: before.index("cell: lstm")].count("\n") + 1
    path.write_text(before.replace("cell: lstm", "cell: lsmt", 1))
    result = command("train", "ner-en", folder=project)
    assert result.returncode == 2
    assert (
        f"params.yaml:{line}: `runs.ner-en.model.cell` is 'lsmt'; it must be one of: rnn, gru, lstm, mingru."
        in result.stderr
    )


def test_new_adds_a_block_and_keeps_what_people_wrote(project: Path) -> None:
    (project / "mine").mkdir()
    before = (project / "params.yaml").read_text()
    words = ("new", "mine", "--task", "ner", "--language", "zh", "--source", "file:mine")
    assert command(*words, folder=project).returncode == 0
    after = (project / "params.yaml").read_text()
    assert after.startswith(before)
    assert after[len(before) :].splitlines() == [
        "  mine:",
        "    task: ner",
        "    language: zh",
        '    data: {source: "file:mine"}',
        "    tokenizer: {}",
        "    pretraining: {}",
        "    model: {}",
        "    training: {}",
    ]
    assert (project / "data/inputs/mine").resolve() == project / "mine"
    assert command("new", "yours", *words[2:], folder=project).returncode == 0
    assert (project / "params.yaml").read_text().startswith(after)
    again = command(*words, folder=project)
    assert (again.returncode, "already" in again.stderr) == (2, True)


def test_new_takes_raw_text_and_refuses_what_is_not_there(project: Path) -> None:
    for name in ("mine.conll", "raw.txt"):
        (project / name).touch()
    words = ("new", "mine", "--task", "ner", "--language", "en", "--source", "file:mine.conll", "--unlabeled")
    before = (project / "params.yaml").read_text()
    missing = command(*words, "nothing.txt", folder=project)
    assert (missing.returncode, "nothing.txt: no such file" in missing.stderr) == (2, True)
    assert (project / "params.yaml").read_text() == before
    assert command(*words, "raw.txt", folder=project).returncode == 0
    assert '{source: "file:mine.conll", unlabeled: "raw.txt"}' in (project / "params.yaml").read_text()
    assert (project / "data/inputs/mine/unlabeled").resolve() == project / "raw.txt"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"--task": "nre"}, "'nre'; it must be one of: ner, sentiment"),
        ({"--language": "de"}, "'de'; it must be one of: en, zh"),
        ({"--source": "ftp:x"}, "'ftp:x' is not a source; use one of: demo, file:PATH"),
        ({"--source": "file:nothing"}, "nothing"),
        ({"--source": "catalog:nothing"}, "nothing"),
    ],
)
def test_new_refuses_what_does_not_exist_and_changes_nothing(
    project: Path, change: dict[str, str], message: str
) -> None:
    shutil.copytree(ROOT / "data/demo/ner-en", project / "data/demo/ner-en")
    shutil.copy(ROOT / "data/catalog.yaml", project / "data")
    before = (project / "params.yaml").read_bytes()
    options = {"--task": "ner", "--language": "en", "--source": "demo", **change}
    result = command("new", "mine", *(word for pair in options.items() for word in pair), folder=project)
    assert (result.returncode, message in result.stderr) == (2, True), result.stderr
    assert "Traceback" not in result.stderr
    assert (project / "params.yaml").read_bytes() == before
