"""Works through a world's agenda: sets the timer, moves the messages that are due, and makes their callbacks."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sandbox.callbacks.compose import target_of
from sandbox.callbacks.dispatch import begin_attempt
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.callback import Callback, CallbackState
from sandbox.core.change import AgendaEntryRemoved, Batch, Change
from sandbox.core.message import DEFAULT_POLICY, CallbackOrder, CallbackPolicy, Message, Step, move, next_move
from sandbox.core.seeded_random import draw_bytes, draw_fraction
from sandbox.core.world import World
from sandbox.providers.registry import Registry

AT_ONCE = 500  # due entries that are carried out before others on the loop get their turn
GRAIN = 0.001  # seconds; entries that are due closer together than this share one timer


class Scheduler:
    """Owns the timer of a world's agenda; `send` takes each callback that must leave now."""

    def __init__(self, world: World, packs: Registry, *, send: Callable[[Callback], None]) -> None:
        self._world = world
        self._packs = packs
        self._send = send
        self._timer: tuple[datetime, asyncio.TimerHandle] | None = None
        self._held = False
        self._paused = False
        world.batch_subscribers.append(self.arm)

    def arm(self, _: Batch | None = None) -> None:
        """Set the timer for the first entry of the agenda, unless an earlier timer is set."""
        if self._held or self._paused:
            return
        first = self._world.agenda.first()
        if first is None or (self._timer is not None and self._timer[0] <= first.at):
            return
        delay = self._world.clock.real_seconds_until(first.at)
        if delay is None:
            return
        self.disarm()
        self._timer = (first.at, asyncio.get_running_loop().call_later(max(delay, GRAIN), self._wake))

    def disarm(self) -> None:
        """Cancel the timer."""
        if self._timer is not None:
            self._timer[1].cancel()
            self._timer = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Return a context manager during which no timer is set, as its caller works through the agenda."""
        before, self._held = self._held, True  # a reset holds the clock while an advance does
        self.disarm()
        try:
            yield
        finally:
            self._held = before
            self.arm()

    def work(self) -> None:
        """Carry out what is due now, up to the size of one slice; the timer is set for the rest."""
        if self._held or self._paused:
            return
        self._held = True  # what is committed in the slice sets no timer
        try:
            self.run_slice(self._world.now())
        finally:
            self._held = False
        self.arm()

    def pause(self) -> None:
        """Carry out nothing until `go_on`: the store has failed."""
        self._paused = True
        self.disarm()

    def go_on(self) -> None:
        """Carry out what is due by now, and set the timer for the rest."""
        self._paused = False
        self.work()

    def run_slice(self, now: datetime, on_done: Callable[[AgendaEntry, Callback | None], None] | None = None) -> bool:
        """Carry out at most `AT_ONCE` due entries; return whether there may be more.

        `on_done` is called with each entry whose callback does not leave, and with the callback that it collected.
        """
        for _ in range(AT_ONCE):
            due = self._world.agenda.first()
            if due is None or due.at > now:
                return False
            callback = carry_out(self._world, self._packs, due)
            if callback is not None and callback.state is CallbackState.SENDING:
                self._send(callback)
            elif on_done is not None:
                on_done(due, callback)
        return True

    def _wake(self) -> None:
        self._timer = None
        self.work()


def carry_out(world: World, packs: Registry, due: AgendaEntry) -> Callback | None:
    """Carry out an entry; return the callback that it collects, or the one that the caller must send."""
    if due.kind is EntryKind.MOVE:
        message = world.messages[due.number]
        return report_step(world, packs, message, message.plan[0], illegal=True)
    return begin_attempt(world, packs, world.callbacks[due.number])


def report_step(
    world: World, packs: Registry, message: Message, step: Step, *, illegal: bool = False
) -> Callback | None:
    """Move a message, and make the callbacks of the move if the provider reports that status.

    A callback without a target is collected in the same batch, and returned.

    Raises:
        IllegalMoveError: the status cannot follow the present one, and `illegal` is not set.

    """
    if step.status not in message.channel.reports:
        moved = move(message, step, illegal=illegal)
        world.commit(moved, next_move(moved) or AgendaEntryRemoved(EntryKind.MOVE, moved.number), at=step.at)
        return None
    provider, number = message.provider, world.last_callback + 1
    moved = move(message, step, callback=number, illegal=illegal)
    following = next_move(moved) or AgendaEntryRemoved(EntryKind.MOVE, moved.number)
    if message.callback_policy is DEFAULT_POLICY and target_of(world, packs, message) is None:
        settings = world.settings[provider]
        collected = Callback(
            number, message.number, provider, step, step.at, CallbackState.COLLECTED, None, (), settings
        )
        world.commit(moved, collected, following, at=step.at)
        return collected
    callback = Callback(number, message.number, provider, step, step.at)
    if message.callback_policy is DEFAULT_POLICY:
        world.commit(
            moved, callback, AgendaEntry(callback.due, EntryKind.CALLBACK, 0, callback.id), following, at=step.at
        )
        return None
    copies = [callback._replace(id=callback.id + copy) for copy in range(1, message.callback_policy.copies)]
    moved = moved._replace(callbacks=(*moved.callbacks, *(copy.id for copy in copies)))
    planned = [change for each in (callback, *copies) for change in _planned(world, message, each)]
    world.commit(moved, *planned, following, at=step.at)
    return None


def _planned(world: World, message: Message, callback: Callback) -> tuple[Change, ...]:
    """Return a new callback with the delay and order of its policy, and its entry on the agenda."""
    callback_policy = message.callback_policy
    subject, number = ("message", message.number) if callback_policy.order else ("callback", callback.id)
    begin = max([callback.due, *_reported(message)]) if callback_policy.order else callback.due
    delay = callback_policy.delay.at(draw_fraction(world.seed, number, f"{subject} delay"))
    callback = callback._replace(
        due=begin + delay, state=CallbackState.HELD if callback_policy.held else CallbackState.PENDING
    )
    if callback_policy.held:
        return (callback,)
    return (
        callback,
        AgendaEntry(callback.due, EntryKind.CALLBACK, _rank(world, callback, callback_policy), callback.id),
    )


def _reported(message: Message) -> list[datetime]:
    """Return the times of the planned steps that the provider reports."""
    return [step.at for step in message.plan if step.status in message.channel.reports]


def _rank(world: World, callback: Callback, callback_policy: CallbackPolicy) -> int:
    """Return the rank of a callback among those due at the same instant; the lowest goes first."""
    if callback_policy.order is CallbackOrder.REVERSE:
        return -callback.id
    if callback_policy.order is CallbackOrder.SHUFFLE:
        return int.from_bytes(draw_bytes(world.seed, callback.id, "callback order", 4), "big")
    return 0
