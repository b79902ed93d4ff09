"""The callbacks of one workspace: what happens when one is due, its retries, and actions on it."""

import asyncio
from collections.abc import Callable

from sandbox.callbacks.compose import retry_schedule, target_of, timeout_of, write
from sandbox.callbacks.courier import Courier, Job
from sandbox.callbacks.egress import host_queue_of
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.callback import (
    OPEN_STATES,
    Attempt,
    Callback,
    CallbackState,
    Outgoing,
    Target,
    TargetOrigin,
    record_attempt,
)
from sandbox.core.change import AgendaEntryRemoved, Change
from sandbox.core.errors import CallbackStateError
from sandbox.core.message import CallbackPolicy, Message
from sandbox.core.world import World
from sandbox.providers.registry import Registry

NOWHERE = Target("", None, TargetOrigin.SETTINGS)
LOST = "lost in transit: the scenario drops it"


def begin_attempt(world: World, packs: Registry, callback: Callback) -> Callback | None:
    """Send, collect, drop or hold back a callback that is due; return it if it is collected or being sent.

    A callback is held back while an earlier one of its message is open and the order is strict; it is stored as given.
    """
    message = world.messages[callback.message]
    callback_policy = message.callback_policy
    nothing = AgendaEntryRemoved(EntryKind.CALLBACK, callback.id)
    if callback_policy.strict and _earlier_open(world, message, callback):
        changed = () if world.callbacks[callback.id] is callback else (callback,)
        world.commit(*changed, nothing)  # `follow_ups` puts it back
        return None
    if not callback_policy.collect_only and _is_lost(callback, callback_policy):
        _lose(world, packs, callback)
        return None
    if callback_policy.collect_only or target_of(world, packs, message) is None:
        written = write(world, packs, callback)
        collected = callback._replace(state=CallbackState.COLLECTED, request=written)
        world.commit(collected, nothing, *follow_ups(world, collected))
        return collected
    sending = callback._replace(state=CallbackState.SENDING)
    world.commit(sending, nothing)
    return sending


def _is_lost(callback: Callback, callback_policy: CallbackPolicy) -> bool:
    return callback.step.status in callback_policy.lost or (callback_policy.first_lost and callback.is_untried)


def _lose(world: World, packs: Registry, callback: Callback) -> None:
    """Store an attempt that is never sent; a retry follows only if the scenario loses just the first attempt."""
    message = world.messages[callback.message]
    number = callback.next_attempt
    written = write(world, packs, callback)
    attempt = Attempt(number, world.now(), None, "", 0.0, LOST, url=written.url)
    ladder = () if callback.step.status in message.callback_policy.lost else retry_schedule(world, packs, message)
    after = record_attempt(callback, attempt, request=written, schedule=ladder)
    world.commit(after, AgendaEntryRemoved(EntryKind.CALLBACK, after.id), *follow_ups(world, after))


def _earlier_open(world: World, message: Message, callback: Callback) -> bool:
    return any(
        world.callbacks[each].state in OPEN_STATES for each in message.callbacks[: message.callbacks.index(callback.id)]
    )


def follow_ups(world: World, callback: Callback) -> tuple[Change, ...]:
    """Return what the end of an attempt makes due: its retry, or the next callback if the order is strict.

    `callback` is its state after the attempt, committed in the same batch.
    """
    if callback.state is CallbackState.PENDING:
        return (AgendaEntry(callback.due, EntryKind.CALLBACK, 0, callback.id),)
    message = world.messages[callback.message]
    if not message.callback_policy.strict or callback.state in OPEN_STATES:
        return ()
    later = (world.callbacks[each] for each in message.callbacks if each != callback.id)
    waiting = next((each for each in later if each.state in OPEN_STATES), None)
    if (
        waiting is None
        or waiting.state is not CallbackState.PENDING
        or world.agenda.find(EntryKind.CALLBACK, waiting.id)
    ):
        return ()
    due = max(waiting.due, world.now())
    return (waiting._replace(due=due), AgendaEntry(due, EntryKind.CALLBACK, 0, waiting.id))


