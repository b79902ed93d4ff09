"""Retention of messages: the oldest that have ended go first, with their callbacks; a pending one never goes."""

from datetime import timedelta
from sys import getsizeof

import pytest

from sandbox.core import world as core
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.callback import Callback, CallbackState
from sandbox.core.change import AgendaEntryRemoved, Batch, EntitiesRemoved, MessagesDeleted
from sandbox.core.lifecycle import make_steps
from sandbox.core.message import Message, PhoneReply, Status, Step
from sandbox.core.world import World
from tests.builders import NOON, make_world, packs

KEPT = 100
CHANNEL = packs()["betatel"].spec.channels["sms"]
SENT = Step(Status.SENT, "sent", NOON)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Return an empty world that keeps 100 messages."""
    monkeypatch.setattr(core, "MESSAGES_KEPT", KEPT)
    return make_world()


def message(number: int, *, plan: tuple[Step, ...] = (), callbacks: tuple[int, ...] = ()) -> Message:
    """Return a message that is sent, and has `plan` before it."""
    return Message(
        id=f"m{number}",
        number=number,
        request=number,
        provider="betatel",
        operation="betatel.sms.send",
        channel=CHANNEL,
        account="k1",
        sender=None,
        recipient="38761930305",
        text="Hello",
        accepted_at=NOON,
        steps=make_steps((SENT, *plan), accepted_at=NOON),
        callbacks=callbacks,
    )


def fill(world: World, first: int, last: int) -> None:
    """Add messages that have ended."""
    for number in range(first, last + 1):
        world.commit(message(number))


def test_the_oldest_messages_go_with_their_ids_and_callbacks_and_are_counted(world: World) -> None:
    for number in range(1, KEPT + 4):
        callback = Callback(number, number, "betatel", SENT, NOON, CallbackState.COLLECTED)
        world.commit(message(number, callbacks=(number,)), callback)

    kept = list(range(4, KEPT + 4))
    assert (list(world.messages), list(world.callbacks), list(world.numbers.values()), world.evicted) == (
        kept,
        kept,
        kept,
        {"messages": 3, "callbacks": 3, "requests": 0},
    )


def test_what_is_deleted_leaves_no_room_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "COMPACT_EVERY", KEPT // 6)
    sizes = []
    for number in range(1, 20 * KEPT + 1):
        callbacks = (2 * number, 2 * number + 1)
        collected = [Callback(each, number, "betatel", SENT, NOON, CallbackState.COLLECTED) for each in callbacks]
        world.commit(message(number, callbacks=callbacks), *collected)
        if number % KEPT == 0:
            sizes.append([getsizeof(each) for each in (world.messages, world.numbers, world.callbacks)])

    kept = range(19 * KEPT + 1, 20 * KEPT + 1)
    assert sizes == [sizes[0]] * 20
    assert ([*world.messages], [*world.numbers.values()]) == ([*kept], [*kept])
    assert [each.id for each in world.callbacks.values()] == [*range(2 * kept[0], 2 * kept[-1] + 2)]


def test_however_many_are_pending_those_that_have_ended_go(world: World) -> None:
    pending = 2 * core.EVICTION_STRIDE
    for number in range(1, pending + 1):
        world.commit(message(number, plan=(SENT,)))
    fill(world, pending + 1, pending + 300)

    assert list(world.messages) == [*range(1, pending + 1), pending + 300]


def test_one_that_was_passed_over_goes_when_it_has_ended(world: World) -> None:
    world.commit(message(1, plan=(SENT,)))
    fill(world, 2, 2 * KEPT)
    before = list(world.messages)
    world.commit(message(1))
    fill(world, 2 * KEPT + 1, 2 * KEPT + 1)

    assert (before, list(world.messages)) == (
        [1, *range(KEPT + 2, 2 * KEPT + 1)],
        list(range(KEPT + 2, 2 * KEPT + 2)),
    )


def test_one_whose_callback_was_still_open_goes_when_that_has_ended(world: World) -> None:
    callback = Callback(1, 1, "betatel", SENT, NOON)
    world.commit(message(1, callbacks=(1,)), callback)
    fill(world, 2, 2 * KEPT)
    before = list(world.callbacks)
    world.commit(callback._replace(state=CallbackState.DELIVERED))
    fill(world, 2 * KEPT + 1, 2 * KEPT + 1)

    assert (before, list(world.callbacks), list(world.messages)) == ([1], [], list(range(KEPT + 2, 2 * KEPT + 2)))


def test_one_that_a_phone_will_reply_to_goes_when_the_reply_has_come(world: World) -> None:
    awaiting = message(1)._replace(reply=PhoneReply("Yes", timedelta(0)))
    world.commit(awaiting, AgendaEntry(NOON, EntryKind.INBOUND, 0, 1))
    fill(world, 2, 2 * KEPT)
    before = next(iter(world.messages))
    world.commit(AgendaEntryRemoved(EntryKind.INBOUND, 1))
    fill(world, 2 * KEPT + 1, 2 * KEPT + 1)

    assert (before, list(world.messages), len(world.agenda)) == (1, list(range(KEPT + 2, 2 * KEPT + 2)), 0)


def test_the_limit_holds_while_some_messages_end_long_after_the_others(world: World) -> None:
    slow = 20  # every so many lives so much longer
    for number in range(1, 100 * KEPT + 1):
        world.commit(message(number, plan=() if number % slow else (SENT,)))
        ended = number - KEPT * 10
        if ended > 0 and ended % slow == 0:
            world.commit(message(ended))
    pending = sum(each.is_moving for each in world.messages.values())

    assert (pending, len(world.messages)) == (KEPT * 10 // slow, KEPT)


def test_after_all_were_forgotten_the_count_begins_at_none(world: World) -> None:
    fill(world, 1, KEPT)
    world.commit(MessagesDeleted())
    fill(world, KEPT + 1, 3 * KEPT)

    assert list(world.messages) == list(range(2 * KEPT + 1, 3 * KEPT + 1))


def test_forgetting_some_messages_leaves_the_limit_as_it_was(world: World) -> None:
    fill(world, 1, KEPT)
    world.commit(MessagesDeleted(tuple(range(1, KEPT, 2))))
    fill(world, KEPT + 1, 3 * KEPT)
    world.commit(MessagesDeleted((1, 3 * KEPT, 3 * KEPT + 7)))

    assert list(world.messages) == list(range(2 * KEPT + 1, 3 * KEPT))


def test_room_for_many_is_made_a_few_at_a_time_by_batches_that_name_what_is_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "ROOM_STRIDE", 20)
    batches: list[Batch] = []
    fill(world, 1, KEPT - 10)
    world.commit(message(5, plan=(SENT,)))
    world.batch_subscribers.append(batches.append)
    calls = [world.make_room(KEPT // 2) for _ in range(4)]
    gone = [batch.changes for batch in batches]

    assert (calls, gone, list(world.messages)) == (
        [True, True, True, False],
        [
            (EntitiesRemoved(Message, tuple(number for number in range(1, 21) if number != 5)),),
            (EntitiesRemoved(Message, tuple(range(21, 41))),),
            (EntitiesRemoved(Message, (41,)),),
        ],
        [5, *range(42, KEPT - 9)],
    )


def test_no_room_is_made_where_there_is_room(world: World) -> None:
    fill(world, 1, KEPT // 2)
    made = world.make_room(KEPT // 2)

    assert (made, world.batches, len(world.messages)) == (False, KEPT // 2, KEPT // 2)
