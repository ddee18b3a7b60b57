"""Word vectors as others write them, and what is wrong with a file by its line."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn.data import vectors
from nlp_rnn.schema import DataError, UsageError

WORDS = {"the": [0.25, -1.5, 3.0], "Rome": [1.0, 0.0, -0.125], "été": [2.0, 2.0, 2.0]}
GLOVE = "".join(f"{word} {' '.join(map(str, numbers))}\n" for word, numbers in WORDS.items()).encode()
HEADER = b"3 3\n"
FASTTEXT = HEADER + GLOVE.replace(b"\n", b" \n")  # a space ends each of its lines


def binary(words=WORDS, end: bytes = b"\n") -> bytes:
    rows = (word.encode() + b" " + struct.pack("<3f", *numbers) + end for word, numbers in words.items())
    return HEADER + b"".join(rows)


def read(content: bytes, words=("the", "Rome", "été", "unseen"), name="vectors.txt"):
    Path(name).write_bytes(content)
    return vectors.read(Path(name), words)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "content",
    [GLOVE, GLOVE.removesuffix(b"\n"), HEADER + GLOVE, FASTTEXT, binary(), binary(end=b"")],
    ids=["glove", "unfinished line", "word2vec", "fasttext", "binary", "binary without line breaks"],
)
def test_every_format_gives_the_same_vectors(content: bytes, packed: bool) -> None:
    found = read(gzip.compress(content) if packed else content)
    assert {word: vector.tolist() for word, vector in found.items()} == WORDS
    assert all(vector.dtype == np.float32 for vector in found.values())


def test_only_the_words_that_are_wanted_are_kept() -> None:
    assert [*read(GLOVE, ["the"])] == ["the"]
    assert read(GLOVE, ["unseen"]) == {}


def test_another_spelling_serves_where_a_word_is_missing() -> None:
    content = b"ROME 1\nRome 2\noslo 3\nOslo 4\nBONN 5\nBonn 6\n"
    found = read(content, ["rome", "Rome", "OSLO", "bonn"])
    assert {word: float(vector[0]) for word, vector in found.items()} == {
        "rome": 1,  # the file has no such spelling: the first of the others
        "Rome": 2,
        "OSLO": 3,  # lower case comes before any other
        "bonn": 5,
    }


def test_a_word_may_hold_spaces_in_glove() -> None:
    assert read(b"a 1 2\n. . . 3 4\nb 5 6\n", ["b", ". . ."])[". . ."].tolist() == [3, 4]


@pytest.mark.parametrize("size", [10, 300])
def test_a_binary_file_is_told_from_text_whatever_its_bytes(size: int) -> None:
    """Numbers whose bytes are digits, spaces and line breaks."""
    rng = np.random.default_rng(1)
    for letters in (b"012 \n", b"1\n", b" 1.", bytes(range(256))):
        rows = [bytes(rng.choice([*letters], 4 * size).astype(np.uint8)) for _ in range(3)]
        if not all(np.isfinite(np.frombuffer(row, "<f4")).all() for row in rows):
            continue
        content = b"3 %d\n" % size + b"".join(b"w%d " % i + row + b"\n" for i, row in enumerate(rows))
        found = read(content, ["w0", "w1", "w2"])
        assert [found[f"w{i}"].tobytes() for i in range(3)] == rows, letters


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"vectors\.txt:1: begins with no word"),
        (b"\nthe 1 2\n", r"vectors\.txt:1: begins with no word"),
        (b"0 3\n", r"vectors\.txt:1: says 0 words of 3 numbers"),
        (b"a 1 2\nb 1\n", r"vectors\.txt:2: has 1 numbers behind the word, but the file begins with 2"),
        (b"a 1 2\n\nb 1 2\n", r"vectors\.txt:2: has"),
        (b"a 1 2\nb 1 2 3\n", r"vectors\.txt:2: has 3 numbers"),
        (b"a 1 2\nthe 1 x\n", r"vectors\.txt:2: 'x' is not a number"),
        (b"a 1 2\nthe 1 nan\n", r"vectors\.txt:2: the vector holds a number that is not finite"),
        (b"a 1 2\nthe 1e99 1\n", r"vectors\.txt:2: the vector holds a number that is not finite"),
        (HEADER + GLOVE[: GLOVE.index(b"Rome")], r"vectors\.txt:2: the file ends after 1 of its 3 words"),
        (HEADER + GLOVE + b"more 1 2 3\n", r"vectors\.txt:5: the file ends after 4 of its 3 words"),
        (binary()[:-8], r"vectors\.txt: word 3 of 3: the file ends within its vector"),
        (binary({"the": WORDS["the"]}), r"vectors\.txt: word 2 of 3: the file ends, or is damaged"),
        (binary() + b"more", r"vectors\.txt: more follows behind its 3 words"),
        (binary({**WORDS, "the": [0.0, float("nan"), 0.0]}), r"word 1 of 3: .* not finite"),
        (gzip.compress(GLOVE * 99, mtime=0)[:-20], r"vectors\.txt: cannot be read to its end"),
    ],
)
def test_a_damaged_file_is_named_by_its_line(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(content)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(UsageError, match=r"nothing\.txt: No such file"):
        vectors.read(Path("nothing.txt"), ["a"])
