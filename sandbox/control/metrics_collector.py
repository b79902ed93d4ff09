"""Counts what happens in all workspaces, for Prometheus.

It hears of every change, so it only adds to plain dictionaries.
"""

from bisect import bisect_left
from collections import Counter

from sandbox.core.callback import Callback, CallbackState
from sandbox.core.change import Batch
from sandbox.core.journal import RequestRecord
from sandbox.core.message import Message
from sandbox.engine.engine import Engine

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
TRIED = frozenset({CallbackState.DELIVERED, CallbackState.FAILED})
ENDED = frozenset({CallbackState.DELIVERED, CallbackState.FAILED, CallbackState.CANCELLED, CallbackState.COLLECTED})


class MetricsCollector:
    """What has been counted since the server began; labels are names of specs alone, so they are bounded."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.requests: Counter[tuple[str, int]] = Counter()
        self.messages: Counter[tuple[str, str]] = Counter()
        self.callbacks: Counter[tuple[str, str]] = Counter()
        self.late = [0] * (len(BOUNDS) + 1)
        self.late_seconds = 0.0
        engine.subscribers.add(self._count_request, RequestRecord)
        engine.subscribers.add(self._count_message, Message)
        engine.subscribers.add(self._count_callback, Callback)

    def _count_request(self, exchange: RequestRecord, _: Batch) -> None:
        self.requests[exchange.operation or "none", exchange.status] += 1

    def _count_message(self, message: Message, _: Batch) -> None:
        self.messages[message.operation, message.history[-1].status] += 1

    def _count_callback(self, callback: Callback, batch: Batch) -> None:
        if callback.state not in ENDED:
            return
        self.callbacks[callback.provider, callback.state] += 1
        world = self.engine.world(batch.workspace)
        if callback.state in TRIED and callback.attempts and not callback.attempts[-1].replay and world is not None:
            due = max(callback.due, world.clock.origin)  # a clock that is set forward makes nobody late
            lateness = (callback.attempts[-1].at - due).total_seconds() / (world.clock.rate or 1.0)
            self.late[bisect_left(BOUNDS, lateness)] += 1
            self.late_seconds += max(lateness, 0.0)

    def stored(self) -> dict[str, int]:
        """Return how much is kept, over all workspaces."""
        worlds = list(self.engine.worlds.values())
        return {
            "messages": sum(len(world.messages) for world in worlds),
            "callbacks": sum(len(world.callbacks) for world in worlds),
            "requests": sum(len(world.requests) for world in worlds),
            "accounts": sum(len(world.accounts) for world in worlds),
        }

    def pending(self) -> int:
        """Return how many moves and callbacks wait for their time, over all workspaces."""
        return sum(len(world.agenda) for world in self.engine.worlds.values())
