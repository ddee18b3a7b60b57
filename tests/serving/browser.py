"""Chromium without a window, driven over its DevTools protocol."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.serving.client import wait

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CODES = {"Tab": 9, "Enter": 13}


def executable() -> str | None:
    """Where Chromium is, if it is here."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One page, and everything that it complained of."""

    def __init__(self, socket: Any) -> None:
        self.complaints: list[str] = []
        self._socket = socket
        self._number = 0
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol, and what comes back."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=30))
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]
            if message.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.complaints.append(json.dumps(message["params"]))

    def open(self, url: str) -> None:
        """Goes to an address, and waits until it is there."""
        self.call("Page.navigate", url=url)
        wait(lambda: self.run("document.readyState") == "complete" and self.run("location.href") == url)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def type(self, text: str) -> None:
        """Text into what has the focus, in place of what is there."""
        self.run("document.activeElement.select?.()")
        self.call("Input.insertText", text=text)

    def press(self, key: str, **more: Any) -> None:
        """A key, down and up."""
        known = {"key": key, "code": key, "windowsVirtualKeyCode": CODES[key], **more}
        text = {"text": "\r"} if key == "Enter" and not more else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **known, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **known)

    def texts(self, selector: str) -> list[str]:
        """The text of all elements that a selector finds."""
        return self.run(f"Array.from(document.querySelectorAll({selector!r}), found => found.textContent)")


@contextmanager
def opened(folder: Path) -> Iterator[Page]:
    """A page of a browser of its own, whose profile lies in a folder."""
    from websockets.sync.client import connect

    command = [str(executable()), "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
    command += ["--no-first-run", "--lang=en", f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        note = folder / "DevToolsActivePort"
        wait(lambda: note.is_file() and note.read_text().strip())
        port = note.read_text().split()[0]
        with urlopen(Request(f"http://127.0.0.1:{port}/json/new?about:blank", method="PUT")) as answer:
            address = json.load(answer)["webSocketDebuggerUrl"]
        with connect(address, max_size=None) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        process.wait(20)
