"""The machine's clock jumps while a sandbox serves: forward and back, by 400 days."""

import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import time_machine

from sandbox.client import Client, NotFoundError
from sandbox.core.clock import monotonic, utc_now
from sandbox.testing import Sandbox, SandboxServer, serving
from tests.client.fixtures import NUMBER, send
from tests.servers import PATIENCE

Jump = Callable[[], AbstractContextManager[object]]

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    """Return a server that these tests share."""
    with serving() as found:
        yield found


@pytest.fixture(params=[400, -400])
def jump(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Jump:
    """Return what lets the wall clock jump for a block; the sandbox must not know that time-machine does it."""
    monkeypatch.setattr(time_machine.escape_hatch, "is_travelling", lambda: False)
    return lambda: time_machine.travel(utc_now() + timedelta(days=request.param))


def address(server: SandboxServer) -> tuple[str, int]:
    parts = urlsplit(server.url)
    return parts.hostname or "", parts.port or 0


def test_a_jump_moves_the_wall_clock_alone(jump: Jump) -> None:
    before = (utc_now(), monotonic())
    with jump():
        after = (utc_now(), monotonic())

    assert (abs(after[0] - before[0]) > timedelta(days=399), 0 <= after[1] - before[1] < PATIENCE) == (True, True)


def test_a_running_clock_does_not_follow(jump: Jump, server: SandboxServer) -> None:
    with Sandbox(clock="real", url=server.url) as sandbox:
        seen = [sandbox.clock().now]
        with jump():
            seen.append(sandbox.clock().now)
        seen.append(sandbox.clock().now)

    assert (sorted(seen), seen[-1] - seen[0] < MINUTE) == (seen, True)


def test_callbacks_come_when_they_are_due_on_the_workspaces_clock(jump: Jump, server: SandboxServer) -> None:
    with Sandbox(clock="60x", url=server.url) as sandbox:
        send(sandbox)
        with jump():
            sandbox.receiver.wait_for(2)
            send(sandbox)
        heard = sandbox.receiver.wait_for(4)

    assert [each.json for each in heard] == [each.json for each in sandbox.receiver.calls]


def test_a_wait_lasts_as_long_as_it_was_asked_to(jump: Jump, server: SandboxServer) -> None:
    with Sandbox(url=server.url) as sandbox, jump():
        begun = monotonic()
        with pytest.raises(NotFoundError):
            sandbox.otp(NUMBER, wait="100ms")

        assert 0.1 <= monotonic() - begun < PATIENCE


def test_a_workspace_is_deleted_when_it_was_unused_for_its_time_and_not_earlier(
    jump: Jump, server: SandboxServer
) -> None:
    client = Client(server.url)
    short, long = client.make_workspace(ttl="100ms").id, client.make_workspace(ttl="1h").id
    with jump():
        until = monotonic() + PATIENCE
        while short in (left := [each.id for each in client.workspaces()]) and monotonic() < until:
            pass
    client.delete_workspace(long)

    assert left == [long, "default"]


def test_events_go_on(jump: Jump, server: SandboxServer) -> None:
    with Sandbox(url=server.url) as sandbox, closing(HTTPConnection(*address(server), timeout=PATIENCE)) as connection:
        connection.request("GET", f"/_sandbox/workspaces/{sandbox.id}/events")
        stream = connection.getresponse()
        told = []
        for wait in (nullcontext, jump, nullcontext):
            with wait():
                sent = send(sandbox)
                while sent.encode() not in (line := stream.readline()):
                    pass
            told.append(line[:5])

    assert told == [b"data:"] * 3


def test_the_date_of_a_reply_is_the_wall_clocks(jump: Jump, server: SandboxServer) -> None:
    def dated() -> datetime:
        with urllib.request.urlopen(f"{server.url}/v1/sms/balance?key=k1") as reply:  # noqa: S310 - our own
            return parsedate_to_datetime(reply.headers["Date"])

    with jump():
        there = abs(dated() - utc_now()) < MINUTE

    assert (there, abs(dated() - utc_now()) < MINUTE) == (True, True)
