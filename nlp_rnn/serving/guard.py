"""Who may ask: requests for another host, or without the token, go no further."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from nlp_rnn.schema import UsageError
from nlp_rnn.serving.answers import problem

LOOPBACK = ("localhost", "127.0.0.1", "::1")
PROBES = ("/health", "/ready")  # for whoever runs the server; they tell nothing
OPEN = ("/", *PROBES)  # the page holds nothing secret, and is where a person enters the token


class Guarded:
    """An application behind a list of host names and, if there is one, a token."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], token: str | None) -> None:
        """
        Args:
            app: what answers.
            hosts: names by which the server may be asked. A page of another site whose name was made to point
                here (DNS rebinding) asks by that site's name.
            token: what ``Authorization: Bearer`` must bring.
        """
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._token = None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers it with 401 or 421."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), scope["path"]
        refusal = None
        if path not in PROBES and not self._knows(headers.getlist("host")):
            refusal = problem(
                421,
                "This server does not go by that host name; use one that it knows, or start it with "
                "--allowed-host NAME.",
            )
        elif path not in OPEN and not self._trusts(headers.get("authorization", "")):
            refusal = problem(
                401,
                "The token is missing or wrong; send Authorization: Bearer TOKEN.",
                {"WWW-Authenticate": "Bearer"},
            )
        await (refusal or self._app)(scope, receive, send)

    def _knows(self, hosts: list[str]) -> bool:
        return len(hosts) == 1 and ("*" in self._hosts or host_name(hosts[0]) in self._hosts)

    def _trusts(self, authorization: str) -> bool:
        if self._token is None:
            return True
        scheme, _, given = authorization.partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(
            given.strip().encode("latin-1"), self._token
        )


def names(host: str, more: Collection[str]) -> set[str]:
    """The names by which a server goes that binds `host`: an address for all interfaces is none."""
    return {*LOOPBACK, *more} | ({host} - {"0.0.0.0", "::", "0"})


def host_name(header: str) -> str:
    """``localhost`` of ``LOCALHOST:8000``, ``::1`` of ``[::1]:8000``."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


def check(host: str, *, token: str | None, open_to_all: bool) -> None:
    """Raises UsageError where anybody on the network could ask, and nobody has said that they may."""
    if token is not None and not (token.isascii() and token.isprintable() and token.strip() == token != ""):
        raise UsageError("--token must be printable ASCII without spaces around it, and not empty.")
    if token is None and not open_to_all and not is_loopback(host):
        raise UsageError(
            f"--host {host} can be reached from other machines: set NLP_RNN_TOKEN to a secret that they must "
            "send, or give --no-token if whoever reaches it may ask."
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
