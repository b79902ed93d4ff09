"""What happens when something's time has come: a message moves, and the callbacks of the move are made."""

from datetime import datetime

from sandbox.callbacks.compose import target_of
from sandbox.callbacks.dispatch import hand_over
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.callback import Callback, CallbackState
from sandbox.core.change import AgendaEntryRemoved, Change
from sandbox.core.message import DEFAULT_POLICY, CallbackOrder, CallbackPolicy, Message, Step, move, next_move
from sandbox.core.seeded_random import draw_bytes, draw_fraction
from sandbox.core.world import World
from sandbox.providers.registry import Registry


def carry_out(world: World, packs: Registry, due: AgendaEntry) -> Callback | None:
    """Do what is due; return the callback that came of it: one being sent is the courier's, one collected stays."""
    if due.kind is EntryKind.MOVE:
        message = world.messages[due.number]
        return report_step(world, packs, message, message.plan[0], illegal=True)
    return hand_over(world, packs, world.callbacks[due.number])


def report_step(
    world: World, packs: Registry, message: Message, step: Step, *, illegal: bool = False
) -> Callback | None:
    """Move a message, and make the callbacks of it, if the provider reports that status.

    One that is collected is so at once, and returned: nothing can come between.

    Raises:
        IllegalMoveError: the step may not follow, and `illegal` does not allow it.

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
    """Return a new callback with its time and order, as the scenario has them."""
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
    """Return when the steps are planned that are still to be reported."""
    return [step.at for step in message.plan if step.status in message.channel.reports]


def _rank(world: World, callback: Callback, callback_policy: CallbackPolicy) -> int:
    """Return the place of a callback among those due at the same instant; the lower goes first."""
    if callback_policy.order is CallbackOrder.REVERSE:
        return -callback.id
    if callback_policy.order is CallbackOrder.SHUFFLE:
        return int.from_bytes(draw_bytes(world.seed, callback.id, "callback order", 4), "big")
    return 0


def is_awaited(world: World, message_id: str) -> bool:
    """Whether something of a message that was due when it was accepted is still to happen: a move, a first attempt."""
    message = world.message(message_id)
    if message is None:
        return False
    if message.plan and message.plan[0].at <= message.accepted_at:
        return True
    return any(_is_untried(world, message, world.callbacks[each]) for each in message.callbacks)


def _is_untried(world: World, message: Message, callback: Callback) -> bool:
    """Whether the first attempt of a callback is under way or about to be made, and was due at the acceptance."""
    strict = message.callback_policy.strict  # the one before it puts it off; the step tells when it would have been due
    due = min(callback.due, callback.step.at) if strict else callback.due
    if callback.attempts or due > message.accepted_at:
        return False
    return callback.state is CallbackState.SENDING or world.agenda.find(EntryKind.CALLBACK, callback.id) is not None
