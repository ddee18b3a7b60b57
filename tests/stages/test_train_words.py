"""What words start from: chance, the text, the text without labels, or a file of vectors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nlp_rnn import params
from nlp_rnn.data import examples
from nlp_rnn.schema import Example, NlpRnnError, UsageError
from nlp_rnn.stages import network, tokenize, train
from nlp_rnn.text.encoding import Encoded
from nlp_rnn.training import ppmi
from nlp_rnn.training.start import first_vectors

RUN = params.Run(
    name="tiny",
    task="ner",
    language="en",
    data=params.Data(source="demo"),
    tokenizer=params.Tokenizer(unlabeled_min_count=2),
    model=params.Model(hidden_size=8, word_size=6),
)


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for split in ("train", "dev", "test"):
        content = [
            Example(f"{split}-{i}", f"{split}:{i}", tokens=("Ana", "left", town), tags=("B-PER", "O", "O"))
            for i, town in enumerate(["Rome", "Oslo", "Bonn", "Lima"] * 2)
        ]
        examples.write(Path("data/examples/tiny") / f"{split}.jsonl", content)
    raw = Path("data/raw/tiny/unlabeled.txt")
    raw.parent.mkdir(parents=True)
    raw.write_text("Ben left Quito.\n\nBen left Rome.\nBen stayed\n", encoding="utf-8")


def start(run: params.Run) -> tuple[np.ndarray, dict[str, int]]:
    """The word embeddings before the first step, and the words' ids."""
    tokenize.main(run)
    tokens = Path("data/tokens/tiny")
    vocabulary = json.loads((tokens / "vocabulary.json").read_text())
    train.devices.make_deterministic(seed=1, threads=1)
    model = network.build(run.task, run.model, vocabulary)
    encoded = Encoded.load(tokens / "train")
    words, size = model.features.word.weight.shape
    vectors = first_vectors(
        encoded, embeddings=run.training.embeddings, tokens=tokens, words=words, size=size
    )
    if vectors is not None:
        model.features.start_from(torch.from_numpy(vectors))
    ids = json.loads((tokens / "tokenizer.json").read_text())["model"]["vocab"]
    return model.features.word.weight.detach().numpy(), ids


def with_text(embeddings: str = "auto") -> params.Run:
    return replace(
        RUN,
        data=params.Data("demo", unlabeled="raw.txt"),
        training=replace(RUN.training, embeddings=embeddings),  # type: ignore[arg-type]
    )


def test_words_start_from_the_training_text() -> None:
    found, ids = start(RUN)
    assert {*ids} == {"<pad>", "<unk>", "ana", "left", "rome", "oslo", "bonn", "lima"}
    expected = ppmi.vectors([Encoded.load(Path("data/tokens/tiny/train"))], words=len(ids), size=6)
    np.testing.assert_array_equal(found[2:], expected[2:])
    assert not Path("data/tokens/tiny/unlabeled").exists()


def test_words_start_by_chance_if_asked() -> None:
    from_text, _ = start(RUN)
    by_chance, _ = start(replace(RUN, training=params.Training(embeddings="random")))
    assert not np.isclose(by_chance[2:], from_text[2:]).all(axis=1).any()
    assert by_chance[2:].all()


def test_raw_text_brings_words_and_their_vectors() -> None:
    found, ids = start(with_text())
    assert {"ben", ".", "quito", "stayed"} & {*ids} == {"ben", "."}  # the others are rarer than asked for
    folders = [Path("data/tokens/tiny") / name for name in ("train", "unlabeled")]
    expected = ppmi.vectors(map(Encoded.load, folders), words=len(ids), size=6)
    np.testing.assert_array_equal(found[2:], expected[2:])
    assert len(Encoded.load(folders[1])) == 3


def test_raw_text_need_not_decide_the_vectors() -> None:
    found, ids = start(with_text("random"))
    assert "ben" in ids
    expected, _ = start(with_text("ppmi"))
    assert not np.isclose(found[2:], expected[2:]).all(axis=1).any()


def with_file(content: str, **training: object) -> params.Run:
    link = Path("data/inputs/tiny/vectors")
    link.parent.mkdir(parents=True)
    link.write_text(content, encoding="utf-8")
    return replace(
        RUN,
        data=params.Data("demo", unlabeled="raw.txt", vectors="vectors.txt"),
        training=params.Training(**training),  # type: ignore[arg-type]
    )


def test_a_file_s_vectors_are_taken_for_the_words_that_it_has(capsys: pytest.CaptureFixture[str]) -> None:
    text = "Ana 3 0 0 0 0 0\nrome 0 1 0 0 0 0\nben 0 0 5 0 0 0\nunseen 0 0 0 9 9 9\n"
    found, ids = start(with_file(text))
    assert "ben" in ids  # of the unlabeled text, and in the file
    assert "." not in ids  # not in the file: nothing would be known of it
    expected = {"ana": [1, 0, 0, 0, 0, 0], "rome": [0, 1 / 3, 0, 0, 0, 0], "ben": [0, 0, 5 / 3, 0, 0, 0]}
    for word, vector in expected.items():  # of length 1 on average
        np.testing.assert_allclose(found[ids[word]], vector, rtol=1e-6)
    assert found[ids["oslo"]].all()  # by chance
    coverage = json.loads(Path("data/tokens/tiny/coverage.json").read_text())
    assert coverage["vectors"] == {"words": 6, "tokens": 24, "words_found": 2, "tokens_found": 10}
    assert "2 of 6 training words (33.3%) and 10 of 24 training tokens (41.7%)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "ana 1 2\n",
            r"word_size` is 6, but the vectors of `data\.vectors` have 2 numbers each; set word_size: 2",
        ),
        ("nothing 1 2 3 4 5 6\n", r"vectors\.txt: has a vector for no word of tiny"),
        ("ana 1 2\nrome 1\n", r"data/inputs/tiny/vectors:2: has 1 numbers"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(content: str, message: str) -> None:
    with pytest.raises(NlpRnnError, match=message):
        start(with_file(content))


def test_vectors_that_no_file_gives_are_missed() -> None:
    with pytest.raises(UsageError, match=r"embeddings` is `file`, but `data\.vectors` names none"):
        start(replace(RUN, training=params.Training(embeddings="file")))
