"""Prometheus text of what has been counted; the library is loaded when somebody asks."""

from collections.abc import Iterator
from itertools import accumulate

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from sandbox.control.metrics_collector import BOUNDS, MetricsCollector


class Exposition(Collector):
    """The counted figures as metric families."""

    def __init__(self, figures: MetricsCollector) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        figures = self._figures
        requests = CounterMetricFamily(
            "sandbox_requests",
            "Provider requests by operation and HTTP status of the reply.",
            labels=["operation", "status"],
        )
        for (operation, status), count in sorted(figures.requests.items()):
            requests.add_metric([operation, str(status)], count)
        yield requests
        messages = CounterMetricFamily(
            "sandbox_messages",
            "Messages that came to a status.",
            labels=["operation", "status"],
        )
        for labels, count in sorted(figures.messages.items()):
            messages.add_metric(list(labels), count)
        yield messages
        callbacks = CounterMetricFamily(
            "sandbox_callbacks",
            "Callbacks that ended.",
            labels=["provider", "outcome"],
        )
        for labels, count in sorted(figures.callbacks.items()):
            callbacks.add_metric(list(labels), count)
        yield callbacks
        yield from self._lateness()
        yield from self._sizes()

    def _lateness(self) -> Iterator[Metric]:
        bounds = [*map(str, BOUNDS), "+Inf"]
        lateness = HistogramMetricFamily(
            "sandbox_callback_lateness_seconds",
            "Real time between an attempt's due time and its start.",
        )
        buckets = list(zip(bounds, accumulate(self._figures.late), strict=True))
        lateness.add_metric([], buckets=buckets, sum_value=self._figures.late_seconds)
        yield lateness

    def _sizes(self) -> Iterator[Metric]:
        stored = GaugeMetricFamily("sandbox_stored", "What is kept, over all workspaces.", labels=["kind"])
        for kind, count in self._figures.stored().items():
            stored.add_metric([kind], count)
        yield stored
        yield GaugeMetricFamily("sandbox_pending", "Moves and callbacks that wait.", value=self._figures.pending())
        workspaces = len(self._figures.engine.workspaces)
        yield GaugeMetricFamily("sandbox_workspaces", "Workspaces, default included.", value=workspaces)


def expose(figures: MetricsCollector) -> web.Response:
    """Return the Prometheus text."""
    registry = CollectorRegistry()
    registry.register(Exposition(figures))
    ProcessCollector(registry=registry)
    return web.Response(
        body=generate_latest(registry), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    )
