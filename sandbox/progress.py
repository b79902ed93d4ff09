"""What happens when something's time has come: a message moves, its callback is written.

Synchronous; a callback that has a target is handed back for the courier, any other is kept as collected.
"""

from datetime import datetime

from sandbox.core.agenda import Due, Kind
from sandbox.core.callback import Callback, Outgoing, State, Target
from sandbox.core.message import Message, Step, move
from sandbox.core.world import Nothing, World
from sandbox.packs import Packs
from sandbox.provider import Report


def next_move(message: Message) -> Due | None:
    """Return the agenda's entry for the next planned step of a message."""
    return Due(message.plan[0].at, Kind.MOVE, message.rank, message.number) if message.plan else None


def carry_out(world: World, packs: Packs, due: Due) -> Callback | None:
    """Do what is due; return the callback that the courier must carry now, if it comes to that."""
    if due.kind is Kind.MOVE:
        _move_on(world, world.messages[due.number])
        return None
    return _hand_over(world, packs, world.callbacks[due.number])


def _move_on(world: World, message: Message) -> None:
    """Move a message to its next planned step."""
    report_step(world, message, message.plan[0], illegal=True)


def report_step(world: World, message: Message, step: Step, *, illegal: bool = False) -> None:
    """Move a message, and make the callback of it, if the provider reports that status.

    Raises:
        IllegalMoveError: the step may not follow, and `illegal` does not allow it.

    """
    if step.status not in message.channel.reports:
        moved = move(message, step, illegal=illegal)
        world.commit(moved, next_move(moved) or Nothing(Kind.MOVE, moved.number))
        return
    callback = Callback(world.last_callback + 1, message.number, message.provider, step, step.at)
    moved = move(message, step, callback=callback.id, illegal=illegal)
    due = Due(callback.due, Kind.CALLBACK, 0, callback.id)
    world.commit(moved, callback, due, next_move(moved) or Nothing(Kind.MOVE, moved.number))


def _hand_over(world: World, packs: Packs, callback: Callback) -> Callback | None:
    message = world.messages[callback.message]
    nothing = Nothing(Kind.CALLBACK, callback.id)
    if message.reporting.muted or target_of(world, packs, message) is None:
        written = write(world, packs, callback)
        world.commit(callback._replace(state=State.COLLECTED, request=written), nothing)
        return None
    sending = callback._replace(state=State.SENDING)
    world.commit(sending, nothing)
    return sending


def target_of(world: World, packs: Packs, message: Message) -> Target | None:
    """Return where a message's callbacks go now: where it says itself, else where its provider's go."""
    return packs[message.provider].provider.target(message) or world.targets.get(message.provider)


def write(world: World, packs: Packs, callback: Callback) -> Outgoing:
    """Return the request of a callback as it stands now: target, key and settings are those of this moment."""
    message = world.messages[callback.message]
    target = target_of(world, packs, message)
    report = Report(message, callback.step, target, world.settings[message.provider])
    return packs[message.provider].provider.report(report)


def run_until(world: World, packs: Packs, to: datetime) -> list[Callback]:
    """Move the clock to `to`, from due instant to due instant; return the callbacks that have somewhere to go."""
    leaving = []
    while (due := world.agenda.first()) is not None and due.at <= to:
        if due.at > world.now():
            world.commit(world.clock.moved(due.at))
        callback = carry_out(world, packs, due)
        if callback is not None:
            leaving.append(callback)
    world.commit(world.clock.moved(to))
    return leaving
