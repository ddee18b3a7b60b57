"""The page in a real browser: typed text becomes entities or a verdict, and nothing in it becomes markup."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from nlp_rnn.serving import app, guard
from nlp_rnn.serving.batching import Batcher
from nlp_rnn.serving.guard import Guarded
from nlp_rnn.serving.metrics import Metrics
from nlp_rnn.serving.model import Model
from nlp_rnn.serving.observing import Observed
from tests.serving import browser
from tests.serving.client import wait

pytest.importorskip("websockets")
pytestmark = [
    pytest.mark.skipif(browser.executable() is None, reason="there is no Chromium here"),
    pytest.mark.xdist_group("browser"),
]


class Answer:
    """A prediction as JSON holds it."""

    def __init__(self, record: dict) -> None:
        self._record = record

    def to_record(self) -> dict:
        return self._record


class Finder:
    """Finds one name, with a confidence; or everything negative."""

    digest, language, labels = "0123456789abcdef" * 4, "en", ["O"]

    def __init__(self, task: str, name: str = "", label: str = "PER", confidence: float = 0.5) -> None:
        self.task = task
        self._name, self._label, self._confidence = name, label, confidence

    def predict(self, texts: Sequence[str]) -> list[Answer]:
        return [Answer({"text": text, **self._said(text)}) for text in texts]

    def _said(self, text: str) -> dict:
        if self.task == "sentiment":
            return {"label": "negative", "scores": {"negative": 0.875, "positive": 0.125}}
        start = text.find(self._name)
        if start < 0:
            return {"spans": []}
        span = {"start": start, "end": start + len(self._name), "label": self._label, "text": self._name}
        return {"spans": [{**span, "confidence": self._confidence}]}


@contextmanager
def served(finder: Finder, token: str | None = None) -> Iterator[str]:
    """The address of a server with such a model, in a thread."""
    model = Model(finder, "finder", "12")  # type: ignore[arg-type]
    batcher = Batcher(lambda: model, queue=10_000)
    metrics = Metrics(waiting=lambda: len(batcher))
    limits = {"body": 10_000, "characters": 1000, "texts": 3, "seconds": 5}
    built = app.build(current=lambda: model, batcher=batcher, figures=metrics, **limits)
    guarded = Guarded(built, hosts=guard.LOOPBACK, token=token)
    observed = Observed(guarded, metrics=metrics, paths=app.PATHS, quiet=True)
    server = uvicorn.Server(uvicorn.Config(observed, log_config=None, lifespan="off"))
    bound = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        wait(lambda: server.started)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Page]:
    with browser.opened(tmp_path_factory.mktemp("profile")) as found:
        yield found


def ready(page: browser.Page, url: str) -> None:
    page.complaints.clear()
    page.open(url)
    wait(lambda: page.run("document.querySelector('#model').className") == "chip ready")


def test_entities_stand_out_in_what_was_typed(page: browser.Page) -> None:
    with served(Finder("ner", "Maria Lopez", confidence=0.974)) as url:
        ready(page, url)
        assert page.texts("#name") == ["finder version 12 · 01234567"]
        assert page.texts("#what") == ["Named entities in a text"]
        page.type("\U0001f600 So Maria Lopez flew.")
        wait(lambda: page.texts("mark"))
        assert page.texts("#text") == ["\U0001f600 So Maria LopezPER97.4% flew."]
        assert page.texts("mark .tag") == ["PER97.4%"]
        assert page.texts("td") == ["Maria Lopez", "PER person", "97.4%", "5–16"]
        assert " ms · " in page.texts("#time")[0]
        assert '"confidence": 0.974' in page.texts("#json")[0]
        assert page.complaints == []


def test_the_page_speaks_chinese(page: browser.Page) -> None:
    with served(Finder("ner", "王小明", "PER")) as url:
        ready(page, url)
        page.run("document.querySelector('#language').click()")
        assert page.run("document.documentElement.lang") == "zh"
        page.run("document.querySelector('#asked').focus()")
        page.type("昨天王小明飞往上海。")
        wait(lambda: page.texts("mark"))
        assert page.texts("#text") == ["昨天王小明PER50.0%飞往上海。"]
        assert page.texts("th") == ["实体", "类型", "置信度", "字符位置"]
        assert page.texts("td") == ["王小明", "PER 人名", "50.0%", "2–5"]
        page.type("上海。")
        wait(lambda: not page.texts("mark"))
        assert "这段文本中没有实体。" in page.texts("#answer")[0]


def test_sentiment_has_a_bar_for_each_label(page: browser.Page) -> None:
    with served(Finder("sentiment")) as url:
        ready(page, url)
        page.type("Not good.")
        wait(lambda: page.texts(".verdict"))
        assert page.texts(".verdict") == ["negative87.5%"]
        assert page.texts(".scores > span") == ["negative", "87.5%", "positive", "12.5%"]
        widths = page.run("[...document.querySelectorAll('.fill')].map(fill => fill.style.cssText)")
        assert ["87.5%" in widths[0], "12.5%" in widths[1]] == [True, True]


def test_markup_stays_text_and_foreign_code_does_not_run(page: browser.Page) -> None:
    attack = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
    with served(Finder("ner", attack, label="<b>X</b>", confidence=1)) as url:
        ready(page, url)
        page.type(f"a {attack} b")
        wait(lambda: page.texts("mark"))
        assert page.texts("#text") == [f"a {attack}<b>X</b>100% b"]
        assert page.run("document.querySelectorAll('img, #answer script, #answer b').length") == 0
        assert page.complaints == []
        page.run(
            "document.head.append(Object.assign(document.createElement('script'),"
            "{textContent: 'window.hacked = 1'})); fetch('https://example.com/').catch(() => 0)"
        )
        assert page.run("window.hacked ?? 0") == 0
        assert "Content Security Policy" in "".join(page.complaints)


def test_keys_are_enough(page: browser.Page) -> None:
    with served(Finder("ner", "Siemens", label="ORG", confidence=0.5)) as url:
        ready(page, url)
        assert page.run("document.activeElement.id") == "asked"
        page.type("Siemens")
        page.press("Enter", modifiers=2)  # with Ctrl, at once
        wait(lambda: page.texts("mark") == ["SiemensORG50.0%"])
        page.press("Tab")
        assert page.run("document.activeElement.textContent") == "Example 1"
        page.press("Enter")
        wait(lambda: "Ines Okafor left" in page.texts("#text")[0])


def test_the_token_is_asked_for_where_it_is_needed_and_a_refusal_is_shown(page: browser.Page) -> None:
    with served(Finder("ner", "Maria"), token="s3cret") as url:
        page.open(url)
        wait(lambda: page.run("document.querySelector('#access').hidden") is False)
        page.run("document.querySelector('#token').focus()")
        page.type("wrong")
        page.press("Enter")
        wait(lambda: page.run("document.querySelector('#access').hidden") is False)
        page.type("s3cret")
        page.press("Enter")
        wait(lambda: page.run("document.querySelector('#model').className") == "chip ready")
        assert page.run("document.querySelector('#access').hidden") is True
        page.run("document.querySelector('#asked').focus()")
        page.type("Maria")
        wait(lambda: page.texts("mark") == ["MariaPER50.0%"])
        page.type("x" * 1001)
        wait(lambda: page.texts("#problem") != [""])
        assert "text has more than 1000 characters" in page.texts("#problem")[0]


def test_a_link_may_bring_its_text(page: browser.Page, tmp_path: Path) -> None:
    with served(Finder("ner", "Maria")) as url:
        ready(page, f"{url}#Maria%20flew")
        wait(lambda: page.texts("#text") == ["MariaPER50.0% flew"])
