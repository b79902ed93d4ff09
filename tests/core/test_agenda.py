"""What waits for its time comes in the right order, and what is dropped never comes."""

from collections.abc import Iterator
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.agenda import Agenda, AgendaEntry, EntryKind
from tests.builders import NOON

dues = st.builds(
    AgendaEntry,
    at=st.integers(0, 5).map(lambda seconds: NOON + timedelta(seconds=seconds)),
    kind=st.sampled_from(EntryKind),
    rank=st.integers(-1, 1),
    number=st.integers(1, 8),
)
actions = st.lists(st.tuples(st.sampled_from(["put", "put", "drop", "take"]), dues), max_size=200)


def drained(agenda: Agenda) -> Iterator[AgendaEntry]:
    """Yield the entries in the order in which they are due, each dropped when it has come."""
    while (due := agenda.first()) is not None:
        agenda.drop(due.kind, due.number)
        yield due


def test_at_one_instant_moves_come_first_priority_before_the_rest_then_callbacks() -> None:
    agenda = Agenda()
    ordered = [
        AgendaEntry(NOON, EntryKind.MOVE, -1, 9),
        AgendaEntry(NOON, EntryKind.MOVE, 0, 1),
        AgendaEntry(NOON, EntryKind.MOVE, 0, 2),
        AgendaEntry(NOON, EntryKind.CALLBACK, 0, 1),
        AgendaEntry(NOON, EntryKind.CALLBACK, 0, 3),
        AgendaEntry(NOON + timedelta(microseconds=1), EntryKind.MOVE, -1, 3),
    ]
    for due in reversed(ordered):
        agenda.put(due)

    assert list(drained(agenda)) == ordered


@given(st.lists(dues, max_size=60))
def test_entries_come_in_the_order_in_which_they_are_due(entries: list[AgendaEntry]) -> None:
    agenda = Agenda()
    for due in entries:
        agenda.put(due)
    latest = {(due.kind, due.number): due for due in entries}

    assert list(drained(agenda)) == sorted(latest.values())


@given(actions)
def test_it_always_holds_the_last_entry_of_each_subject_that_was_not_dropped(
    steps: list[tuple[str, AgendaEntry]],
) -> None:
    agenda, model = Agenda(), dict[tuple[EntryKind, int], AgendaEntry]()
    for action, due in steps:
        first = agenda.first()
        assert first == min(model.values(), default=None)
        if action == "put":
            agenda.put(due)
            model[due.kind, due.number] = due
        elif action == "drop" or first is None:
            agenda.drop(due.kind, due.number)
            model.pop((due.kind, due.number), None)
        else:
            agenda.drop(first.kind, first.number)
            del model[first.kind, first.number]

    assert (sorted(agenda), len(agenda), [agenda.find(*subject) for subject in model]) == (
        sorted(model.values()),
        len(model),
        list(model.values()),
    )


def test_an_entry_that_is_put_off_comes_at_its_new_time_alone() -> None:
    agenda = Agenda()
    agenda.put(AgendaEntry(NOON, EntryKind.CALLBACK, 0, 1))
    later = AgendaEntry(NOON + timedelta(hours=1), EntryKind.CALLBACK, 0, 1)
    agenda.put(later)

    assert list(drained(agenda)) == [later]


def test_nothing_is_left_of_twenty_thousand_entries_that_were_dropped() -> None:
    agenda = Agenda()
    for number in range(20_000):
        agenda.put(AgendaEntry(NOON + timedelta(seconds=number), EntryKind.MOVE, 0, number))
    for number in range(19_999):
        agenda.drop(EntryKind.MOVE, number)

    assert list(drained(agenda)) == [AgendaEntry(NOON + timedelta(seconds=19_999), EntryKind.MOVE, 0, 19_999)]


def test_clearing_forgets_everything() -> None:
    agenda = Agenda()
    agenda.put(AgendaEntry(NOON, EntryKind.MOVE, 0, 1))
    agenda.clear()

    assert (agenda.first(), len(agenda), list(agenda)) == (None, 0, [])


def test_the_soonest_entries_are_found_among_replaced_and_dropped_ones() -> None:
    agenda = Agenda()
    for number in range(50, 0, -1):
        agenda.put(AgendaEntry(NOON + timedelta(seconds=number), EntryKind.MOVE, 0, number))
    for number in range(1, 40, 2):
        agenda.drop(EntryKind.MOVE, number)
    agenda.put(AgendaEntry(NOON + timedelta(hours=1), EntryKind.MOVE, 0, 2))

    assert [[each.number for each in agenda.soonest(limit)] for limit in (0, 3, 100)] == [
        [],
        [4, 6, 8],
        [*range(4, 40, 2), *range(40, 51), 2],
    ]
