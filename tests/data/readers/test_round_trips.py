"""Whatever text is written to a file of some format comes back as it was."""

import csv
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp_rnn.data import readers

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
LABEL = st.sampled_from(["good", "bad", "NA", "0"])
# A tab or a line end would be another column or row; U+FEFF at the start of a file is no text.
CELL = TEXT.map(lambda text: text.translate({ord(mark): "x" for mark in "\t\n\r"})).filter(
    lambda text: not text.startswith("\ufeff")
)
TOKEN = CELL.filter(lambda text: text and not text.startswith("-DOCSTART-"))
SENTENCE = st.lists(st.tuples(TOKEN, st.sampled_from(["O", "B-PER", "B-LOC"])), min_size=1, max_size=4)
SETTINGS = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


def read(path, task):
    return list(readers.read(path, task=task, split="train"))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@SETTINGS
@given(sentences=st.lists(SENTENCE, min_size=1, max_size=4))
def test_conll(tmp_path, end, sentences):
    path = tmp_path / "a.conll"
    blocks = [end.join(f"{token}\t{tag}" for token, tag in sentence) for sentence in sentences]
    path.write_bytes((end * 2).join(blocks).encode())

    assert [list(zip(e.tokens, e.tags)) for e in read(path, "ner")] == sentences


@SETTINGS
@given(rows=st.lists(st.tuples(TEXT, LABEL), min_size=1, max_size=4))
def test_csv(tmp_path, rows):
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *rows])

    assert [(e.text, e.label) for e in read(path, "sentiment")] == rows


@SETTINGS
@given(rows=st.lists(st.tuples(CELL, LABEL), min_size=1, max_size=4))
def test_tsv(tmp_path, rows):
    path = tmp_path / "a.tsv"
    path.write_bytes("\n".join("\t".join(row) for row in [("text", "label"), *rows]).encode())

    assert [(e.text, e.label) for e in read(path, "sentiment")] == rows


@pytest.mark.parametrize("ascii_only", [True, False])
@SETTINGS
@given(rows=st.lists(st.tuples(TEXT, LABEL), min_size=1, max_size=4))
def test_json_lines(tmp_path, ascii_only, rows):
    path = tmp_path / "a.jsonl"
    lines = [json.dumps({"text": text, "label": label}, ensure_ascii=ascii_only) for text, label in rows]
    path.write_bytes("\n".join(lines).encode())

    assert [(e.text, e.label) for e in read(path, "sentiment")] == rows
