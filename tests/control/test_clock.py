import asyncio
from datetime import timedelta

import pytest

from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.engine.workspace import WorkspaceConfig
from tests.conftest import SandboxMaker
from tests.control.calls import Control
from tests.servers import BARE, UBILL_SMS, Gate, Receiver, Sandbox, says

NOON = "2026-03-02T12:00:00.000Z"
CLOCKS = 'write {"mode": "frozen"}, or {"mode": "scaled", "rate": 60}'
IDLE = 'to advance until nothing is pending, write {"until": "idle"}'


async def test_a_frozen_clock_says_where_it_stands(control: Control) -> None:
    assert await control.get("/clock") == {"mode": "frozen", "rate": 0.0, "start": NOON, "now": NOON}


async def test_a_running_clock_says_how_fast(make_sandbox: SandboxMaker) -> None:
    real = Control(await make_sandbox(WorkspaceConfig(BARE, seed=7, clock_config=ClockConfig())))
    scaled = Control(
        await make_sandbox(WorkspaceConfig(BARE, seed=7, clock_config=ClockConfig(ClockMode.SCALED, 60.0)))
    )
    clocks = [await real.get("/clock"), await scaled.get("/clock")]

    assert [(clock["mode"], clock["rate"], clock["start"] <= clock["now"]) for clock in clocks] == [
        ("real", 1.0, True),
        ("scaled", 60.0, True),
    ]


async def test_a_clock_is_set_going_and_stopped(control: Control) -> None:
    scaled = await control.put("/clock", {"mode": "scaled", "rate": 2.5})
    kept = await control.put("/clock", {"start": "2026-03-02T13:00:00Z"})
    frozen = await control.put("/clock", {"mode": "frozen", "start": "2026-03-02T15:00:00+01:00"})

    assert [(each["mode"], each["rate"], each["start"]) for each in (scaled, kept, frozen)] == [
        ("scaled", 2.5, NOON),
        ("scaled", 2.5, "2026-03-02T13:00:00.000Z"),
        ("frozen", 0.0, "2026-03-02T14:00:00.000Z"),
    ]


async def test_setting_a_frozen_clock_does_what_is_due_by_then(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    await control.put("/clock", {"mode": "frozen", "start": "2026-03-02T12:00:01Z"})

    assert (await control.get("/messages/latest"))["status"] == "sent"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/clock", {"start": "2026-03-02T11:59:59Z"}),
        ("POST", "/clock/advance", {"to": "2026-03-02T11:59:59Z"}),
    ],
)
async def test_going_back_is_409(control: Control, method: str, path: str, body: object) -> None:
    words = "the clock is at 2026-03-02T12:00:00.000Z and cannot go back to 2026-03-02T11:59:59.000Z"

    assert await control.refused(method, path, body) == (409, [("", words)])


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [("", "at least 1 of mode, rate, start must be given")]),
        ({"mode": "scaled"}, [("/rate", "rate is missing; a scaled clock requires it")]),
        ({"mode": "real", "rate": 2}, [("/rate", "a real clock has no rate; only a scaled clock has one")]),
        ({"rate": 2}, [("/rate", "a frozen clock has no rate; only a scaled clock has one")]),
        ({"mode": "scaled", "rate": 0}, [("/rate", "0 is not more than 0")]),
        (
            {"mode": "fast", "start": "noon", "tempo": 3},
            [
                ("/mode", f"'fast' is not one of real, scaled, frozen; {CLOCKS}"),
                ("/start", "invalid time 'noon': use a time with its zone such as 2026-03-02T12:00:00Z"),
                ("/tempo", "unknown parameter 'tempo'. Available: mode, rate, start."),
            ],
        ),
    ],
)
async def test_a_clock_that_cannot_be_is_refused(control: Control, body: object, errors: list[tuple[str, str]]) -> None:
    status, found = await control.refused("PUT", "/clock", body)

    assert (status, sorted(found)) == (400, errors)


