"""What Prometheus is told. Texts and addresses never become labels, so the number of series is bounded."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from nlp_rnn.serving.model import Model

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """The figures of one server."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        """
        Args:
            waiting: how many requests wait for the predictor.
        """
        disable_created_metrics()  # a second series for each, which tells nothing new
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._requests = Counter(
            "nlp_rnn_requests", "Requests answered.", ["path", "status"], registry=registry
        )
        self._seconds = Histogram(
            "nlp_rnn_request_seconds",
            "From a request's head to the end of its answer.",
            ["path"],
            buckets=SECONDS,
            registry=registry,
        )
        self._batch = Histogram(
            "nlp_rnn_batch_texts", "Texts in a call of the predictor.", buckets=TEXTS, registry=registry
        )
        self._call = Histogram(
            "nlp_rnn_batch_seconds", "Time of a call of the predictor.", buckets=SECONDS, registry=registry
        )
        self._children: dict[tuple[str, int], tuple[Counter, Histogram]] = {}  # to look each up but once
        queue = Gauge("nlp_rnn_queue_requests", "Requests that wait for the predictor.", registry=registry)
        queue.set_function(waiting)
        self._model = Gauge(
            "nlp_rnn_model_info",
            "The model that answers.",
            ["name", "version", "digest", "task", "language"],
            registry=registry,
        )
        self._loaded = Gauge(
            "nlp_rnn_model_loaded_seconds", "When it began to, Unix time.", registry=registry
        )
        self._loads = Counter("nlp_rnn_model_loads", "Models that began to answer.", registry=registry)
        self._failures = Counter(
            "nlp_rnn_model_failures", "Looks for a newer model that newly failed.", registry=registry
        )

    def answered(self, path: str, status: int, seconds: float) -> None:
        """One request is done; `path` is one of the server's own."""
        key = path, status
        if key not in self._children:
            self._children[key] = self._requests.labels(path, status), self._seconds.labels(path)
        count, time = self._children[key]
        count.inc()
        time.observe(seconds)

    def called(self, texts: int, seconds: float) -> None:
        """One call of the predictor is done."""
        self._batch.observe(texts)
        self._call.observe(seconds)

    def loaded(self, model: Model) -> None:
        """A model began to answer."""
        predictor = model.predictor
        self._model.clear()
        self._model.labels(
            model.name, model.version or "", model.digest, predictor.task, predictor.language
        ).set(1)
        self._loaded.set_to_current_time()
        self._loads.inc()

    def failed(self) -> None:
        """A newer model could not be had."""
        self._failures.inc()

    def text(self) -> bytes:
        """All of it in Prometheus's text format, which is CONTENT_TYPE."""
        return generate_latest(self._registry)
