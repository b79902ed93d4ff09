"""Reports a status of a message: makes the callbacks of a status change, or of a message that a phone sent."""

from datetime import datetime

from sandbox.callbacks.compose import target_of
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.callback import Callback, CallbackState
from sandbox.core.change import Change
from sandbox.core.lifecycle import plan_reply, reach_next
from sandbox.core.message import DEFAULT_POLICY, CallbackOrder, CallbackPolicy, Message, Step
from sandbox.core.seeded_random import draw_bytes, draw_fraction
from sandbox.core.world import World
from sandbox.providers.registry import Registry

CALLBACK, COLLECTED, PENDING = EntryKind.CALLBACK, CallbackState.COLLECTED, CallbackState.PENDING


def report_next(
    world: World,
    packs: Registry,
    message: Message,
    *,
    state: CallbackState = PENDING,
    quietly: bool = False,
) -> Callback | None:
    """Give a message its next planned status, and make the callbacks of that if the provider reports it.

    `state` is that of a callback with a target. Return one that is collected, or is being sent, which the caller must
    do. `quietly`: return None instead of one that is collected, if that spares the work to make it.
    """
    status, word, after = message.steps[message.reached]
    at, is_reported = message.accepted_at + after, status in message.channel.reports
    moved = reach_next(message, callback=world.last_callback + 1 if is_reported else None)
    if collects(world, packs, moved):
        state = COLLECTED
        if quietly and moved.reply is None and world.collect(moved, at=at, is_reported=is_reported):
            return None
    if is_reported:
        return report(world, moved, Step(status, word, at), *plan_reply(moved), state=state)
    world.commit(moved, *plan_reply(moved), at=at)
    return None


def collects(world: World, packs: Registry, message: Message) -> bool:
    """Return whether the callbacks of a message are collected together with the statuses that they report."""
    return message.callback_policy is DEFAULT_POLICY and target_of(world, packs, message) is None


def report(world: World, message: Message, step: Step, *changes: Change, state: CallbackState) -> Callback | None:
    """Commit a message with changes, and make the callbacks of `step`, its newest, the first of which it has already.

    If `state` is COLLECTED or SENDING, a callback without a policy has it at once, and is returned; the caller must
    send one that is SENDING. All others go on the agenda.
    """
    number, provider, at = message.callbacks[-1], message.provider, step.at
    if message.callback_policy is DEFAULT_POLICY:
        settings = world.settings[provider] if state is COLLECTED else None
        callback = Callback(number, message.number, provider, step, at, state, None, (), settings)
        if state is not PENDING:
            world.commit(message, callback, *changes, at=at)
            return callback
        world.commit(message, callback, AgendaEntry(at, CALLBACK, 0, number), *changes, at=at)
        return None
    callback = Callback(number, message.number, provider, step, at)
    copies = [callback._replace(id=callback.id + copy) for copy in range(1, message.callback_policy.copies)]
    planned = [change for each in (callback, *copies) for change in _planned(world, message, each)]
    message = message._replace(callbacks=(*message.callbacks, *(copy.id for copy in copies)))
    world.commit(message, *planned, *changes, at=at)
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
