"""Metrics of all workspaces: counted at every change, and written as Prometheus text when they are requested.

Counting runs at every change, so it only adds to plain dictionaries.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from sandbox.core.callback import Callback, CallbackState
from sandbox.core.change import Batch
from sandbox.core.journal import RequestRecord
from sandbox.core.message import Message, Status
from sandbox.engine.engine import Engine

if TYPE_CHECKING:
    from prometheus_client.core import Metric

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
TRIED = frozenset({CallbackState.DELIVERED, CallbackState.FAILED})
ENDED = frozenset({CallbackState.DELIVERED, CallbackState.FAILED, CallbackState.CANCELLED, CallbackState.COLLECTED})
COLLECTED = CallbackState.COLLECTED
RECEIVED = Status.RECEIVED  # of all messages from phones, and of no others
# What is counted since the start by two labels: the text of each metric, and the labels.
COUNTERS: Mapping[str, tuple[str, tuple[str, str]]] = {
    "sandbox_requests": ("Provider requests by operation and HTTP status of the reply.", ("operation", "status")),
    "sandbox_messages": ("Messages by operation and each status that they reached.", ("operation", "status")),
    "sandbox_inbound_messages": (
        "Messages from phones by provider and whether they opt out (stop), in (start) or neither (none).",
        ("provider", "opt"),
    ),
    "sandbox_callbacks": ("Completed callbacks by provider and outcome.", ("provider", "outcome")),
}


class Metrics:
    """What has been counted since the server started; labels are names in specs, so their number is bounded."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._requests: Counter[tuple[str, int]] = Counter()
        self._messages: dict[tuple[str, str], int] = {}  # with every status of a message; a Counter takes longer
        self._inbound: Counter[tuple[str, str]] = Counter()
        self._callbacks: Counter[tuple[str, str]] = Counter()
        self._late = [0] * (len(BOUNDS) + 1)
        self._late_seconds = 0.0
        engine.subscribers.add(self._count_request, RequestRecord)
        engine.subscribers.add(self._count_message, Message, collected=self._count_collected)
        engine.subscribers.add(self._count_callback, Callback, collected=False)

    def _count_request(self, record: RequestRecord, _: Batch) -> None:
        self._requests[record.operation or "none", record.status] += 1

    def _count_message(self, message: Message, _: Batch | None = None) -> None:
        status = message.status
        if status is RECEIVED:
            self._inbound[message.provider, message.opt or "none"] += 1
        else:
            key = message.operation, status
            self._messages[key] = self._messages.get(key, 0) + 1

    def _count_collected(self, message: Message, is_reported: bool) -> None:  # noqa: FBT001 - as a subscriber gets it
        self._count_message(message)
        if is_reported:
            self._callbacks[message.provider, COLLECTED] += 1

    def _count_callback(self, callback: Callback, batch: Batch) -> None:
        if callback.state not in ENDED:
            return
        self._callbacks[callback.provider, callback.state] += 1
        workspace = self._engine.workspaces.get(batch.workspace)
        world = None if workspace is None else workspace.world
        if callback.state in TRIED and callback.attempts and not callback.attempts[-1].replay and world is not None:
            due = max(callback.due, world.clock.origin)  # setting the clock forward makes no callback late
            lateness = (callback.attempts[-1].at - due).total_seconds() / (world.clock.rate or 1.0)
            self._late[bisect_left(BOUNDS, lateness)] += 1
            self._late_seconds += max(lateness, 0.0)

    def text(self) -> bytes:
        """Return the Prometheus text; its library takes 40 ms to load, so it is imported here."""
        from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest  # noqa: PLC0415 - see above
        from prometheus_client.registry import Collector  # noqa: PLC0415 - see above

        families = self._families

        class Families(Collector):
            def collect(self) -> Iterator["Metric"]:
                return families()

        registry = CollectorRegistry()
        registry.register(Families())
        ProcessCollector(registry=registry)
        return generate_latest(registry)

    def _families(self) -> Iterator["Metric"]:
        from prometheus_client.core import (  # noqa: PLC0415 - see `text`
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        every: tuple[Mapping[Any, int], ...] = (self._requests, self._messages, self._inbound, self._callbacks)
        for (name, (text, labels)), counts in zip(COUNTERS.items(), every, strict=True):
            family = CounterMetricFamily(name, text, labels=labels)
            for values, count in sorted(counts.items()):
                family.add_metric([*map(str, values)], count)
            yield family
        lateness = HistogramMetricFamily(
            "sandbox_callback_lateness_seconds", "Real time between the due time of an attempt and its start."
        )
        buckets = zip([*map(str, BOUNDS), "+Inf"], accumulate(self._late), strict=True)
        lateness.add_metric([], buckets=list(buckets), sum_value=self._late_seconds)
        yield lateness
        stored = GaugeMetricFamily("sandbox_stored", "Stored objects in all workspaces, by kind.", labels=["kind"])
        for kind, count in self._stored().items():
            stored.add_metric([kind], count)
        yield stored
        pending = sum(len(world.agenda) for world in self._engine.worlds.values())
        yield GaugeMetricFamily(
            "sandbox_pending", "Pending status changes and callbacks in all workspaces.", value=pending
        )
        yield GaugeMetricFamily(
            "sandbox_workspaces", "Workspaces, including default.", value=len(self._engine.workspaces)
        )

    def _stored(self) -> dict[str, int]:
        worlds, kinds = list(self._engine.worlds.values()), ("messages", "callbacks", "requests", "accounts")
        return {kind: sum(len(getattr(world, kind)) for world in worlds) for kind in kinds}
