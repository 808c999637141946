"""Figures for Prometheus: how many, how fast, which model, what is wrong. Never a text, never an id."""

import os
from pathlib import Path
from time import perf_counter

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from model.types import Prediction

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.25, 0.5, 1, 2.5)


class Metrics:
    """The figures of one process; with PROMETHEUS_MULTIPROC_DIR set, `text` gives those of all its siblings too."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._version: str | None = None
        self.requests = Counter(
            "triage_requests_total", "Answers by endpoint and status", ["endpoint", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "triage_request_seconds", "Time to answer", ["endpoint"], buckets=_SECONDS, registry=self._registry
        )
        self.predictions = Counter(
            "triage_predictions_total",
            "Predictions",
            ["decision", "urgency", "language", "model_version"],
            registry=self._registry,
        )
        self.degraded = Counter("triage_degraded_total", "Predictions without the classifier", registry=self._registry)
        self.unlogged = Counter(
            "triage_unlogged_total", "Answers the log did not take at once", ["outcome"], registry=self._registry
        )
        self.spooled = Gauge(
            "triage_spool_bytes", "Bytes waiting for the log", registry=self._registry, multiprocess_mode="max"
        )
        self.model = Gauge(
            "triage_model_serving", "1 for the version that serves", ["version"], registry=self._registry,
            multiprocess_mode="livesum",
        )  # fmt: skip
        self.model_fault = Gauge(
            "triage_model_refused", "1 while a promoted model is refused", registry=self._registry,
            multiprocess_mode="livemax",
        )  # fmt: skip

    def predicted(self, prediction: Prediction) -> None:
        """Count a prediction."""
        self.predictions.labels(
            str(prediction.decision), prediction.urgency.label, prediction.language, prediction.model_version
        ).inc()
        if prediction.failure:
            self.degraded.inc()

    def serve(self, version: str | None, fault: str) -> None:
        """Say which model serves and whether another was refused."""
        if self._version not in (None, version):
            self.model.labels(self._version).set(0)
        if version:
            self.model.labels(version).set(1)
        self._version = version
        self.model_fault.set(1 if fault else 0)

    def text(self) -> bytes:
        """Everything, in Prometheus's format."""
        if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            _forget_the_dead(Path(folder))
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        return generate_latest(self._registry)


def measure(app: Flask, metrics: Metrics) -> None:
    """Count and time every request, by endpoint (never by path, which a caller chooses)."""

    @app.before_request
    def _begin() -> None:
        g.begun = perf_counter()

    @app.after_request
    def _end(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        metrics.requests.labels(endpoint, response.status_code).inc()
        if "begun" in g:
            metrics.seconds.labels(endpoint).observe(perf_counter() - g.begun)
        return response


def _forget_the_dead(folder: Path) -> None:
    """Let the gauges of workers that are no more count no more."""
    for pid in {file.stem.rpartition("_")[2] for file in folder.glob("gauge_live*.db")}:
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            mark_process_dead(int(pid), str(folder))  # type: ignore[no-untyped-call]
        except PermissionError:
            continue
