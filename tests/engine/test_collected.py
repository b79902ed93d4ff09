"""A status whose callback is collected leaves the same state and metrics, whether or not somebody hears of it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from sandbox.callbacks.compose import request_of
from sandbox.control.metrics import Metrics
from sandbox.core.account import RateWindow
from sandbox.core.callback import Callback
from sandbox.core.change import Batch
from sandbox.core.clock import ClockMode, make_clock
from sandbox.core.message import Message
from sandbox.core.world import World
from sandbox.core.world_state import Counters
from sandbox.engine.engine import Engine
from sandbox.engine.scheduler import carry_out
from sandbox.server.startup import Options, make_engine
from tests.builders import NOON, Desk, packs
from tests.scenarios.builders import betatel, load, ubill

SENDS = """
rules:
  - {when: {to: "*1"}, then: {lifecycle: [{sent: 1s}, {undelivered: 1s}]}}
  - {when: {to: "*2"}, then: {lifecycle: []}}
  - {when: {to: "*3"}, then: {callbacks: {copies: 2}}}
"""
Listen = Callable[[Engine], None]


def nobody(_: Engine) -> None:
    """Hear of nothing."""


def each_message(engine: Engine) -> None:
    engine.subscribers.add(lambda *_: None, Message)


def each_callback(engine: Engine) -> None:
    engine.subscribers.add(lambda *_: None, Callback)


def each_batch(engine: Engine) -> None:
    engine.default.world.batch_subscribers.append(lambda _: None)


def live(listen: Listen) -> tuple[object, ...]:
    """Return everything that some messages of a workspace have left when their lives are over."""
    engine = make_engine(Options(seed=7, clock=(ClockMode.FROZEN, 0)))
    metrics, world = Metrics(engine), engine.default.world
    world.on_commit = None  # there is no loop: `run` carries out the agenda
    world.commit(make_clock(ClockMode.FROZEN, start=NOON))
    world.commit(load(SENDS))
    listen(engine)
    desk = Desk(world)
    for number in range(38761930301, 38761930306):
        betatel(desk, to=str(number))
    ubill(desk, "995511194242", "995511194243")
    for _ in range(3):
        run(world, quietly=True)
        world.commit(RateWindow("between", NOON, 1))
    callbacks = [(each, request_of(world, packs(), each)) for each in world.callbacks.values()]
    counted = [
        line for line in metrics.text().decode().splitlines() if line.startswith("sandbox_") and "created" not in line
    ]
    return [*world.messages.values()], callbacks, [*world.agenda], Counters.of(world), counted


def run(world: World, *, quietly: bool) -> None:
    """Carry out what is due next, and all that is due within a second."""
    first = world.agenda.first()
    end = world.now() if first is None else first.at + timedelta(seconds=1)
    while (due := world.agenda.first()) is not None and due.at <= end:
        world.commit(world.clock.moved(max(due.at, world.now())))
        carry_out(world, packs(), due, quietly=quietly)


@pytest.mark.parametrize("listen", [each_message, each_callback, each_batch])
def test_whether_somebody_hears_of_each_makes_no_difference(listen: Listen) -> None:
    quiet, heard = live(nobody), live(listen)

    assert (len(quiet[0]), heard) == (7, quiet)  # type: ignore[arg-type]


def test_whoever_hears_of_each_gets_the_message_and_its_callback() -> None:
    engine = make_engine(Options(seed=7, clock=(ClockMode.FROZEN, 0)))
    batches: list[Batch] = []
    desk = Desk(engine.default.world)
    desk.world.on_commit = None
    betatel(desk)
    desk.world.batch_subscribers.append(batches.append)
    run(desk.world, quietly=True)
    changes = [each for batch in batches for each in batch.changes if isinstance(each, Message | Callback)]

    assert changes == [desk.world.messages[1], *desk.world.callbacks.values()]
