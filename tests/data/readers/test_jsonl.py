import json

import pytest

from nlp_rnn.data import readers
from nlp_rnn.data.readers import lines
from nlp_rnn.schema import DataError, UsageError


@pytest.fixture
def read(tmp_path):
    """Reads JSON Lines, given as objects, text or bytes."""

    def read(content, task="sentiment", **columns):
        path = tmp_path / "train.jsonl"
        if isinstance(content, list):
            content = "".join(json.dumps(record) + "\n" for record in content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(readers.read(path, task=task, split="train", **columns))

    return read


def test_texts_and_labels(read):
    good, empty = read(
        '\ufeff{"text": "a\\u2028b\u2028", "label": "good", "id": 7}\r\n\n{"label": "bad", "text": ""}'
    )

    assert (good.id, good.origin, good.text, good.label) == (
        "train-0",
        "train.jsonl:1",
        "a\u2028b\u2028",
        "good",
    )
    assert (empty.id, empty.origin, empty.text, empty.label) == ("train-1", "train.jsonl:3", "", "bad")


def test_whole_numbers_are_labels(read):
    assert [e.label for e in read([{"text": "a", "label": 1}, {"text": "b", "label": 0}])] == ["1", "0"]


@pytest.mark.parametrize(
    "tags",
    [["B-PER", "I-PER", "I-PER", "O"], ["I-PER", "I-PER", "I-PER", "O"], ["B-PER", "M-PER", "E-PER", "O"]],
)
def test_tokens_and_tags_of_any_scheme(read, tags):
    (example,) = read([{"tokens": ["Ann", "M.", "Lee", "\u200b"], "ner_tags": tags}], task="ner")

    assert example.tokens == ("Ann", "M.", "Lee", "\u200b")
    assert example.tags == ("B-PER", "I-PER", "I-PER", "O")


def test_keys_can_be_named(read):
    record = {"text": "no", "body": "yes", "stars": 5}

    assert read([record], text="body", label="stars")[0].text == "yes"
    with pytest.raises(UsageError, match=r"train\.jsonl:1: `data\.text` is 'title', but.*text, body, stars"):
        read([record], text="title", label="stars")


OK = '{"text": "a", "label": "x"}\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"train\.jsonl: the file is empty"),
        ("\n\n", r"train\.jsonl: the file holds no examples"),
        (OK + '{"text": "b", "label": "y"', r"train\.jsonl:2: not a JSON object \("),
        (OK + "[]\n", r"train\.jsonl:2: \[\] is not a JSON object"),
        (OK + '{"text": "b"}\n', r"train\.jsonl:2: the object lacks `label`"),
        (OK + '{"text": 7, "label": "y"}\n', r"train\.jsonl:2: the text is 7, not a string"),
        (OK + '{"text": null, "label": "y"}\n', r"train\.jsonl:2: the text is null"),
        (OK + '{"text": "b", "label": 1}\n', r"train\.jsonl:2: the label 1 is no string, as those before"),
        (OK + '{"text": "b", "label": true}\n', r"train\.jsonl:2: the label is true, neither"),
        (OK + '{"text": "b", "label": 1.0}\n', r"train\.jsonl:2: the label is 1\.0, neither"),
        (OK + '{"text": "b", "label": ""}\n', r"train\.jsonl:2: the label is empty"),
        (OK + '{"text": "b", "text": "c", "label": "y"}\n', r"train\.jsonl:2: .*a key occurs twice"),
        (OK + '{"text": "\\ud83d", "label": "y"}\n', r"train\.jsonl:2: .*half a character"),
        (OK + '{"text": "b", "label": ' + "9" * 5000 + "}\n", r"train\.jsonl:2: not a JSON object"),
        (
            '{"body": "a", "label": "x"}\n',
            r"train\.jsonl:1: no key is known to hold the text \(keys: body, label\)",
        ),
        (OK.encode() + b'{"text": "\xe4", "label": "y"}\n', r"train\.jsonl:2: .*is not UTF-8"),
    ],
)
def test_what_is_wrong_is_named_by_line(read, content, message):
    with pytest.raises(DataError, match=message):
        read(content)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"tokens": ["a", "b"], "tags": ["O"]}, "2 tokens, but 1 tags"),
        ({"tokens": "a b", "tags": ["O", "O"]}, 'the tokens are "a b", not a list of strings'),
        ({"tokens": ["a"], "tags": [0]}, r"the tags are \[0\], not a list of strings"),
        ({"tokens": ["a", "b"], "tags": ["O", "X"]}, "'X' is not a tag"),
    ],
)
def test_wrong_tokens_and_tags_are_named_by_line(read, record, message):
    with pytest.raises(DataError, match=rf"train\.jsonl:2: {message}"):
        read([{"tokens": ["a"], "tags": ["O"]}, record], task="ner")


def test_a_line_of_many_megabytes_is_refused(read):
    with pytest.raises(DataError, match=r"train\.jsonl:2: the line has more than 10,000,000 bytes"):
        read(OK + json.dumps({"text": "a" * lines.LONGEST, "label": "x"}))


@pytest.mark.parametrize("depth", [21, 900, 5000, 1_000_000])
def test_deep_nesting_is_refused(read, depth):
    with pytest.raises(DataError, match=r"train\.jsonl:2: lists or objects lie more than 20 deep"):
        read(OK + '{"more": ' + "[" * depth + "]" * depth + ', "text": "b", "label": "y"}\n')
