"""The whole project on a few sentences, as people run it: `dvc repro`, the registry, a prediction."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
PARAMS = """\
seed: 13
threads: 1
runs:
  tiny:
    task: ner
    language: en
    data: {source: "file:mine.conll", unlabeled: "raw.txt"}
    tokenizer: {}
    pretraining: {}
    model: {hidden_size: 16, word_size: 16}
    training: {epochs: 20, batch_tokens: 60, word_dropout: 0, learning_rate: 0.01}
"""
NAMES = ["Ana", "Boris", "Chen", "Dilip", "Esra", "Femi", "Goran", "Hana", "Ines", "Jamal"]
TOWNS = ["Rome", "Oslo", "Quito", "Hanoi", "Cairo", "Turin", "Lagos", "Perth", "Nice", "Pune"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A fresh workspace with the project's own code, and a corpus of sixty sentences."""
    for name in ("nlp_rnn", "flows"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(
        ROOT / ".dvc", tmp_path / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp", "*.local")
    )
    for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "params.yaml").write_text(PARAMS, encoding="utf-8")
    write_corpus(tmp_path, 60)
    (tmp_path / "raw.txt").write_text("Ana met Zoltan in Vienna.\n" * 5, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def write_corpus(project: Path, count: int) -> None:
    sentences = (
        f"{NAMES[i % 10]} B-PER\nmet O\n{NAMES[(i + 3) % 10]} B-PER\nin O\n{TOWNS[i * 7 % 10]} B-LOC\n"
        f"on O\nday O\n{i} O\n. O\n"
        for i in range(count)
    )
    (project / "mine.conll").write_text("\n".join(sentences), encoding="utf-8")


def run(project: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=project,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_from_a_file_to_a_champion_and_again_after_a_change(project: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    inputs = project / "data/inputs/tiny"
    inputs.parent.mkdir(parents=True)
    inputs.symlink_to("../../mine.conll")  # what there was before the run named raw text
    run(project, "dvc", "repro")
    lock = YAML(typ="safe").load(project / "dvc.lock")
    verbs = ["ingest", "tokenize", "validate", "baseline", "pretrain", "train", "evaluate"]
    assert {*lock["stages"]} == {f"{verb}@tiny" for verb in verbs}
    metrics = json.loads((project / "data/reports/tiny/metrics.json").read_text())
    assert metrics["examples"] == {"dev": 6, "test": 6}
    assert 0 <= metrics["score"] <= 1
    assert "up to date" in run(project, "dvc", "status")
    assert "data/reports/tiny/metrics.json" in run(project, "dvc", "metrics", "show")

    assert "promoted" in run(project, "nlp_rnn", "promote", "tiny")
    said = run(project, "nlp_rnn", "predict", "models:/tiny@champion", "Ana met Boris in Rome .", "--json")
    prediction = json.loads(said.splitlines()[0])
    assert prediction["text"] == "Ana met Boris in Rome ."
    assert isinstance(prediction["spans"], list)
    shown = json.loads(run(project, "nlp_rnn", "champion", "tiny", "--json"))
    assert shown["version"] == 1

    idle = run(project, "nlp_rnn", "run")  # nothing is stale and all is decided: no server starts
    assert "tiny: up to date" in idle
    assert "server" not in idle

    write_corpus(project, 61)
    assert "ingest@tiny" in run(project, "dvc", "status")
    write_corpus(project, 60)
    assert "up to date" in run(project, "dvc", "status")
    (project / "raw.txt").write_text("Ana met Zoltan in Vienna.\n" * 6, encoding="utf-8")
    assert "ingest@tiny" in run(project, "dvc", "status")


def test_refused_data_is_never_trained_on(project: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    broken = (project / "mine.conll").read_text().replace("met O\nAna B-PER", "met O\nAna I-LOC", 1)
    (project / "mine.conll").write_text(broken, encoding="utf-8")
    for verb in ("ingest", "tokenize"):
        run(project, "nlp_rnn", verb, "tiny")
    said = run(project, "nlp_rnn", "validate", "tiny", code=3)
    assert "mine.conll:" in said
    assert (project / "data/validation/tiny/docs/index.html").is_file()
    assert "refused" in run(project, "nlp_rnn", "train", "tiny", code=3)
    assert not (project / "data/models").exists()
