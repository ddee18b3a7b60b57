"""What is wrong with a body gets one sentence; what is right is read as it was written."""

from __future__ import annotations

import json

import pytest
from starlette.exceptions import HTTPException

from nlp_rnn.serving import messages, reading

FORMS = messages.questions(longest=20, most=3)


def read(body: bytes) -> list[str]:
    return reading.texts(reading.parse(body), FORMS)


@pytest.mark.parametrize("text", ["", " ", "Maria flew.", "王小明", "\U0001f600\0\n", "e\u0301", "\\ud800"])
def test_texts_are_read_as_they_were_written(text: str) -> None:
    for ascii_only in (True, False):
        for content, found in (({"text": text}, [text]), ({"texts": [text, "b", text]}, [text, "b", text])):
            assert read(json.dumps(content, ensure_ascii=ascii_only).encode()) == found


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert read(b'{"text": "\\ud83d\\ude00"}') == ["\U0001f600"]


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"", 400, "The body is empty."),
        (b" \n", 400, "The body is empty."),
        (b"{", 400, "not JSON"),
        (b"\xef\xbb\xbf{}", 400, "not JSON"),
        (b"{'text': 'a'}", 400, "not JSON"),
        (b'{"text": "a"} {}', 400, "not JSON: Extra data (character 14)"),
        (b'{"text": "a\nb"}', 400, "not JSON"),
        (b'{"text": "\xff"}', 400, "not UTF-8 (byte 10)"),
        (b'{"text": "\xed\xa0\x80"}', 400, "not UTF-8"),
        (b"[" * 100_000, 400, "nested too deeply"),
        (b'{"text": ' * 100_000, 400, "nested too deeply"),
        (b'{"text": NaN}', 400, "NaN, which is not JSON"),
        (b'{"text": -Infinity}', 400, "-Infinity, which is not JSON"),
        (b'{"text": ' + b"1" * 5000 + b"}", 400, "too long"),
        (b'{"text": "a", "text": "b"}', 400, "a key twice"),
        (b"null", 422, "must be a JSON object"),
        (b'"text"', 422, "must be a JSON object"),
        (b"[]", 422, "must be a JSON object"),
        (b"{}", 422, "text is missing"),
        (b'{"text": null}', 422, "text must be a string"),
        (b'{"text": 1}', 422, "text must be a string"),
        (b'{"text": ["a"]}', 422, "text must be a string"),
        (b'{"text": {"a": 1}}', 422, "text must be a string"),
        (b'{"texts": "a"}', 422, "texts must be a list of strings"),
        (b'{"texts": {"0": "a"}}', 422, "texts must be a list of strings"),
        (b'{"texts": []}', 422, "texts is empty"),
        (b'{"texts": ["a", 2]}', 422, "texts[1] must be a string"),
        (b'{"texts": ["a", null]}', 422, "texts[1] must be a string"),
        (b'{"texts": ["a", "b", "c", "d"]}', 422, "more than 3 texts"),
        (b'{"text": "a", "texts": ["b"]}', 422, "not both"),
        (b'{"text": "a", "model": "b"}', 422, "no field 'model'"),
        (b'{"text": "\\ud800"}', 422, "half of a surrogate pair"),
        (b'{"texts": ["a", "\\udc00"]}', 422, "texts[1] holds half of a surrogate pair"),
        (b'{"text": "aaaaaaaaaaaaaaaaaaaaa"}', 422, "text has more than 20 characters"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(body: bytes, status: int, sentence: str) -> None:
    with pytest.raises(HTTPException) as raised:
        read(body)
    assert (raised.value.status_code, sentence in raised.value.detail) == (status, True), raised.value.detail
    assert len(raised.value.detail) < 200


def test_a_text_never_comes_back_in_a_message() -> None:
    for content in ({"text": ["secret"]}, {"text": "secret" * 9}, {"texts": [{"secret": 1}]}):
        with pytest.raises(HTTPException) as raised:
            reading.texts(content, FORMS)
        assert "secret" not in raised.value.detail
