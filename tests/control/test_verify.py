from datetime import timedelta

import pytest

from tests.control.calls import Control
from tests.control.waits import begun
from tests.servers import BETATEL_SMS, SMSBUDDY_SMS, WHATSAPP, Sandbox

TO = "38761930305"


@pytest.mark.parametrize(
    ("count", "passed"),
    [
        ({"exactly": 2}, True),
        ({"exactly": 1}, False),
        ({"exactly": 3}, False),
        ({"at_least": 2}, True),
        ({"at_least": 3}, False),
        ({"at_most": 2}, True),
        ({"at_most": 1}, False),
    ],
)
async def test_a_count_is_exact_at_least_or_at_most(
    sandbox: Sandbox, control: Control, count: object, passed: object
) -> None:
    await sandbox.send()
    await sandbox.send()
    verdict = await control.post("/verify", {"to": TO, "count": count})

    assert (verdict["passed"], verdict["count"], verdict["matches"]) == (
        passed,
        2,
        [sandbox.message(2).id, sandbox.message(1).id],
    )


async def test_without_a_count_one_is_enough(sandbox: Sandbox, control: Control) -> None:
    before = await control.post("/verify", {"to": TO})
    await sandbox.send()
    await sandbox.send()
    after = await control.post("/verify", {"to": TO})

    assert [(each["passed"], each["count"]) for each in (before, after)] == [(False, 0), (True, 2)]


async def test_a_count_that_is_a_number_is_refused_with_an_example(control: Control) -> None:
    assert await control.refused("POST", "/verify", {"count": 1}) == (
        400,
        [("/count", '1 is a number, not an object; write {"exactly": 1}')],
    )