class Dispatch:
    """Sends a world's callbacks, each once what `committed` returns is done, and then what `owned` does.

    `on_attempt` is called with the message and the callback after each attempt that has ended.
    """

    def __init__(  # noqa: PLR0913 - each is needed, by keyword
        self,
        world: World,
        packs: Registry,
        courier: Courier,
        *,
        committed: Callable[[], asyncio.Future[None] | None],
        owned: Callable[[], asyncio.Future[None] | None],
        on_attempt: Callable[[Message, Callback], None],
    ) -> None:
        self._world = world
        self._packs = packs
        self._courier = courier
        self._on_attempt = on_attempt
        self.committed = committed
        self.owned = owned
        self.now = world.now

    def send(self, callback: Callback, *, replay: bool = False) -> None:
        """Give a callback to the courier; its key and settings are those of the moment at which its turn comes."""
        world, packs = self._world, self._packs
        message = world.messages[callback.message]
        url, _, origin = target_of(world, packs, message) or NOWHERE
        timeout, untried = timeout_of(world, message), callback.is_untried
        self._courier.send(Job(self, callback, world.name, host_queue_of(url), origin, timeout, untried, replay))

    def write(self, callback: Callback) -> Outgoing:
        """Return the request of a callback with the current target, key and settings."""
        return write(self._world, self._packs, callback)

    def store(self, callback: Callback, request: Outgoing, attempt: Attempt) -> None:
        """Store the result of an attempt, and what that makes due."""
        message = self._world.messages[callback.message]
        received = self._packs[message.provider].provider.received.get(message.channel.key)
        if received is not None and attempt.status is not None:
            attempt = attempt._replace(accepted=received(attempt.status, attempt.answer))
        ends = attempt.replay or attempt.succeeded
        ladder = () if ends else retry_schedule(self._world, self._packs, message)
        after = record_attempt(callback, attempt, request=request, schedule=ladder)
        self._on_attempt(message, after)
        self._world.commit(after, *follow_ups(self._world, after))

    def fire(self, callback: Callback) -> Callback:
        """Send a waiting callback now, whatever the clock says."""
        self._require(callback, {CallbackState.PENDING, CallbackState.HELD}, "fired")
        due = callback._replace(state=CallbackState.PENDING, due=self._world.now())
        fired = begin_attempt(self._world, self._packs, due)
        if fired is not None and fired.state is CallbackState.SENDING:
            self.send(fired)
        return self._world.callbacks[callback.id]

    def hold(self, callback: Callback) -> Callback:
        """Hold a waiting callback until it is released or fired."""
        self._require(callback, {CallbackState.PENDING}, "held")
        held = callback._replace(state=CallbackState.HELD)
        self._world.commit(held, AgendaEntryRemoved(EntryKind.CALLBACK, callback.id))
        return held

    def release(self, callback: Callback) -> Callback:
        """Release a held callback: it is sent at its time, or now if that has passed."""
        self._require(callback, {CallbackState.HELD}, "released")
        due = max(callback.due, self._world.now())
        free = callback._replace(state=CallbackState.PENDING, due=due)
        self._world.commit(free, AgendaEntry(due, EntryKind.CALLBACK, 0, free.id))
        return free

    def cancel(self, callback: Callback) -> Callback:
        """Cancel a waiting callback."""
        self._require(callback, {CallbackState.PENDING, CallbackState.HELD}, "cancelled")
        gone = callback._replace(state=CallbackState.CANCELLED)
        self._world.commit(gone, AgendaEntryRemoved(EntryKind.CALLBACK, callback.id), *follow_ups(self._world, gone))
        return gone

    def replay(self, callback: Callback) -> Callback:
        """Make a further attempt of a callback that has ended, marked as a replay."""
        self._require(
            callback,
            {CallbackState.DELIVERED, CallbackState.FAILED, CallbackState.CANCELLED, CallbackState.COLLECTED},
            "replayed",
        )
        if target_of(self._world, self._packs, self._world.messages[callback.message]) is None:
            message = f"callback {callback.id} cannot be sent: {callback.provider} has no target"
            raise CallbackStateError(message)
        sending = callback._replace(state=CallbackState.SENDING)
        self._world.commit(sending)
        self.send(sending, replay=True)
        return sending

    def _require(self, callback: Callback, states: set[CallbackState], verb: str) -> None:
        if callback.state not in states:
            fitting = " or ".join(sorted(states))
            message = f"callback {callback.id} is {callback.state}; only one that is {fitting} can be {verb}"
            raise CallbackStateError(message)
