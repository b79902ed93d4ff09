"""What happens when something's time has come: a message moves, its callbacks are written.

Synchronous; a callback that has a target is handed back for the courier, any other is kept as collected: its request is
written when somebody looks at it, as most are never looked at.
"""

from datetime import datetime, timedelta
from functools import lru_cache

from sandbox.core.agenda import Due, Kind
from sandbox.core.callback import OPEN, Attempt, Callback, Outgoing, State, Target, tried
from sandbox.core.chance import draw_bytes, draw_fraction
from sandbox.core.change import Change, Nothing
from sandbox.core.duration import parse_duration
from sandbox.core.message import BY_THE_BOOK, Message, Order, Reporting, Step, move
from sandbox.core.world import World
from sandbox.packs import Packs
from sandbox.provider import Report

span = lru_cache(maxsize=256, typed=True)(parse_duration)  # a setting is read at every attempt
LOST = "lost on the way: the scenario drops it"


def next_move(message: Message) -> Due | None:
    """Return the agenda's entry for the next planned step of a message."""
    return Due(message.plan[0].at, Kind.MOVE, message.rank, message.number) if message.plan else None


def carry_out(world: World, packs: Packs, due: Due) -> Callback | None:
    """Do what is due; return the callback that came of it: one being sent is the courier's, one collected stays."""
    if due.kind is Kind.MOVE:
        message = world.messages[due.number]
        return report_step(world, packs, message, message.plan[0], illegal=True)
    return _hand_over(world, packs, world.callbacks[due.number])


def report_step(world: World, packs: Packs, message: Message, step: Step, *, illegal: bool = False) -> Callback | None:
    """Move a message, and make the callbacks of it, if the provider reports that status.

    One that is collected is so at once, and returned: nothing can come between.

    Raises:
        IllegalMoveError: the step may not follow, and `illegal` does not allow it.

    """
    if step.status not in message.channel.reports:
        moved = move(message, step, illegal=illegal)
        world.commit(moved, next_move(moved) or Nothing(Kind.MOVE, moved.number), at=step.at)
        return None
    provider, number = message.provider, world.last_callback + 1
    moved = move(message, step, callback=number, illegal=illegal)
    following = next_move(moved) or Nothing(Kind.MOVE, moved.number)
    if message.reporting is BY_THE_BOOK and target_of(world, packs, message) is None:
        settings = world.settings[provider]
        collected = Callback(number, message.number, provider, step, step.at, State.COLLECTED, None, (), settings)
        world.commit(moved, collected, following, at=step.at)
        return collected
    callback = Callback(number, message.number, provider, step, step.at)
    if message.reporting is BY_THE_BOOK:
        world.commit(moved, callback, Due(callback.due, Kind.CALLBACK, 0, callback.id), following, at=step.at)
        return None
    copies = [callback._replace(id=callback.id + copy) for copy in range(1, message.reporting.copies)]
    moved = moved._replace(callbacks=(*moved.callbacks, *(copy.id for copy in copies)))
    planned = [change for each in (callback, *copies) for change in _planned(world, message, each)]
    world.commit(moved, *planned, following, at=step.at)
    return None


def _planned(world: World, message: Message, callback: Callback) -> tuple[Change, ...]:
    """Return a new callback with its time and order, as the scenario has them."""
    reporting = message.reporting
    subject, number = ("message", message.number) if reporting.order else ("callback", callback.id)
    begin = max([callback.due, *_reported(message)]) if reporting.order else callback.due
    delay = reporting.delay.at(draw_fraction(world.seed, number, f"{subject} delay"))
    callback = callback._replace(due=begin + delay, state=State.HELD if reporting.held else State.PENDING)
    if reporting.held:
        return (callback,)
    return (callback, Due(callback.due, Kind.CALLBACK, _rank(world, callback, reporting), callback.id))


def _reported(message: Message) -> list[datetime]:
    """Return when the steps are planned that are still to be reported."""
    return [step.at for step in message.plan if step.status in message.channel.reports]


def _rank(world: World, callback: Callback, reporting: Reporting) -> int:
    """Return the place of a callback among those due at the same instant; the lower goes first."""
    if reporting.order is Order.REVERSE:
        return -callback.id
    if reporting.order is Order.SHUFFLE:
        return int.from_bytes(draw_bytes(world.seed, callback.id, "callback order", 4), "big")
    return 0