async def test_every_expected_value_must_hold(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    claim = {
        "provider": "betatel",
        "operation": "betatel.sms.send",
        "to": "+387 61 930-305",
        "from": "FACEBOOK",
        "text": "Code IS",
    }
    wrong = {"provider": "ubill", "operation": "betatel.whatsapp.otp", "to": "1", "from": "X", "text": "pin"}
    counts = [
        (await control.post("/verify", {**claim, name: value, "count": {"at_least": 1}}))["count"]
        for name, value in wrong.items()
    ]
    verdict = await control.post("/verify", {**claim, "count": {"exactly": 1}})

    assert (verdict["passed"], verdict["near"], counts) == (True, [], [0, 0, 0, 0, 0])


async def test_near_misses_are_described_in_words_the_nearest_first(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(BETATEL_SMS.with_values(to="38761444558"))
    await sandbox.send(WHATSAPP.with_values(to="38761444559", text="hello"))
    await sandbox.send(BETATEL_SMS.with_values(to="995511194242", text="something else"))
    verdict = await control.post(
        "/verify",
        {"operation": "betatel.sms.send", "to": "38761444559", "text": "code", "count": {"at_least": 1}},
    )

    assert verdict == {
        "passed": False,
        "count": 0,
        "matches": [],
        "near": [
            {"id": sandbox.message(1).id, "differs": ["to: 38761444558 is not 38761444559"]},
            {
                "id": sandbox.message(2).id,
                "differs": [
                    "operation: betatel.whatsapp.otp is not betatel.sms.send",
                    "text: 'hello' does not contain 'code'",
                ],
            },
            {
                "id": sandbox.message(3).id,
                "differs": ["to: 995511194242 is not 38761444559", "text: 'something else' does not contain 'code'"],
            },
        ],
    }


async def test_what_is_alike_in_nothing_is_no_near_miss(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(BETATEL_SMS.with_values(to="995511194242"))

    assert (await control.post("/verify", {"to": "38761444559", "count": {"at_least": 1}}))["near"] == []


async def test_a_refused_request_that_names_the_number_is_a_near_miss(sandbox: Sandbox, control: Control) -> None:
    refused = await sandbox.send(WHATSAPP.with_values(to=f"+{TO}"))
    await sandbox.send(WHATSAPP.with_values(to="+995511194242"))
    verdict = await control.post("/verify", {"to": TO, "count": {"exactly": 1}})
    (reason,) = (await control.get("/requests/1"))["why"]

    assert (refused.status, verdict["near"]) == (400, [{"id": 1, "differs": [f"refused with 400: {reason}"]}])


async def test_since_leaves_out_what_came_before(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    since = sandbox.message().id
    await sandbox.advance(timedelta(seconds=1))
    await sandbox.send()
    counts = [
        (await control.post("/verify", {"to": TO, "count": {"at_least": 0}, "since": each}))["count"]
        for each in (since, "latest", "2026-03-02T12:00:00Z", "2026-03-02T11:00:00Z")
    ]

    assert counts == [1, 0, 1, 2]


async def test_at_least_answers_as_soon_as_it_holds(sandbox: Sandbox, control: Control) -> None:
    waiting = await begun(sandbox.world, control.post("/verify", {"to": TO, "count": {"at_least": 2}, "wait": "30s"}))
    await sandbox.send()
    await sandbox.send()

    assert (await waiting)["passed"]


@pytest.mark.parametrize("kind", ["exactly", "at_most"])
async def test_a_bound_that_is_exceeded_answers_at_once(sandbox: Sandbox, control: Control, kind: str) -> None:
    waiting = await begun(sandbox.world, control.post("/verify", {"to": TO, "count": {kind: 1}, "wait": "30s"}))
    await sandbox.send()
    await sandbox.send()
    verdict = await waiting

    assert (verdict["passed"], verdict["count"]) == (False, 2)


@pytest.mark.parametrize(("kind", "passed"), [("exactly", True), ("at_most", True), ("at_least", True)])
async def test_the_others_watch_to_the_end(sandbox: Sandbox, control: Control, kind: str, passed: object) -> None:
    await sandbox.send()
    verdict = await control.post("/verify", {"to": TO, "count": {kind: 1}, "wait": "20ms"})

    assert verdict["passed"] == passed


async def test_every_mistake_in_a_verification_comes_out_at_once(control: Control) -> None:
    status, errors = await control.refused(
        "POST",
        "/verify",
        {"too": TO, "provider": "betatl", "count": {"exactly": -1, "at_most": 1}, "since": 5, "wait": "1h"},
    )

    assert (status, sorted(errors)) == (
        400,
        [
            ("/count", "at most 1 of exactly, at_least, at_most must be given"),
            ("/count/exactly", "-1 is less than the minimum of 0"),
            ("/provider", "no provider is called 'betatl'. Did you mean 'betatel'?"),
            ("/since", "5 is a number, not a string"),
            ("/too", "unknown parameter 'too'. Did you mean 'to'?"),
            ("/wait", "'1h' is longer than the maximum wait of 60s"),
        ],
    )


@pytest.mark.parametrize(("status", "count"), [("sent", 1), ("AWAITING-DLR", 1), ("delivered", 0), ("DELIVRD", 0)])
async def test_a_status_is_expected_in_our_word_or_the_providers(
    sandbox: Sandbox, control: Control, status: str, count: int
) -> None:
    await sandbox.send(SMSBUDDY_SMS)
    sandbox.workspace.move(sandbox.message(), "sent")
    verdict = await control.post("/verify", {"status": status})

    assert verdict["count"] == count


async def test_a_message_in_another_status_is_near_and_says_which(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    found = [await control.post("/verify", {"to": TO, "status": each}) for each in ("delivered", "Delivered")]

    assert [each["near"][0]["differs"] for each in found] == [
        ["status: queued is not delivered"],
        ["status: queued is not Delivered"],
    ]


async def test_a_wait_for_a_status_ends_when_a_message_reaches_it(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    waiting = await begun(sandbox.world, control.post("/verify", {"to": TO, "status": "delivered", "wait": "30s"}))
    await sandbox.advance()

    assert (await waiting)["passed"] is True


async def test_a_status_that_is_none_is_refused_with_the_nearest(control: Control) -> None:
    assert await control.refused("POST", "/verify", {"status": "deliverd"}) == (
        400,
        [("/status", "no status is called 'deliverd'. Did you mean 'delivered'?")],
    )