async def test_an_advance_lists_its_events_in_order(sandbox: Sandbox, control: Control, receiver: Receiver) -> None:
    receiver.answers.append(says(500))
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    about = {"message": sandbox.message().id, "to": "38761930305"}
    attempted = {"kind": "callback", **about, "error": None}
    failed, delivered = {"state": "pending", "http_status": 500}, {"state": "delivered", "http_status": 200}

    assert await control.post("/clock/advance", {"by": "6s"}) == {
        "from": NOON,
        "to": "2026-03-02T12:00:06.000Z",
        "count": 5,
        "items": [
            {"at": "2026-03-02T12:00:00.200Z", "kind": "status", **about, "status": "sent"},
            {"at": "2026-03-02T12:00:00.200Z", **attempted, "attempt": 1, "callback": 1, **failed},
            {"at": "2026-03-02T12:00:02.200Z", "kind": "status", **about, "status": "delivered"},
            {"at": "2026-03-02T12:00:02.200Z", **attempted, "attempt": 1, "callback": 2, **delivered},
            {"at": "2026-03-02T12:00:05.200Z", **attempted, "attempt": 2, "callback": 1, **delivered},
        ],
        "truncated": False,
    }


async def test_an_advance_goes_to_what_is_due_next(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    steps = [await control.post("/clock/advance", {"until": "next"}) for _ in range(3)]

    assert [(step["to"], step["count"]) for step in steps] == [
        ("2026-03-02T12:00:00.200Z", 2),
        ("2026-03-02T12:00:02.200Z", 2),
        ("2026-03-02T12:00:02.200Z", 0),
    ]


async def test_the_agenda_lists_what_is_due_next_first(sandbox: Sandbox, control: Control, receiver: Receiver) -> None:
    receiver.answers.append(says(500))
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await control.post("/clock/advance", {"by": "1s"})
    about = {"message": sandbox.message().id, "to": "38761930305", "provider": "betatel"}

    assert await control.get("/agenda") == {
        "items": [
            {
                "at": "2026-03-02T12:00:02.200Z",
                "kind": "status",
                **about,
                "status": "delivered",
                "callback": None,
                "attempt": None,
            },
            {
                "at": "2026-03-02T12:00:05.200Z",
                "kind": "callback",
                **about,
                "status": "sent",
                "callback": 1,
                "attempt": 2,
            },
        ],
        "count": 2,
    }


async def test_callbacks_of_one_instant_are_listed_in_order_whatever_a_rule_changes(
    sandbox: Sandbox, control: Control
) -> None:
    rule = {"when": {"to": "995511194242"}, "then": {"callbacks": {"retries": ["1m"]}}}
    await control.put("/scenario", {"name": "some", "rules": [rule]})
    await sandbox.send(UBILL_SMS.with_values(numbers=["995511194241", "995511194242", "995511194243"]))
    made = [message.id for message in sandbox.world.messages.values()]
    told = await control.post("/clock/advance", {"until": "idle"})

    assert [each["message"] for each in told["items"] if each["kind"] == "callback"] == made * 2


async def test_an_advance_lists_status_changes_before_callbacks_of_the_same_instant(
    sandbox: Sandbox, control: Control
) -> None:
    await sandbox.send(UBILL_SMS.with_values(numbers=["995511194241", "995511194242"]))
    first, second = (message.id for message in sandbox.world.messages.values())
    told = await control.post("/clock/advance", {"until": "idle"})

    assert [(each["kind"], each["message"]) for each in told["items"]][:4] == [
        ("status", first),
        ("status", second),
        ("callback", first),
        ("callback", second),
    ]


@pytest.mark.parametrize(
    ("goal", "end"),
    [
        ({"by": "90s"}, "2026-03-02T12:01:30.000Z"),
        ({"by": 0.5}, "2026-03-02T12:00:00.500Z"),
        ({"to": "2026-03-03T12:00:00Z"}, "2026-03-03T12:00:00.000Z"),
        ({"until": "idle"}, "2026-03-02T12:00:02.200Z"),
    ],
)
async def test_an_advance_goes_by_a_duration_to_a_time_or_until_idle(
    sandbox: Sandbox,
    control: Control,
    goal: object,
    end: str,
) -> None:
    await sandbox.send()

    assert (await control.post("/clock/advance", goal))["to"] == end


async def test_only_the_first_thousand_events_are_listed(sandbox: Sandbox, control: Control) -> None:
    for _ in range(260):
        await sandbox.send()
    advance = await control.post("/clock/advance", {"until": "idle"})

    assert (advance["count"], len(advance["items"]), advance["truncated"]) == (1_040, 1_000, True)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [("", "at least 1 of by, to, until must be given")]),
        ({"by": "1s", "until": "idle"}, [("", "at most 1 of by, to, until must be given")]),
        ({"until": "done"}, [("/until", "'done' is not one of idle, next")]),
        (
            {"by": "idle"},
            [("/by", f"'idle' is not a duration such as 200ms, 5s, 2m, 1h30m or 1d, or a number of seconds; {IDLE}")],
        ),
        (
            {"to": "idle"},
            [("/to", f"invalid time 'idle': use a time with its zone such as 2026-03-02T12:00:00Z; {IDLE}")],
        ),
        ({"by": -1}, [("/by", f"-1 is less than the minimum of 0; {IDLE}")]),
        ({"by": "99999d"}, [("/by", f"'99999d' is longer than ten years; {IDLE}")]),
        (
            {"to": "9999-12-31T23:59:59Z"},
            [("/to", f"invalid time '9999-12-31T23:59:59Z': the clock runs from the year 1970 to 2999; {IDLE}")],
        ),
    ],
)
async def test_an_invalid_advance_is_refused(control: Control, body: object, errors: list[tuple[str, str]]) -> None:
    assert await control.refused("POST", "/clock/advance", body) == (400, errors)