def _hand_over(world: World, packs: Packs, callback: Callback) -> Callback | None:
    """Give up or keep back a callback whose time has come, or return it as collected or as being sent."""
    message = world.messages[callback.message]
    reporting = message.reporting
    nothing = Nothing(Kind.CALLBACK, callback.id)
    if reporting.strict and _earlier_open(world, message, callback):
        world.commit(nothing)  # `follow_ups` puts it back
        return None
    if not reporting.muted and _is_lost(callback, reporting):
        _lose(world, packs, callback)
        return None
    if reporting.muted or target_of(world, packs, message) is None:
        written = write(world, packs, callback)
        collected = callback._replace(state=State.COLLECTED, request=written)
        world.commit(collected, nothing, *follow_ups(world, collected))
        return collected
    sending = callback._replace(state=State.SENDING)
    world.commit(sending, nothing)
    return sending


def _is_lost(callback: Callback, reporting: Reporting) -> bool:
    return callback.step.status in reporting.lost or (reporting.first_lost and not callback.attempts)


def _lose(world: World, packs: Packs, callback: Callback) -> None:
    """Note an attempt that never leaves; only where the first alone is lost, a retry follows."""
    message = world.messages[callback.message]
    number = len(callback.attempts) + 1
    written = write(world, packs, callback)
    attempt = Attempt(number, world.now(), None, "", 0.0, LOST, url=written.url)
    ladder = () if callback.step.status in message.reporting.lost else ladder_of(world, message)
    after = tried(callback, attempt, request=written, ladder=ladder)
    world.commit(after, Nothing(Kind.CALLBACK, after.id), *follow_ups(world, after))


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
    strict = message.reporting.strict  # the one before it puts it off; the step tells when it would have been due
    due = min(callback.due, callback.step.at) if strict else callback.due
    if callback.attempts or due > message.accepted_at:
        return False
    return callback.state is State.SENDING or world.agenda.find(Kind.CALLBACK, callback.id) is not None


def _earlier_open(world: World, message: Message, callback: Callback) -> bool:
    return any(
        world.callbacks[each].state in OPEN for each in message.callbacks[: message.callbacks.index(callback.id)]
    )


def follow_ups(world: World, callback: Callback) -> tuple[Change, ...]:
    """Return what the end of an attempt makes due: its retry, or the next callback where the order is strict.

    `callback` is as it is after the attempt, and is being committed along with them.
    """
    if callback.state is State.PENDING:
        return (Due(callback.due, Kind.CALLBACK, 0, callback.id),)
    message = world.messages[callback.message]
    if not message.reporting.strict or callback.state in OPEN:
        return ()
    later = (world.callbacks[each] for each in message.callbacks if each != callback.id)
    waiting = next((each for each in later if each.state in OPEN), None)
    if waiting is None or waiting.state is not State.PENDING or world.agenda.find(Kind.CALLBACK, waiting.id):
        return ()
    due = max(waiting.due, world.now())
    return (waiting._replace(due=due), Due(due, Kind.CALLBACK, 0, waiting.id))


def ladder_of(world: World, message: Message) -> tuple[timedelta, ...]:
    """Return the pauses between the attempts of a message's callbacks: the scenario's, or else the provider's."""
    if message.reporting.retries is not None:
        return message.reporting.retries
    rungs = world.settings[message.provider]["retries"]
    return tuple(map(span, rungs)) if isinstance(rungs, list) else ()


def timeout_of(world: World, message: Message) -> timedelta:
    """Return how long a receiver of a message's callbacks may take: as the scenario says, or else the provider."""
    return message.reporting.timeout or span(world.settings[message.provider]["timeout"])


def target_of(world: World, packs: Packs, message: Message) -> Target | None:
    """Return where a message's callbacks go now: where it says itself, else where its provider's go."""
    return packs[message.provider].provider.target(message) or world.targets.get(message.provider)


def write(world: World, packs: Packs, callback: Callback) -> Outgoing:
    """Return the request of a callback as it stands now: target, key and settings are those of this moment."""
    message = world.messages[callback.message]
    target = target_of(world, packs, message)
    key = message.reporting.key
    if key is not None:
        target = Target("", key) if target is None else target._replace(key=key)
    report = Report(message, callback.step, target, world.settings[message.provider])
    return _request(packs, report)


def request_of(world: World, packs: Packs, callback: Callback) -> Outgoing | None:
    """Return the request of a callback as it last left; of a collected one, as it would have; None before its time."""
    if callback.settings is None:
        return callback.request
    message = world.messages[callback.message]
    known = message.history[: message.history.index(callback.step) + 1]  # what a report of that moment knew
    report = Report(message._replace(history=known), callback.step, None, callback.settings)
    return _request(packs, report)


def _request(packs: Packs, report: Report) -> Outgoing:
    """Return the request of a report; where the pack's function fails, one that goes nowhere and says why."""
    try:
        return packs[report.message.provider].provider.report(report)
    except Exception as error:  # noqa: BLE001 - the function may be of the user's own and raise anything
        reason = f"the function that reports for {report.message.provider} fails: {type(error).__name__}: {error}"
        return Outgoing("POST", "", {}, reason)
