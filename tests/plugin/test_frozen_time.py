"""Tests that freeze the time of their process: what is promised in real time passes in real time all the same."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial

import freezegun
import pytest
import time_machine

from sandbox.client import NotFoundError
from sandbox.core.clock import monotonic, unix_time, utc_now
from sandbox.testing import Sandbox, SandboxClient
from tests.client.fixtures import NUMBER, send

Freeze = Callable[[], AbstractContextManager[object]]

PAST, FUTURE = datetime(2001, 2, 3, tzinfo=UTC), datetime(2099, 2, 3, tzinfo=UTC)
LIBRARIES: dict[str, Callable[..., AbstractContextManager[object]]] = {
    "freezegun": freezegun.freeze_time,
    "time-machine": time_machine.travel,
}
FREEZES: dict[str, Freeze] = {
    f"{name}, {at.year}, {'ticking' if tick else 'standing'}": partial(freeze, at, tick=tick)
    for name, freeze in LIBRARIES.items()
    for at in (PAST, FUTURE)
    for tick in (False, True)
}
every_freeze = pytest.mark.parametrize("freeze", FREEZES.values(), ids=FREEZES.keys())
# What each library does to the clock is held by the tests with every freeze; elsewhere one of each will do.
one_freeze_a_library = pytest.mark.parametrize(
    "freeze", [FREEZES[f"{name}, 2001, standing"] for name in LIBRARIES], ids=LIBRARIES.keys()
)


@every_freeze
def test_the_real_clock_is_read_past_a_frozen_one(freeze: Freeze) -> None:
    readings = [(monotonic(), unix_time(), utc_now())]
    with freeze():
        readings.append((monotonic(), unix_time(), utc_now()))
    readings.append((monotonic(), unix_time(), utc_now()))

    columns = [*zip(*readings, strict=True)]

    assert [tuple(sorted(column)) for column in columns] == columns


@every_freeze
def test_advance_returns_once_every_callback_has_been_heard(freeze: Freeze) -> None:
    before = utc_now().replace(microsecond=0)
    with freeze(), Sandbox() as sandbox:
        send(sandbox)
        sandbox.advance("5s")

        assert (len(sandbox.receiver.calls), before <= sandbox.clock().start <= utc_now()) == (2, True)


@one_freeze_a_library
def test_time_may_freeze_and_thaw_while_a_sandbox_serves(freeze: Freeze) -> None:
    with Sandbox() as sandbox:
        for _ in range(2):
            with freeze():
                send(sandbox)
                sandbox.advance("5s")
            send(sandbox)
            sandbox.advance("5s")

        assert len(sandbox.receiver.calls) == 8


@one_freeze_a_library
def test_a_real_clock_runs_and_waits_end(freeze: Freeze) -> None:
    with Sandbox(clock="60x") as sandbox, freeze():
        with pytest.raises(NotFoundError):
            sandbox.otp(NUMBER, wait="50ms")
        with pytest.raises(AssertionError):
            sandbox.receiver.wait_for(1, timeout=0.05)
        send(sandbox)

        assert len(sandbox.receiver.wait_for(2)) == 2


@one_freeze_a_library
async def test_advance_that_is_awaited_returns_too(freeze: Freeze) -> None:
    with freeze():
        async with Sandbox() as sandbox:
            await asyncio.to_thread(send, SandboxClient(sandbox.handle))
            await sandbox.advance("5s")
            code = await sandbox.otp(NUMBER)

            assert (code.code, len(sandbox.receiver.calls)) == ("555345", 2)
