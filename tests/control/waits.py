"""Begins calls that wait, and returns once they do: no test sleeps."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from sandbox.core.change import BatchSubscriber
from sandbox.core.world import World

Value = TypeVar("Value")
PATIENCE = 10.0  # seconds until a wait that never begins fails its test


class Listeners(list[BatchSubscriber]):
    """A world's listeners; tells when there is one more."""

    def __init__(self, listeners: list[BatchSubscriber]) -> None:
        super().__init__(listeners)
        self.more = asyncio.Event()

    def append(self, listener: BatchSubscriber) -> None:
        super().append(listener)
        self.more.set()


async def begun(world: World, call: Coroutine[object, object, Value]) -> asyncio.Task[Value]:
    """Begin a call and return when it listens to the world."""
    listeners = Listeners(world.batch_subscribers)
    world.batch_subscribers = listeners
    task = asyncio.create_task(call)
    async with asyncio.timeout(PATIENCE):
        await listeners.more.wait()
    return task