async def test_an_advance_beyond_what_a_clock_can_show_is_refused(control: Control) -> None:
    await control.put("/clock", {"start": "2999-01-01T00:00:00Z"})

    assert await control.refused("POST", "/clock/advance", {"by": "365d"}) == (
        400,
        [("/by", "the clock cannot go beyond the year 2999")],
    )


async def test_two_advances_queue_up(sandbox: Sandbox, control: Control, receiver: Receiver) -> None:
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    advances = [asyncio.create_task(control.post("/clock/advance", {"by": "1m"})) for _ in range(2)]
    await gate.until(1)
    gate.open()
    spans = [(each["from"], each["to"]) for each in await asyncio.gather(*advances)]

    assert sorted(spans) == [
        (NOON, "2026-03-02T12:01:00.000Z"),
        ("2026-03-02T12:01:00.000Z", "2026-03-02T12:02:00.000Z"),
    ]


async def test_an_advance_of_one_workspace_holds_up_no_other(
    sandbox: Sandbox, control: Control, receiver: Receiver
) -> None:
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    other = (await control.post("/workspaces", {"clock": {"mode": "frozen"}}))["id"]
    stuck = asyncio.create_task(control.post("/clock/advance", {"by": "1m"}))
    await gate.until(1)
    free = await control.post(f"/workspaces/{other}/clock/advance", {"by": "1m"})
    gate.open()
    await stuck

    assert free["count"] == 0


async def test_a_reset_puts_the_clock_back(sandbox: Sandbox, control: Control) -> None:
    await sandbox.advance(timedelta(days=1))
    await control.post("/reset")

    assert (await control.get("/clock"))["now"] == NOON


async def test_a_running_clock_can_be_stopped_where_it_stands(make_sandbox: SandboxMaker) -> None:
    control = Control(await make_sandbox(WorkspaceConfig(BARE, seed=7, clock_config=ClockConfig())))
    before = await control.get("/clock")
    frozen = await control.put("/clock", {"mode": "frozen"})

    assert (frozen["mode"], before["now"] <= frozen["now"]) == ("frozen", True)


async def test_a_running_clock_can_be_advanced_by_nothing(make_sandbox: SandboxMaker) -> None:
    control = Control(await make_sandbox(WorkspaceConfig(BARE, seed=7, clock_config=ClockConfig())))
    done = await control.post("/clock/advance", {"by": 0})

    assert done["from"] == done["to"]
