import json

import pytest

from nlp_rnn.schema import DataError, DataRefused
from nlp_rnn.stages.gate import require_valid


@pytest.fixture
def report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data/validation/names/report.json"
    path.parent.mkdir(parents=True)
    return path


def test_valid_data_passes(report):
    report.write_text(json.dumps({"success": True}))

    require_valid("names")


@pytest.mark.parametrize("verdict", [{"success": False}, {"success": "true"}, {}])
def test_all_but_a_clear_yes_is_a_refusal(report, verdict):
    report.write_text(json.dumps(verdict))

    with pytest.raises(DataRefused, match=r"data/validation/names/report\.json") as error:
        require_valid("names")
    assert error.value.exit_code == 3


@pytest.mark.parametrize("content", [None, "", '{"success": tr', "[true]", b"\xff\xfe"])
def test_a_verdict_that_is_missing_or_damaged_is_an_error_that_says_what_to_run(report, content):
    if content is not None:
        report.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(DataError, match=r"report\.json: .*run `nlp-rnn validate names` first"):
        require_valid("names")
