"""`nlp-rnn serve`: from an address of a model to a process that answers until it is told to stop."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Collection
from contextlib import ExitStack, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from nlp_rnn.schema import NlpRnnError, UsageError
from nlp_rnn.serving import app, guard, log
from nlp_rnn.serving.batching import Batcher
from nlp_rnn.serving.follower import Follower
from nlp_rnn.serving.guard import Guarded
from nlp_rnn.serving.metrics import Metrics
from nlp_rnn.serving.model import Model, Source, source
from nlp_rnn.serving.observing import Observed
from nlp_rnn.serving.protocol import Protocol

SIGTERM_EXIT = 143
SIGINT_EXIT = 130
GRACE_SECONDS = 30  # for requests that are being answered when the server is told to stop
BACKLOG = 2048  # connections that the kernel holds until they are accepted


def main(
    address: str,
    *,
    host: str,
    port: int,
    token: str | None,
    open_to_all: bool,
    allowed_hosts: Collection[str],
    copy: Path | None,
    poll: float,
    body: int,
    characters: int,
    texts: int,
    queue: int,
    seconds: float,
    quiet: bool,
) -> None:
    """Serves a model; returns by an exit, 143 after SIGTERM.

    Args:
        address: a package's folder, or ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``.
        host: what to bind.
        port: what to bind; 0 for any that is free.
        token: what a request must bring, if anything.
        open_to_all: whether another address than this machine's own may be bound without a token.
        allowed_hosts: names by which the server may be asked, besides those of this machine and `host`.
        copy: where a registered package is kept; a temporary folder by default.
        poll: seconds between two looks for a newer model.
        body, characters, texts, seconds: limits of a request; see :func:`nlp_rnn.serving.app.build`.
        queue: characters that may wait; see :class:`nlp_rnn.serving.batching.Batcher`.
        quiet: whether requests that succeed stay out of the log.

    Raises:
        UsageError: an option that does not fit, or there is no such model.
        NlpRnnError: the model cannot be loaded.
    """
    guard.check(host, token=token, open_to_all=open_to_all)
    if address.startswith("models:") and find_spec("mlflow") is None:
        raise UsageError(f"{address}: asking a registry needs MLflow; pip install 'nlp-rnn[registry]'.")
    _log_libraries()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)  # uvicorn has its own, and raises the signal again when all is answered
    with ExitStack() as stack:
        if copy is None:
            temporary = tempfile.TemporaryDirectory(prefix="nlp-rnn-serve-", ignore_cleanup_errors=True)
            copy = Path(stack.enter_context(temporary)) / "package"
        models = source(address, copy)
        bound = stack.enter_context(_bind(host, port))
        server = Server(models, poll=poll, queue=queue)
        application = server.application(body=body, characters=characters, texts=texts, seconds=seconds)
        guarded = Guarded(application, hosts=guard.names(host, allowed_hosts), token=token)
        observed = Observed(guarded, metrics=server.metrics, paths=app.PATHS, quiet=quiet)
        log.write("listening", url=_url(bound), model=address, pid=os.getpid())
        server.run(observed, bound)


class Server:
    """The parts that live as long as the process, put together."""

    def __init__(self, models: Source, *, poll: float, queue: int) -> None:
        self.follower = Follower(models, every=poll, loaded=self._loaded, failed=self._failed)
        self.metrics = Metrics(waiting=lambda: len(self.batcher))
        self.batcher = Batcher(self._model, queue=queue, called=self.metrics.called)
        self._uvicorn: uvicorn.Server | None = None
        self._hopeless: NlpRnnError | None = None

    def application(self, *, body: int, characters: int, texts: int, seconds: float) -> ASGIApp:
        """What answers, without its guard."""

        @asynccontextmanager
        async def lifespan(application: object) -> AsyncIterator[None]:
            self.follower.start()
            yield
            self.follower.stop()
            self.batcher.close()

        return app.build(
            current=lambda: self.follower.model,
            batcher=self.batcher,
            figures=self.metrics,
            lifespan=lifespan,
            body=body,
            characters=characters,
            texts=texts,
            seconds=seconds,
        )

    def run(self, application: ASGIApp, bound: socket.socket) -> None:
        """Answers until a signal comes; raises what keeps the first model from being loaded."""
        config = uvicorn.Config(
            application,
            http=Protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        self._uvicorn = uvicorn.Server(config)
        try:
            self._uvicorn.run(sockets=[bound])
        finally:
            log.write("stopped")
        if self._hopeless is not None:
            raise self._hopeless

    def _model(self) -> Model:
        assert self.follower.model is not None  # requests are turned away until there is one
        return self.follower.model

    def _loaded(self, model: Model) -> None:
        gc.freeze()  # what is there now stays: collections that look through it all would stop every request
        self.metrics.loaded(model)
        log.write("model", name=model.name, version=model.version, digest=model.digest)

    def _failed(self, error: NlpRnnError, hopeless: bool) -> None:
        self.metrics.failed()
        log.write("model problem", problem=str(error))
        if hopeless and self._uvicorn is not None:
            self._hopeless = error
            self._uvicorn.should_exit = True


def _bind(host: str, port: int) -> socket.socket:
    """A listening socket, so that a port in use is known before anything is loaded."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, place = found[0]
        bound = socket.socket(family, kind, protocol)  # asyncio sends at once only where it sees TCP
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(place)
        bound.listen(BACKLOG)
    except OSError as error:
        raise UsageError(f"{host}:{port} cannot be bound ({error.strerror}); choose another.") from None
    return bound


def _url(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(SIGTERM_EXIT if number == signal.SIGTERM else SIGINT_EXIT)


def _log_libraries() -> None:
    root = logging.getLogger()
    root.handlers[:] = [log.Handler(logging.WARNING)]
