"""What each address answers, and that OpenAPI says so."""

from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from nlp_rnn.schema import UsageError
from nlp_rnn.serving import app, guard, log, messages
from nlp_rnn.serving.batching import Batcher
from nlp_rnn.serving.guard import Guarded
from nlp_rnn.serving.metrics import Metrics
from nlp_rnn.serving.model import Folder, Model
from nlp_rnn.serving.observing import Observed
from tests.serving.toys import fake

LIMITS = {"body": 2000, "characters": 100, "texts": 3, "seconds": 0.3}
ASKED = {"text": "Maria flew."}


def client(
    model: Model | None, *, token: str | None = None, queue: int = 10_000, quiet: bool = False
) -> TestClient:
    """All of the server but its socket."""
    metrics = Metrics(waiting=lambda: len(batcher))
    batcher = Batcher(lambda: model or fake(), queue=queue, called=metrics.called)
    if model is not None:
        metrics.loaded(model)
    built = app.build(current=lambda: model, batcher=batcher, figures=metrics, **LIMITS)
    guarded = Guarded(built, hosts=guard.LOOPBACK, token=token)
    observed = Observed(guarded, metrics=metrics, paths=app.PATHS, quiet=quiet)
    return TestClient(observed, base_url="http://localhost:8000", raise_server_exceptions=False)


def test_one_text_or_many_get_an_answer_each_and_the_model_that_gave_it() -> None:
    asked = client(fake())
    one = asked.post("/predict", json=ASKED)
    span = {"start": 0, "end": 5, "label": "PER", "text": "Maria", "confidence": 0.9}
    model = {"name": "fake", "version": "7", "digest": "d" * 64}
    assert one.json() == {"predictions": [{"text": "Maria flew.", "spans": [span]}], "model": model}
    many = asked.post("/predict", json={"texts": ["", "Maria", "王小明"]}).json()
    assert [prediction["text"] for prediction in many["predictions"]] == ["", "Maria", "王小明"]
    assert one.headers["content-type"] == "application/json"
    assert re.fullmatch(r"total;dur=\d+\.\d\d", one.headers["server-timing"])


@pytest.mark.parametrize("name", ["ner", "positive"])
def test_answers_of_real_packages_are_of_the_type_that_openapi_shows(
    packages: dict[str, Path], name: str
) -> None:
    asked = client(Folder(packages[name]).load())
    answer = asked.post("/predict", json={"texts": ["Maria flew to Rome.", ""]}).json()
    typed = messages.Answers.model_validate(answer, strict=True)
    assert typed.model_dump(exclude_unset=True) == answer
    described = messages.ModelDescription.model_validate(asked.get("/model").json(), strict=True)
    assert described.name == packages[name].name
    if name == "positive":
        assert described.labels == ["negative", "positive"]
        assert typed.predictions[0].label == "positive"


