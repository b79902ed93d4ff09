"""One place writes: batches are numbered, listeners hear of them afterwards, what is kept has a bound."""

from datetime import timedelta

import pytest

from sandbox.core import world as core
from sandbox.core.account import RateWindow
from sandbox.core.callback import Target
from sandbox.core.change import Batch, TargetSet, WorkspaceDeleted, WorkspaceReset
from sandbox.core.clock import ClockMode, make_clock
from sandbox.core.journal import RequestRecord
from sandbox.core.scenario import Scenario
from sandbox.core.world import JOURNAL_KEPT, REQUESTS_KEPT
from sandbox.core.world_state import Counters
from tests.builders import NOON, Desk, make_world

SENT = {"from": "ACME", "to": "38761930305", "text": "hello"}
KEY = {"x-api-key": "k1"}
EXCHANGE = RequestRecord(
    id=1,
    at=NOON,
    provider=None,
    operation=None,
    method="GET",
    path="/",
    query="",
    headers={},
    body=b"",
    body_size=0,
    status=404,
    reply_headers={},
    reply_body=b"",
    refused=True,
    key=None,
)


def test_a_batch_has_the_next_number_and_all_that_changed_together() -> None:
    world = make_world()
    windows = [RateWindow(name, NOON, 1) for name in "abc"]
    batches = [world.commit(windows[0]), world.commit(*windows[1:])]

    assert (batches, world.batches) == (
        [Batch("default", 1, NOON, (windows[0],)), Batch("default", 2, NOON, (windows[1], windows[2]))],
        2,
    )


def test_listeners_hear_of_a_batch_when_it_is_written() -> None:
    world = make_world()
    heard: list[tuple[int, dict[str, RateWindow]]] = []
    world.batch_subscribers.append(lambda batch: heard.append((batch.number, dict(world.windows))))
    window = RateWindow("a", NOON, 1)
    world.commit(window)

    assert heard == [(1, {"a": window})]


def test_a_request_is_one_batch_whatever_it_does() -> None:
    desk = Desk()
    desk.send("POST", "/api/smpp/client/send", headers=KEY, json_body=SENT)
    desk.send("POST", "/api/smpp/client/send", headers=KEY, json_body={})

    assert (desk.world.batches, len(desk.world.messages), len(desk.world.requests)) == (2, 1, 2)


def test_clearing_forgets_all_but_targets_scenario_and_the_count_of_batches() -> None:
    desk = Desk()
    world = desk.world
    world.commit(TargetSet("betatel", Target("http://127.0.0.1/")))
    desk.send("POST", "/api/smpp/client/send", headers=KEY, json_body=SENT)
    world.commit(WorkspaceReset(make_clock(ClockMode.FROZEN, start=NOON), 8))

    assert (
        [
            world.messages,
            world.numbers,
            world.callbacks,
            world.requests,
            world.accounts,
            world.windows,
            list(world.agenda),
        ],
        world.targets,
        (world.seed, world.last_message, world.last_callback, world.last_request, world.batches),
    ) == ([{}, {}, {}, {}, {}, {}, []], {"betatel": Target("http://127.0.0.1/")}, (8, 0, 0, 0, 3))


def test_a_target_can_be_taken_away() -> None:
    world = make_world()
    world.commit(TargetSet("betatel", Target("http://127.0.0.1/")))
    world.commit(TargetSet("betatel", None))
    world.commit(TargetSet("ubill", None))

    assert world.targets == {}


def test_a_scenarios_settings_lie_on_top_of_the_specs() -> None:
    world = make_world()
    before = world.settings["betatel"]["price"], world.settings["betatel"]["timeout"]
    world.commit(Scenario("dear", settings={"betatel": {"price": 9}}))

    assert (before, world.settings["betatel"]["price"], world.settings["betatel"]["timeout"]) == (
        (0.05, "10s"),
        9,
        "10s",
    )


def test_the_journal_keeps_the_newest_and_counts_the_rest() -> None:
    world = make_world()
    for number in range(1, REQUESTS_KEPT + 4):
        world.commit(EXCHANGE._replace(id=number))

    assert (len(world.requests), min(world.requests), world.evicted["requests"]) == (REQUESTS_KEPT, 4, 3)


def test_the_journal_keeps_no_more_bytes_than_its_bound() -> None:
    world = make_world()
    body = bytes(JOURNAL_KEPT // 4)
    for number in range(1, 7):
        world.commit(EXCHANGE._replace(id=number, body=body))

    assert (list(world.requests), world.evicted["requests"], world.journal_bytes) == ([3, 4, 5, 6], 2, JOURNAL_KEPT)


def test_the_journal_counts_the_ids_of_the_messages_that_a_request_made() -> None:
    world = make_world()
    ids = ("53411481-1",) * (JOURNAL_KEPT // 4 // 80)
    for number in range(1, 7):
        world.commit(EXCHANGE._replace(id=number, messages=ids))

    assert (list(world.requests), world.evicted["requests"]) == ([3, 4, 5, 6], 2)


def test_nothing_is_left_of_a_workspace_that_is_deleted() -> None:
    desk = Desk()
    desk.send("POST", "/api/smpp/client/send", headers=KEY, json_body=SENT)
    desk.world.commit(WorkspaceDeleted())

    assert (dict(desk.world.messages), list(desk.world.agenda)) == ({}, [])


def test_a_message_is_found_by_the_id_that_its_sender_was_given() -> None:
    desk = Desk()
    desk.send("POST", "/api/smpp/client/send", headers=KEY, json_body=SENT)
    (message,) = desk.world.messages.values()

    assert (desk.world.message(message.id), desk.world.message("nobody")) == (message, None)


@pytest.mark.parametrize("kept", [25, 100])
def test_a_large_batch_does_what_a_small_one_does(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "MESSAGES_KEPT", kept)
    found = []
    for many in (5, 1_000):
        monkeypatch.setattr(core, "MANY", many)
        desk = Desk()
        for first in (0, 20):
            numbers = [995511100200 + first + row for row in range(20)]
            body = {"brandID": 1, "numbers": numbers, "text": "hello"}
            desk.send("POST", "/v1/sms/send", headers={"key": "k1"}, json_body=body)
            desk.advance(timedelta(minutes=1 - first / 20))
        world = desk.world
        state = (
            dict(world.messages.items()),
            world.numbers,
            list(world.callbacks.values()),
            [each._replace(ms=0) for each in world.requests.values()],
        )
        found.append((state, sorted(world.agenda), world.agenda.first(), world.evicted, Counters.of(world)))
    small, large = found

    assert (len(small[1]), small) == (20, large)
