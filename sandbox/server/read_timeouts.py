"""Looks over the connections now and then, so that no request that stays incomplete is waited for without end.

One timer for all of them: a request costs nothing, and a limit is kept to a quarter of its length.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from sandbox.core.clock import ticks


@dataclass(frozen=True, slots=True)
class Limits:
    """Real seconds: without a byte of a request that has begun, for a request as a whole, and between two requests."""

    silence: float = 60.0
    whole: float = 300.0
    idle: float = 3630.0


LIMITS = Limits()


class Watched(Protocol):
    """A connection. `mark` stands for the request that is awaited, None where none is; `size` is what came of it."""

    @property
    def mark(self) -> object | None:
        """What stands for the request."""

    @property
    def size(self) -> int:
        """How many bytes of it came."""

    def give_up(self, *, status: int, reason: str) -> None:
        """Refuse the request whose end does not come."""

    def close(self) -> None:
        """Close the connection, on which nothing has come."""


@dataclass(slots=True)
class Sight:
    """What was seen of a connection: its request since `begun`, so many bytes of it since `moved`."""

    mark: object
    size: int
    begun: float
    moved: float


class ReadTimeouts:
    """Gives up requests that stay incomplete. `connections` returns those that there are."""

    def __init__(self, limits: Limits, connections: Callable[[], Iterable[Watched]]) -> None:
        self._limits = limits
        self._connections = connections
        self._seen: dict[Watched, Sight] = {}
        self._timer = self._later()

    def _later(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._limits.silence / 4, self._look)

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _look(self) -> None:
        now, seen = ticks(), self._seen
        self._seen = {}
        for each in [*self._connections()]:
            mark, size, sight = each.mark, each.size, seen.get(each)
            if mark is None:
                continue
            if sight is None or sight.mark is not mark:
                sight = Sight(mark, size, now, now)
            elif sight.size != size:
                sight.size, sight.moved = size, now
            if not self._gave_up(each, sight, now):
                self._seen[each] = sight
        self._timer = self._later()

    def _gave_up(self, connection: Watched, sight: Sight, now: float) -> bool:
        limits = self._limits
        if sight.size == 0:
            if now - sight.moved < limits.idle:
                return False
            connection.close()
            return True
        if now - sight.moved >= limits.silence:
            reason = f"no more data arrived for {limits.silence:g} s"
        elif now - sight.begun >= limits.whole:
            reason = f"a request must arrive within {limits.whole:g} s"
        else:
            return False
        connection.give_up(status=HTTPStatus.REQUEST_TIMEOUT, reason=reason)
        return True
