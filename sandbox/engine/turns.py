"""Requests that create thousands of messages: handled in several turns of the loop, so that others get theirs.

Meanwhile their workspace handles no other request; those of other workspaces, the control API and callbacks go on. A
large request is one batch all the same: if anything but status changes and callbacks comes between two of its turns, it
is handled again from the beginning, in one turn.
"""

import asyncio
from collections.abc import Generator
from typing import TYPE_CHECKING

from sandbox.core.agenda import AgendaEntry
from sandbox.core.callback import Callback
from sandbox.core.change import AgendaEntryRemoved, Batch, EntitiesRemoved
from sandbox.core.errors import BusyError, ElsewhereError
from sandbox.core.garbage import without_collections
from sandbox.core.lifecycle import moves_at_once
from sandbox.core.message import Message
from sandbox.core.world import World
from sandbox.pipeline import RequestContext, ServerContext, handle_in_turns
from sandbox.specs.body_parsing import Request

if TYPE_CHECKING:
    from sandbox.engine.engine import Engine, Handled

# Changes on which no request depends: status changes, callbacks, and old messages that are deleted to make room.
HARMLESS = frozenset({Message, Callback, AgendaEntry, AgendaEntryRemoved, EntitiesRemoved})
PAUSE = 8  # turns of others between two of a large request: a call of the control API on a new connection takes seven


class Turns:
    """The large requests of an engine that are under way, at most one for each workspace."""

    def __init__(self, engine: "Engine", context: ServerContext) -> None:
        self._engine = engine
        self._context = context._replace(find_world=self._find_world)
        self._busy: dict[World, asyncio.Future[None]] = {}

    def handle(self, request: Request) -> "Generator[RequestContext, None, Handled]":
        """Handle a provider's request, and what it makes due at once, with the pauses of `handle_in_turns`.

        If it is under way in several turns, what it makes due is left to `receive`.
        """
        engine = self._engine
        if engine.refusal is not None:
            return engine.unavailable(engine.refusal)
        try:
            batch, response = yield from handle_in_turns(request, self._context)
            if _makes_due(batch) and (workspace := engine.workspaces[batch.workspace]).world not in self._busy:
                workspace.work()
            return engine.hold_back(batch, response)
        except (ElsewhereError, BusyError):
            raise
        except Exception as error:  # noqa: BLE001 - the sandbox's own error: `handle` replies to those of a provider
            return engine.fail(request, error)

    def _find_world(self, key: str | None) -> World | None:
        """Return the world of the workspace that a key leads to; see `Engine.find_world`.

        Raises:
            BusyError: it handles a large request.

        """
        world = self._engine.find_world(key)
        if self._busy and world in self._busy:
            raise BusyError(self._busy[world])
        return world

    async def receive(self, request: Request) -> "Handled":
        """Handle a request in as many turns as it takes, after the large request that its workspace handles.

        Raises:
            ElsewhereError: its workspace is at work in another replica.

        """
        while True:
            turns = self.handle(request)
            try:
                context = next(turns)
            except StopIteration as end:
                handled: Handled = end.value
                return handled
            except BusyError as busy:
                await asyncio.shield(busy.done)
                continue
            done = self._busy[context.world] = asyncio.get_running_loop().create_future()
            watch = _Watch(context.world)
            try:
                while True:
                    await _pause()
                    if watch.is_disturbed or not self._is_in_place(context):
                        break
                    if not context.world.make_room(len(context.messages)):
                        with without_collections():
                            next(turns)
            except StopIteration as end:
                ended: Handled = end.value
                await _pause()
                ended.workspace.work()
                return ended
            finally:
                turns.close()
                watch.close()
                del self._busy[context.world]
                done.set_result(None)
            return self._engine.receive(request)

    def _is_in_place(self, context: RequestContext) -> bool:
        """Return whether a request still belongs to the world that it was read for, and can be stored."""
        return self._engine.refusal is None and self._engine.find_world(context.key) is context.world


def _makes_due(batch: Batch) -> bool:
    """Return whether a new message changes its status at the instant of its acceptance; the rest is left to a timer."""
    for change in batch.changes:  # noqa: SIM110 - a generator takes twice as long
        if type(change) is Message and moves_at_once(change):
            return True
    return False


async def _pause() -> None:
    """Let others on the loop have their turns."""
    for _ in range(PAUSE):
        await asyncio.sleep(0)


class _Watch:
    """Notes whether a world changes in a way that a request may depend on."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._last_message = world.last_message
        self._batches = world.batches
        self._harmless = True
        world.batch_subscribers.append(self._on_batch)

    @property
    def is_disturbed(self) -> bool:
        """Whether there was such a change; a store that fails takes batches back."""
        world = self._world
        return not self._harmless or world.last_message != self._last_message or world.batches < self._batches

    def close(self) -> None:
        """Stop watching."""
        self._world.batch_subscribers.remove(self._on_batch)

    def _on_batch(self, batch: Batch) -> None:
        self._harmless = self._harmless and HARMLESS.issuperset(map(type, batch.changes))
