"""How messages move: the steps of their lifecycles, and messages with their next status, or with others."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.errors import IllegalMoveError
from sandbox.core.message import (
    STAND_INS,
    Channel,
    Lifecycle,
    LifecycleStep,
    Message,
    MessageStep,
    MessageSteps,
    Status,
    Step,
)

NO_DELAY = timedelta(0)
MOVE = EntryKind.MOVE  # a look at a member of an enumeration takes a third of the time of making an entry
REACHED = Message._fields.index("reached")  # followed by `callbacks` alone: a status change replaces both


def plan_lifecycle(channel: Channel, lifecycle: Lifecycle, *, begin: timedelta) -> MessageSteps:
    """Return the steps of a lifecycle that begins so long after a message was accepted.

    A failure that the channel does not have is the nearest that it has; other statuses that it lacks are left out.
    """
    steps, words, after = [], channel.words, begin
    for status, delay, word in lifecycle:
        if status in words:
            after += delay
            steps.append(MessageStep(status, word or words[status], after))
        elif status in STAND_INS:
            nearest = channel.resolve(status, after=steps[-1].status if steps else Status.QUEUED)
            if nearest is not None:
                after += delay
                steps.append(MessageStep(nearest, words[nearest], after))
    return tuple(steps)


def make_steps(steps: Iterable[Step], *, accepted_at: datetime) -> MessageSteps:
    """Return the steps of a message with these statuses, reached and planned."""
    return tuple([MessageStep(status, word, at - accepted_at) for status, word, at in steps])


def with_channel(message: Message, channel: Channel) -> Message:
    """Return a message with a newer version of its channel, whose words its planned statuses get.

    A planned status that the new version lacks keeps its word, and a variant that the new version has stays.
    """
    reached = message.reached
    planned = [_reworded(step, channel) for step in message.steps[reached:]]
    return message._replace(channel=channel, steps=(*message.steps[:reached], *planned))


def _reworded(step: MessageStep, channel: Channel) -> MessageStep:
    if step.status not in channel.words or step.word in channel.variants.get(step.status, ()):
        return step
    return step._replace(word=channel.words[step.status])


def with_steps(message: Message, *steps: Step) -> Message:
    """Return a message that has reached further statuses, whatever its channel allows; nothing else is planned."""
    more = make_steps(steps, accepted_at=message.accepted_at)
    reached = message.reached
    return message._replace(steps=(*message.steps[:reached], *more), reached=reached + len(more))


def replan(message: Message, step: Step) -> Message:
    """Return a message whose next status is that of `step`; nothing else is planned.

    Raises:
        IllegalMoveError: the status cannot follow the current one.

    """
    allowed = message.channel.may_follow(message.status)
    if step.status not in allowed:
        known = f"; allowed: {', '.join(sorted(allowed))}" if allowed else ", because that status is final"
        text = f"{message.id} is {message.status} and cannot become {step.status}{known}"
        raise IllegalMoveError(text)
    return with_steps(message, step)._replace(reached=message.reached)


def skip_first_delay(lifecycle: Lifecycle) -> Lifecycle:
    """Return the lifecycle with no delay before its first step, as for priority traffic."""
    return (
        (LifecycleStep(lifecycle[0].status, timedelta(0), lifecycle[0].word), *lifecycle[1:])
        if lifecycle
        else lifecycle
    )


def reach_next(message: Message, *, callback: int | None = None) -> Message:
    """Return the message with its next planned status; `callback` is the id of the callback that reports it, if any."""
    calls = message.callbacks if callback is None else (*message.callbacks, callback)
    # Most messages come here twice; `_replace` takes four times as long.
    return tuple.__new__(Message, message[:REACHED] + (message.reached + 1, calls))  # noqa: RUF005 - a list takes longer


def next_move(message: Message) -> AgendaEntry | None:
    """Return the agenda entry of the next planned status of a message, or None."""
    steps, reached = message.steps, message.reached
    if reached == len(steps):
        return None
    at = message.accepted_at + steps[reached].after
    return tuple.__new__(AgendaEntry, (at, MOVE, message.rank, message.number))  # 70,000 at once: a call less for each


def moves_at_once(message: Message) -> bool:
    """Return whether the next planned status of a message was due when it was accepted."""
    steps, reached = message.steps, message.reached
    return reached < len(steps) and steps[reached].after <= NO_DELAY


def plan_reply(message: Message) -> tuple[AgendaEntry, ...]:
    """Return when the phone replies by itself, if the current status delivers the message for the first time."""
    steps = message.steps[: message.reached]
    if message.reply is None or steps[-1].status is not Status.DELIVERED:
        return ()
    if any(each.status is Status.DELIVERED for each in steps[:-1]):
        return ()
    return (AgendaEntry(message.status_at + message.reply.after, EntryKind.INBOUND, 0, message.number),)
