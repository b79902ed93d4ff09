"""A server that is killed under load, again and again, keeps what it has promised."""

import asyncio
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.core.seeded_random import draw_fraction
from tests.durability.history import Account, Faults, History, count_faults
from tests.durability.processes import ServerProcess, server_process
from tests.durability.traffic import Arrival, CallbackServer, Load

SEED = 16
RATE = 300  # sends a second
SHORTEST, LONGEST = 0.1, 1.0  # seconds from the moment at which the server is ready to its kill
START = 0.6  # seconds: a kill during a start comes no later
LEASE = "200ms"  # on PostgreSQL, a server serves the workspaces of the one before it after this time
EACH_START = 5  # the server is killed during every fifth start too
PRICES = {"betatel": ("USD", Decimal("0.05")), "ubill": ("sms", Decimal(1))}
BEFORE = Decimal(1_000_000)


def serve_arguments(store_url: str, callbacks: CallbackServer) -> list[str]:
    """Return the arguments of a server whose callbacks leave some 100 ms after a send."""
    targets = [f"--callback={provider}={callbacks.url}" for provider in PRICES]
    return ["--store", store_url, "--lease", LEASE, "--clock", "10x", "--seed", str(SEED), *targets]


async def run_until_signal(server: ServerProcess, load: Load, *, after: float, number: signal.Signals) -> int:
    """Send to a running server until it is sent a signal, and return its exit code."""

    def end() -> None:
        server.send_signal(number)
        load.stop()

    asyncio.get_running_loop().call_later(after, end)
    await load.run()
    return await server.wait()


async def kill_during_start(server: ServerProcess, *, after: float) -> None:
    """Kill a server that is not ready yet, or has just become ready."""
    await server.begin()
    asyncio.get_running_loop().call_later(after, server.send_signal, signal.SIGKILL)
    await server.wait()


async def settle(server: ServerProcess, load: Load, callbacks: CallbackServer) -> History:
    """Let a running server carry out all that is pending, and return what has happened."""
    status, advanced = await server.call("POST", "/clock/advance", {"until": "idle"})
    assert status == 200, advanced
    listed = await server.get_all("messages")
    stored = await server.get_all("callbacks")
    accounts = {each["provider"]: each["balance"] for each in await server.get_all("accounts")}
    return History(
        acknowledged=load.acknowledged,
        messages={each["id"]: each["provider"] for each in listed},
        accounts={
            provider: Account(BEFORE, Decimal(str(accounts[provider][name])), price)
            for provider, (name, price) in PRICES.items()
        },
        callbacks={
            Arrival(each["message"], each["reports"]): [
                bool(attempt.get("interrupted")) for attempt in each["attempts"]
            ]
            for each in reversed(stored)
        },
        arrivals=[*callbacks.arrivals],
    )


def report(request: pytest.FixtureRequest, history: History, *, kills: int) -> None:
    """Print what a long run has seen."""
    if request.config.getoption("--durability") is not None:
        interrupted = sum(map(sum, history.callbacks.values()))
        request.config.get_terminal_writer().line(
            f"\n{kills} kills: {len(history.acknowledged)} sends acknowledged, {len(history.messages)} stored, "
            f"{len(history.callbacks)} callbacks, {len(history.arrivals)} arrivals, "
            f"{interrupted} attempts interrupted; {count_faults(history)}"
        )


async def test_a_server_that_is_killed_under_load_loses_repeats_and_reorders_nothing(
    request: pytest.FixtureRequest, store_url: str, tmp_path: Path, kills: int
) -> None:
    async with (
        CallbackServer(seed=SEED) as callbacks,
        server_process(serve_arguments(store_url, callbacks), tmp_path) as server,
    ):
        load = Load(server.url, rate=RATE)
        for number in range(kills):
            if number % EACH_START == EACH_START - 1:
                await kill_during_start(server, after=draw_fraction(SEED, number, "start") * START)
            await server.start()
            after = SHORTEST + draw_fraction(SEED, number, "kill") * (LONGEST - SHORTEST)
            await run_until_signal(server, load, after=after, number=signal.SIGKILL)
        await server.start()
        history = await settle(server, load, callbacks)
        report(request, history, kills=kills)

        assert (count_faults(history), load.failures, "Traceback" in server.log) == (Faults(), [], False)
        assert len(history.acknowledged) > kills  # there was a load


async def test_a_server_that_is_stopped_under_load_keeps_what_it_has_answered_and_exits_with_0(
    request: pytest.FixtureRequest, store_url: str, tmp_path: Path
) -> None:
    async with (
        CallbackServer(seed=SEED) as callbacks,
        server_process(serve_arguments(store_url, callbacks), tmp_path) as server,
    ):
        load = Load(server.url, rate=RATE)
        codes = []
        for number in (signal.SIGTERM, signal.SIGINT):
            await server.start()
            codes.append(await run_until_signal(server, load, after=0.3, number=number))
        await server.start()
        history = await settle(server, load, callbacks)
        report(request, history, kills=0)

        assert (codes, count_faults(history), load.failures, "Traceback" in server.log) == ([0, 0], Faults(), [], False)
