"""The overview in numbers: what the window covers, and each of its parts."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from sandbox.control.lists import STRIDE
from sandbox.control.requests import reason_of
from sandbox.core import world as core
from sandbox.core.journal import RequestRecord
from sandbox.core.message import MessageStep, Status, make_inbound_channel
from tests.builders import NOON
from tests.control.calls import Control, Value
from tests.scenarios.builders import load
from tests.servers import BETATEL_SMS, SMSBUDDY_SMS, UBILL_SMS, WHATSAPP, Receiver, Sandbox, says

REASONS = yaml.safe_load((Path(__file__).parent.parent / "data" / "reasons.yaml").read_text(encoding="utf-8"))
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
AT_ONCE = "name: quick\nrules: [{when: {to: '*000000'}, then: {lifecycle: [sent: 0s, delivered: 0s]}}]"
SCHEDULED = SMSBUDDY_SMS.with_values(schedule="1", time="2026-03-02 18:30:00")  # 13:00 UTC
BAD = BETATEL_SMS.with_values(to="387x")
NO_DURATIONS: Value = {"count": 0, "p50": None, "p95": None, "p99": None, "buckets": []}
NO_CALLBACKS = dict.fromkeys(("pending", "held", "sending", "delivered", "failed", "cancelled", "collected"), 0)


def steps(overview: Value) -> list[tuple[str, dict[str, int], int]]:
    """Return time, statuses and refusals of each step in which something was sent."""
    return [
        (each["at"][11:19], each["statuses"], each["refused"])
        for each in overview["sends"]
        if each["statuses"] or each["refused"]
    ]


async def test_an_empty_workspace_has_an_empty_overview(control: Control) -> None:
    overview = await control.get("/overview")
    sends = overview.pop("sends")

    assert (overview, len(sends), {(str(each["statuses"]), each["refused"]) for each in sends}) == (
        {
            "from": "2026-03-02T11:45:00.000Z",
            "to": "2026-03-02T12:00:00.000Z",
            "step": 60.0,
            "kept_since": {"messages": None, "requests": None},
            "delivery": [],
            "callbacks": {"states": NO_CALLBACKS, "failing": 0, "late": NO_DURATIONS},
            "refusals": {"count": 0, "reasons": 0, "items": []},
            "pending": {"count": 0, "buckets": []},
            "balances": {"count": 0, "items": []},
        },
        16,
        {("{}", 0)},
    )


async def test_sends_are_counted_by_their_minute_and_present_status(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    await sandbox.send(BAD)
    await sandbox.advance(90 * SECOND)
    await sandbox.send()
    await sandbox.send(UBILL_SMS.with_values(numbers=["995511194242", "995511194243"]))

    assert steps(await control.get("/overview")) == [
        ("12:00:00", {"delivered": 1}, 1),
        ("12:01:00", {"queued": 3}, 0),
    ]


async def test_messages_from_phones_are_no_sends(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    channel, received = (
        make_inbound_channel("sms", word="received"),
        MessageStep(Status.RECEIVED, "received", timedelta(0)),
    )
    text = sandbox.message()._replace(id="reply", number=2, channel=channel, steps=(received,), accepted_at=NOON)
    sandbox.world.commit(text)

    assert steps(await control.get("/overview")) == [("12:00:00", {"queued": 1}, 0)]


@pytest.mark.parametrize(
    ("window", "begin", "step", "count"),
    [
        ("1s", "11:59:59", 1.0, 2),
        ("1m", "11:59:00", 1.0, 61),
        ("200s", "11:56:40", 5.0, 41),
        ("10m", "11:50:00", 10.0, 61),
        ("1h", "11:00:00", 60.0, 61),
        ("70m", "10:50:00", 300.0, 15),
        ("1d", "12:00:00", 1800.0, 49),
        ("30d", "12:00:00", 43200.0, 61),
    ],
)
async def test_the_step_grows_with_the_window(
    control: Control, window: str, begin: str, step: float, count: int
) -> None:
    overview = await control.get("/overview", window=window)

    assert (overview["from"][11:19], overview["step"], len(overview["sends"])) == (begin, step, count)


@pytest.mark.parametrize("window", ["0", "999ms", "31d"])
async def test_a_window_is_from_one_second_to_thirty_days_long(control: Control, window: str) -> None:
    assert await control.refused("GET", "/overview", window=window) == (
        400,
        [("/window", "the window must be between 1s and 30d")],
    )


async def test_what_is_older_than_the_window_does_not_count(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    await sandbox.send(BAD)
    await sandbox.advance(20 * MINUTE)
    await sandbox.send()
    overview = await control.get("/overview")

    assert (steps(overview), overview["refusals"]["count"], overview["callbacks"]["states"]["collected"]) == (
        [("12:20:00", {"queued": 1}, 0)],
        0,
        0,
    )


async def test_the_window_is_one_of_the_workspaces_clock(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    await control.put("/clock", {"mode": "frozen", "start": "2026-03-02T13:00:00Z"})
    overviews = [await control.get("/overview", window=window) for window in ("59m", "1h")]

    assert [(each["to"][11:19], steps(each)) for each in overviews] == [
        ("13:00:00", []),
        ("13:00:00", [("12:00:00", {"delivered": 1}, 0)]),
    ]


async def test_delivery_times_are_those_of_messages_with_a_final_status_by_channel(
    sandbox: Sandbox, control: Control
) -> None:
    sandbox.workspace.use(load(AT_ONCE))
    await sandbox.send()
    await sandbox.send(WHATSAPP)
    await sandbox.send(BETATEL_SMS.with_values(to="38761000000"))
    await sandbox.advance()
    await sandbox.send()
    delivery = (await control.get("/overview"))["delivery"]

    assert [(each["provider"], each["channel"], each["count"], each["p50"], each["p99"]) for each in delivery] == [
        ("betatel", "sms", 2, 0.0, 2.2),
        ("betatel", "whatsapp", 1, 1.2, 1.2),
    ]


async def test_the_time_of_a_scheduled_message_counts_from_when_it_was_due(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(SCHEDULED)
    await sandbox.advance()
    delivery = (await control.get("/overview", window="1d"))["delivery"]

    assert [(each["count"], each["p50"]) for each in delivery] == [(1, 2.2)]


async def test_callbacks_are_counted_by_state_with_the_failing_ones(
    sandbox: Sandbox, control: Control, receiver: Receiver
) -> None:
    sandbox.set_target("betatel", receiver.url())
    receiver.answers += [says(503), says(200)]
    await sandbox.send()
    await sandbox.send(UBILL_SMS)
    await sandbox.advance(SECOND)
    await sandbox.send()
    await sandbox.advance(SECOND)
    callbacks = (await control.get("/overview"))["callbacks"]

    assert (callbacks["states"], callbacks["failing"], callbacks["late"]) == (
        {**NO_CALLBACKS, "pending": 1, "delivered": 1, "collected": 1},
        1,
        {"count": 1, "p50": 0.0, "p95": 0.0, "p99": 0.0, "buckets": [{"up_to": 0.001, "count": 1}]},
    )


async def test_a_callback_is_late_by_what_its_last_attempt_began_after_its_due_time(
    sandbox: Sandbox, control: Control, receiver: Receiver
) -> None:
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await control.put("/clock", {"mode": "frozen", "start": "2026-03-02T12:00:03.200Z"})
    await sandbox.until(lambda: all(each.attempts for each in sandbox.callbacks))

    assert (await control.get("/overview"))["callbacks"]["late"] == {
        "count": 2,
        "p50": 1.0,
        "p95": 3.0,
        "p99": 3.0,
        "buckets": [
            {"up_to": 1, "count": 1},
            {"up_to": 1.5, "count": 0},
            {"up_to": 2, "count": 0},
            {"up_to": 3, "count": 1},
        ],
    }


async def test_refusals_are_counted_by_reason_the_most_frequent_first(sandbox: Sandbox, control: Control) -> None:
    await control.put("/scenario", {"use": "default"})
    for to in ("387x", "38761000050", "+38761", "38762000050"):
        await sandbox.send(BETATEL_SMS.with_values(to=to))
    await sandbox.send(SMSBUDDY_SMS.with_values(to="98"))
    refusals = (await control.get("/overview"))["refusals"]

    assert (refusals["count"], refusals["reasons"]) == (5, 3)
    assert [(each["provider"], each["count"], each["latest"], each["status"]) for each in refusals["items"]] == [
        ("betatel", 2, 4, 500),
        ("betatel", 2, 3, 400),
        ("smsbuddy", 1, 5, 406),
    ]


async def test_the_requests_of_a_reason_are_found_by_it(sandbox: Sandbox, control: Control) -> None:
    await control.put("/scenario", {"use": "default"})
    for to in ("387x", "38761000050", "+38761", "38761930305"):
        await sandbox.send(BETATEL_SMS.with_values(to=to))
    reasons = [each["reason"] for each in (await control.get("/overview"))["refusals"]["items"]]
    found = [(await control.get("/requests", reason=reason))["items"] for reason in reasons]

    assert [[each["id"] for each in requests] for requests in found] == [[3, 1], [2]]


async def test_an_unknown_path_is_a_refusal_of_no_provider(sandbox: Sandbox, control: Control) -> None:
    async with sandbox.client.get("/nowhere") as reply:
        status = reply.status
    items = (await control.get("/overview"))["refusals"]["items"]

    assert [(each["provider"], each["count"], each["status"]) for each in items] == [(None, 1, status)]


@pytest.mark.parametrize("row", REASONS, ids=[row["reason"][:40] for row in REASONS])
def test_a_reason_leaves_out_what_differs_from_request_to_request(row: dict[str, str]) -> None:
    record = RequestRecord(
        id=1,
        at=NOON,
        provider="betatel",
        operation="betatel.sms.send",
        method="POST",
        path="/",
        query="",
        headers={},
        body=b"",
        body_size=0,
        status=400,
        reply_headers={},
        reply_body=b"",
        refused=True,
        key=None,
        why=(row["says"], "another"),
    )

    assert reason_of(record) == row["reason"]


async def test_what_is_pending_lies_in_buckets_that_grow_with_the_distance_from_now(
    sandbox: Sandbox, control: Control
) -> None:
    await sandbox.send()
    await sandbox.send(SCHEDULED)
    pending = (await control.get("/overview"))["pending"]
    used = [(each["up_to"][11:], each["status"]) for each in pending["buckets"] if each["status"]]

    assert (pending["count"], used, len(pending["buckets"])) == (
        2,
        [("12:00:00.200Z", 1), ("13:00:00.000Z", 1)],
        31,
    )


async def test_an_advance_to_the_end_of_a_bucket_does_what_is_in_it_and_before(
    sandbox: Sandbox, control: Control
) -> None:
    await sandbox.send()
    await sandbox.send(UBILL_SMS)
    buckets = (await control.get("/overview"))["pending"]["buckets"]
    done = await control.post("/clock/advance", {"to": buckets[-1]["up_to"]})

    assert [each["kind"] for each in done["items"] if each["kind"] == "status"] == ["status"] * 2


async def test_what_is_due_in_years_is_in_a_last_bucket_that_an_advance_reaches(
    sandbox: Sandbox, control: Control
) -> None:
    sandbox.workspace.use(load("name: slow\nrules: [{then: {lifecycle: [sent: 3000d]}}]"))
    await sandbox.send()
    bucket = (await control.get("/overview"))["pending"]["buckets"][-1]
    await control.post("/clock/advance", {"to": bucket["up_to"]})

    assert (bucket["status"], (await control.get("/messages/latest"))["status"]) == (1, "sent")


async def test_balances_begin_with_the_account_that_has_spent_most(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(UBILL_SMS)
    await sandbox.send()
    await control.patch("/accounts/betatel/k1", {"balance": 10})
    balances = (await control.get("/overview"))["balances"]

    assert balances == {
        "count": 2,
        "items": [
            {"provider": "betatel", "key": "k1…", "balance": {"USD": 10}, "opening": {"USD": 1_000_000}},
            {"provider": "ubill", "key": "k1…", "balance": {"sms": 999_999}, "opening": {"sms": 1_000_000}},
        ],
    }


async def test_the_opening_balance_is_that_of_the_scenario(sandbox: Sandbox, control: Control) -> None:
    sandbox.workspace.use(load("name: poor\naccounts: {ubill: {'*': {balance: {sms: 5}}}}"))
    await sandbox.send(UBILL_SMS)

    assert (await control.get("/overview"))["balances"]["items"] == [
        {"provider": "ubill", "key": "k1…", "balance": {"sms": 4}, "opening": {"sms": 5}}
    ]


async def test_it_says_since_when_nothing_was_deleted_by_retention(
    sandbox: Sandbox, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "MESSAGES_KEPT", 2)
    monkeypatch.setattr(core, "REQUESTS_KEPT", 3)
    for _ in range(5):
        await sandbox.send()
        await sandbox.advance(MINUTE)

    assert (await control.get("/overview"))["kept_since"] == {
        "messages": "2026-03-02T12:03:00.000Z",
        "requests": "2026-03-02T12:02:00.000Z",
    }


async def test_while_it_counts_others_have_their_turn(sandbox: Sandbox, control: Control) -> None:
    numbers = [str(995500000100 + place) for place in range(3 * STRIDE)]
    await sandbox.send(UBILL_SMS.with_values(numbers=numbers))
    await control.get("/overview")  # reads the description of the API, once
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    before = turns
    await control.get("/overview")
    counting.cancel()

    assert turns - before > 6  # three slices of messages, and three of what is pending


async def test_a_reset_while_it_counts_leaves_it_an_answer(sandbox: Sandbox, control: Control) -> None:
    numbers = [str(995500000100 + place) for place in range(3 * STRIDE)]
    await sandbox.send(UBILL_SMS.with_values(numbers=numbers))
    overview, _ = await asyncio.gather(control.get("/overview"), control.post("/reset"))

    assert (overview["balances"]["count"], (await control.get("/overview"))["pending"]["count"]) == (0, 0)
