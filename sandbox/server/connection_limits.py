"""Limits on connections: how long a request may take to arrive, and how many file descriptors there are.

One timer looks at all connections, so that a request costs nothing. A limit is kept to a quarter of its length.
"""

import asyncio
import errno
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from sandbox.core.clock import monotonic

OUT_OF_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})  # the process's own limit, or the machine's


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits in real seconds.

    `stalled`: since the last byte of an incomplete request. `total`: for a whole request. `idle`: between two requests.
    """

    stalled: float = 60.0
    total: float = 300.0
    idle: float = 3630.0


LIMITS = Limits()


class TimedConnection(Protocol):
    """A connection whose requests are timed."""

    @property
    def pending(self) -> object | None:
        """An object that identifies the request that is awaited or incomplete; None if there is none."""

    @property
    def received(self) -> int:
        """The number of bytes of that request that have arrived."""

    def give_up(self, *, status: int, reason: str) -> None:
        """Refuse the incomplete request."""

    def close(self) -> None:
        """Close the connection, on which no request has begun."""


@dataclass(slots=True)
class Progress:
    """A connection's pending request, when it was first seen, and when bytes of it last arrived."""

    pending: object
    received: int
    since: float
    changed: float


class ReadTimeouts:
    """Refuses requests that stay incomplete. `connections` returns the connections to check."""

    def __init__(self, limits: Limits, connections: Callable[[], Iterable[TimedConnection]]) -> None:
        self._limits = limits
        self._connections = connections
        self._progress: dict[TimedConnection, Progress] = {}
        self._timer = self._start_timer()

    def _start_timer(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._limits.stalled / 4, self._check)

    def close(self) -> None:
        """Stop the timer."""
        self._timer.cancel()

    def _check(self) -> None:
        now, known = monotonic(), self._progress
        self._progress = {}
        for each in [*self._connections()]:
            pending, received, progress = each.pending, each.received, known.get(each)
            if pending is None:
                continue
            if progress is None or progress.pending != pending:
                progress = Progress(pending, received, now, now)
            elif progress.received != received:
                progress.received, progress.changed = received, now
            if not self._gave_up(each, progress, now):
                self._progress[each] = progress
        self._timer = self._start_timer()

    def _gave_up(self, connection: TimedConnection, progress: Progress, now: float) -> bool:
        """Refuse a request if it has exceeded a limit; return whether it has."""
        limits = self._limits
        if progress.received == 0:
            if now - progress.changed < limits.idle:
                return False
            connection.close()
            return True
        if now - progress.changed >= limits.stalled:
            reason = f"no more data arrived for {limits.stalled:g} s"
        elif now - progress.since >= limits.total:
            reason = f"a request must arrive within {limits.total:g} s"
        else:
            return False
        connection.give_up(status=HTTPStatus.REQUEST_TIMEOUT, reason=reason)
        return True


class Descriptors:
    """Reports once that no file descriptor is left, with the limit.

    The system hands out the lowest free number, so a connection with the last one below the limit took the last.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._limit = descriptor_limit()
        self._reported = False

    def check(self, transport: asyncio.BaseTransport) -> None:
        """Report if a new connection took the last descriptor: uvloop closes later ones and reports nothing."""
        own = transport.get_extra_info("socket")
        if self._limit is not None and own is not None and own.fileno() >= self._limit - 1:
            self.report()

    def handle_exception(self, loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        """Handle an exception for a loop; asyncio repeats this one every second, each time with a traceback."""
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in OUT_OF_DESCRIPTORS:
            self.report()
        else:
            loop.default_exception_handler(dict(context))

    def report(self) -> None:
        """Report, the first time only, that no descriptor is left."""
        if not self._reported:
            self._reported = True
            limit = "limit of this machine" if self._limit is None else f"limit {self._limit}"
            self._report(f"out of file descriptors ({limit}): new connections are refused; raise it with ulimit -n")


def descriptor_limit() -> int | None:
    """Return how many file descriptors this process may have; None if there is no limit."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return None
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if limit == resource.RLIM_INFINITY else limit


class CheckedConnection(asyncio.Protocol):
    """Checks the descriptor of a new connection, then leaves the connection to the protocol that `inner` returns."""

    def __init__(self, inner: Callable[[], asyncio.Protocol], descriptors: Descriptors) -> None:
        self._inner = inner
        self._descriptors = descriptors

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Check the connection and hand it over."""
        self._descriptors.check(transport)
        protocol = self._inner()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