def test_openapi_holds_the_forms_with_their_limits_and_every_refusal() -> None:
    described = client(None).get("/openapi.json").json()
    predict = described["paths"]["/predict"]["post"]
    one, many = predict["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    assert one["properties"]["text"]["maxLength"] == 100
    assert many["properties"]["texts"]["maxItems"] == 3
    assert one["properties"]["text"]["examples"]
    assert set(predict["responses"]) == {"200", "400", "401", "408", "413", "415", "421", "422", "503"}
    answer = predict["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    assert answer == "#/components/schemas/Answers"
    assert described["components"]["schemas"]["Answers"]["examples"]


def test_examples_of_the_documentation_are_of_their_types() -> None:
    (example,) = messages.Answers.model_json_schema()["examples"]
    messages.Answers.model_validate(example, strict=True)


def test_there_is_life_before_there_is_a_model() -> None:
    asked = client(None)
    assert asked.get("/health").json() == {"status": "ok"}
    for answer in (asked.get("/ready"), asked.get("/model"), asked.post("/predict", json=ASKED)):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "No model is loaded yet" in answer.json()["detail"]
    assert client(fake()).get("/ready").status_code == 200


def test_a_full_queue_and_a_slow_model_say_when_to_come_again() -> None:
    slow = client(fake(lambda texts: time.sleep(0.5)))
    answer = slow.post("/predict", json=ASKED)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "no answer within 0.3 seconds" in answer.json()["detail"]

    async def three_at_once() -> list[httpx.Response]:
        busy = client(fake(lambda texts: time.sleep(0.1)), queue=1)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(busy.app), base_url="http://localhost"
        ) as many:
            return await asyncio.gather(*(many.post("/predict", json=ASKED) for _ in range(3)))

    refused = asyncio.run(three_at_once())[2]
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert "Too many requests wait already" in refused.json()["detail"]


def test_a_failure_of_the_server_is_an_answer_and_keeps_the_text_out_of_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(texts: list[str]) -> None:
        raise ValueError(texts)

    answer = client(fake(fail)).post("/predict", json={"text": "a secret"})
    assert answer.status_code == 500
    assert "its log says where" in answer.json()["detail"]
    log.flush()
    logged = capsys.readouterr().err
    assert "secret" not in logged
    assert '"kind": "ValueError"' in logged


def test_figures_count_requests_by_path_and_status_and_bound_their_number() -> None:
    asked = client(fake())
    for _ in range(3):
        asked.post("/predict", json={"texts": ["a", "b"]})
    asked.post("/predict", json={})
    for i in range(5):
        asked.get(f"/nothing/{i}")
    shown = asked.get("/metrics")
    assert shown.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in (
        'nlp_rnn_requests_total{path="/predict",status="200"} 3.0',
        'nlp_rnn_requests_total{path="/predict",status="422"} 1.0',
        'nlp_rnn_requests_total{path="other",status="404"} 5.0',
        'nlp_rnn_request_seconds_count{path="/predict"} 4.0',
        "nlp_rnn_batch_texts_sum 6.0",
        "nlp_rnn_batch_texts_count 3.0",
        "nlp_rnn_queue_requests 0.0",
        "nlp_rnn_model_loads_total 1.0",
        "nlp_rnn_model_failures_total 0.0",
    ):
        assert line in shown.text.splitlines()
    assert re.search(
        r'nlp_rnn_model_info\{digest="d{64}",.*name="fake",task="ner",version="7"\} 1.0', shown.text
    )


def test_each_request_is_one_line_without_its_texts(capsys: pytest.CaptureFixture[str]) -> None:
    log.flush()
    capsys.readouterr()
    asked = client(fake())
    asked.post("/predict?key=secret", json={"texts": ["secret", "b"]})
    asked.get("/" + "x" * 1000)
    log.flush()
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert "secret" not in str(first)
    assert {key: first[key] for key in first if key not in ("time", "ms")} == {
        "event": "request",
        "method": "POST",
        "path": "/predict",
        "status": 200,
        "texts": 2,
    }
    assert len(second["path"]) == 200
    quiet = client(fake(), quiet=True)
    quiet.post("/predict", json=ASKED)
    quiet.post("/predict", json={})
    log.flush()
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_token_opens_what_it_guards() -> None:
    asked = client(fake(), token="s3cret")
    for path in ("/model", "/metrics", "/openapi.json", "/nothing"):
        assert asked.get(path).status_code == 401
    for wrong in ("", "Bearer", "Bearer S3cret", "Basic s3cret", "s3cret", b"Bearer \xff"):
        answer = asked.post("/predict", json=ASKED, headers={"Authorization": wrong})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert "Authorization: Bearer TOKEN" in answer.json()["detail"]
    for right in ("Bearer s3cret", "bearer s3cret"):
        assert asked.post("/predict", json=ASKED, headers={"Authorization": right}).status_code == 200
    for path in ("/", "/health", "/ready"):
        assert asked.get(path).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("localhost", 200), ("LOCALHOST:1", 200), ("127.0.0.1:8000", 200), ("[::1]:8000", 200)),
        *(("evil.example", 421), ("localhost.evil.example", 421), ("", 421), ("[::1", 200), ("::1", 421)),
    ],
)
def test_only_the_servers_own_names_reach_it(host: str, status: int) -> None:
    asked = client(fake())
    assert asked.post("/predict", json=ASKED, headers={"Host": host}).status_code == status
    assert asked.get("/", headers={"Host": host}).status_code == status
    assert asked.get("/health", headers={"Host": host}).status_code == 200  # probes ask by address


def test_what_is_bound_is_a_name_unless_it_is_everything() -> None:
    assert guard.names("::1", []) == {"localhost", "127.0.0.1", "::1"}
    assert guard.names("0.0.0.0", ["a.b"]) == {"localhost", "127.0.0.1", "::1", "a.b"}
    assert "192.168.1.2" in guard.names("192.168.1.2", [])


def test_an_address_that_others_reach_needs_a_token_or_a_word() -> None:
    for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost"):
        guard.check(host, token=None, open_to_all=False)
    for host in ("0.0.0.0", "::", "192.168.1.2", "some.name", ""):
        with pytest.raises(UsageError, match="NLP_RNN_TOKEN"):
            guard.check(host, token=None, open_to_all=False)
        guard.check(host, token=None, open_to_all=True)
        guard.check(host, token="secret", open_to_all=False)
    for token in ("", " a", "a\n", "ü"):
        with pytest.raises(UsageError, match="--token"):
            guard.check("127.0.0.1", token=token, open_to_all=False)


def test_the_page_runs_nothing_but_what_is_in_it() -> None:
    page = client(None).get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert policy.count("'sha256-") == 2
    assert not re.search(r"""(src|href)=(?!"data:)""", page.text)  # nothing from elsewhere
    assert "innerHTML" not in page.text
    assert not re.search(r"""<[^>]* (style|on\w+)=""", page.text)


def test_wrong_addresses_and_methods_say_what_there_is() -> None:
    asked = client(fake())
    assert "/predict" in asked.get("/nothing").json()["detail"]
    answer = asked.get("/predict")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json() == {"detail": "This address does not take GET; use POST."}
    assert asked.delete("/").status_code == 405
