import asyncio
from datetime import timedelta

import pytest

from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.engine.workspace import WorkspaceConfig
from tests.builders import NOON
from tests.conftest import SandboxMaker
from tests.control.calls import Control
from tests.control.waits import begun
from tests.scenarios.builders import load
from tests.servers import UBILL_SMS, Gate, Receiver, Sandbox, says

SECOND = timedelta(seconds=1)


async def reported(sandbox: Sandbox, receiver: Receiver | None = None) -> None:
    """Send one SMS and let its first callback come."""
    if receiver is not None:
        sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.advance(SECOND)


async def test_a_callback_is_shown_with_every_attempt(sandbox: Sandbox, control: Control, receiver: Receiver) -> None:
    receiver.answers.append(says(503, "later"))
    await reported(sandbox, receiver)
    sandbox.set_target("betatel", receiver.url("/second"))
    await sandbox.advance(5 * SECOND)
    shown = await control.get("/callbacks/1")
    took = [attempt.pop("ms") > 0 for attempt in shown["attempts"]]

    assert (took, shown) == (
        [True, True],
        {
            "id": 1,
            "message": sandbox.message().id,
            "to": "38761930305",
            "provider": "betatel",
            "reports": "sent",
            "status": "sent",
            "state": "delivered",
            "failing": False,
            "due": "2026-03-02T12:00:05.200Z",
            "request": {
                "method": "POST",
                "url": receiver.url("/second"),
                "headers": {"Content-Type": "application/json"},
                "body": receiver.calls[0].body,
            },
            "attempts": [
                {
                    "number": 1,
                    "at": "2026-03-02T12:00:00.200Z",
                    "url": receiver.url(),
                    "status": 503,
                    "answer": "later",
                    "error": None,
                    "replay": False,
                    "interrupted": False,
                },
                {
                    "number": 2,
                    "at": "2026-03-02T12:00:05.200Z",
                    "url": receiver.url("/second"),
                    "status": 200,
                    "answer": "OK",
                    "error": None,
                    "replay": False,
                    "interrupted": False,
                },
            ],
        },
    )


async def test_callbacks_are_listed_by_state_provider_and_message(sandbox: Sandbox, control: Control) -> None:
    await reported(sandbox)
    message = sandbox.message().id
    queries = [
        {"state": "collected"},
        {"state": "pending"},
        {"provider": "ubill"},
        {"message": message},
        {"message": "latest"},
        {"message": "none"},
    ]
    found = [[item["id"] for item in (await control.get("/callbacks", **query))["items"]] for query in queries]

    assert found == [[1], [], [], [1], [1], []]


async def test_a_wait_ends_with_a_callback_that_reaches_a_state(
    sandbox: Sandbox, control: Control, receiver: Receiver
) -> None:
    waiting = await begun(sandbox.world, control.get("/callbacks", state="delivered", wait="30s"))
    await reported(sandbox, receiver)

    assert [item["state"] for item in (await waiting)["items"]] == ["delivered"]


async def test_a_held_callback_stays_until_it_is_released(
    sandbox: Sandbox, control: Control, receiver: Receiver
) -> None:
    receiver.answers.append(says(500))
    await reported(sandbox, receiver)
    held = await control.post("/callbacks/1/hold")
    await sandbox.advance(timedelta(hours=1))
    before = len(receiver.calls)
    released = await control.post("/callbacks/1/release")
    await sandbox.advance(SECOND)

    assert (held["state"], before, released["state"], (await control.get("/callbacks/1"))["state"]) == (
        "held",
        2,
        "pending",
        "delivered",
    )


async def test_a_waiting_callback_is_fired_on_a_frozen_clock(
    sandbox: Sandbox, control: Control, receiver: Receiver
) -> None:
    receiver.answers.append(says(500))
    await reported(sandbox, receiver)
    waiting = await begun(sandbox.world, control.get("/callbacks", state="delivered", wait="30s"))
    fired = await control.post("/callbacks/1/fire")
    await waiting

    assert (fired["state"], [call.path for call in receiver.calls]) == ("sending", ["/dlr", "/dlr"])


async def test_a_cancelled_callback_is_never_sent(sandbox: Sandbox, control: Control, receiver: Receiver) -> None:
    receiver.answers.append(says(500))
    await reported(sandbox, receiver)
    cancelled = await control.post("/callbacks/1/cancel")
    await sandbox.advance(timedelta(seconds=30))

    assert (cancelled["state"], len([call for call in receiver.calls if '"sent"' in call.body])) == ("cancelled", 1)


async def test_a_replay_is_a_further_attempt_and_marked(sandbox: Sandbox, control: Control, receiver: Receiver) -> None:
    await reported(sandbox, receiver)
    waiting = await begun(
        sandbox.world, control.get("/callbacks", state="delivered", since="2026-03-02T11:00:00Z", wait="30s")
    )
    await waiting
    replayed = await control.post("/callbacks/latest/replay")
    await sandbox.until(lambda: len(sandbox.attempts) == 2)

    assert (replayed["state"], [attempt.replay for attempt in sandbox.attempts]) == ("sending", [False, True])


async def test_with_wait_a_callback_is_returned_when_its_attempt_has_ended(
    sandbox: Sandbox, control: Control, receiver: Receiver
) -> None:
    await reported(sandbox, receiver)
    receiver.otherwise = gate = Gate()
    await control.post("/callbacks/1/replay")
    await gate.until(waiting=1)
    at_once = await control.get("/callbacks/1", wait="1ms")
    waiting = await begun(sandbox.world, control.get("/callbacks/1", wait="30s"))
    gate.open()

    assert (at_once["state"], (await waiting)["state"]) == ("sending", "delivered")


async def test_a_replay_of_what_was_collected_shows_the_request_that_left(
    sandbox: Sandbox, control: Control, receiver: Receiver
) -> None:
    await sandbox.send()
    await sandbox.advance()
    before = (await control.get("/callbacks/1"))["request"]["url"]
    sandbox.set_target("betatel", receiver.url())
    await control.post("/callbacks/1/replay")
    await sandbox.until(lambda: len(sandbox.attempts) == 1)

    assert (before, (await control.get("/callbacks/1"))["request"]["url"]) == ("", receiver.url())


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("fire", "callback 1 is collected; only one that is held or pending can be fired"),
        ("hold", "callback 1 is collected; only one that is pending can be held"),
        ("release", "callback 1 is collected; only one that is held can be released"),
        ("cancel", "callback 1 is collected; only one that is held or pending can be cancelled"),
        ("replay", "callback 1 cannot be sent: betatel has no target"),
    ],
)
async def test_what_a_callback_s_state_forbids_is_409(
    sandbox: Sandbox, control: Control, verb: str, words: str
) -> None:
    await reported(sandbox)

    assert await control.refused("POST", f"/callbacks/1/{verb}") == (409, [("", words)])


@pytest.mark.parametrize("verb", ["fire", "hold", "release", "cancel", "replay"])
async def test_an_unknown_callback_is_404(control: Control, verb: str) -> None:
    assert await control.refused("POST", f"/callbacks/7/{verb}") == (404, [("/id", "no callback has the id '7'")])


async def test_a_reset_aborts_what_is_on_its_way_and_nothing_arrives_after_it(
    sandbox: Sandbox,
    control: Control,
    receiver: Receiver,
) -> None:
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    advancing = asyncio.create_task(control.refused("POST", "/clock/advance", {"by": "1h"}))
    await gate.until(1)
    await control.post("/reset")
    await gate.until_empty()
    await control.post("/clock/advance", {"by": "1d"})

    assert ((await advancing)[0], len(receiver.calls), (await control.get("/callbacks"))["items"]) == (409, 1, [])


async def test_the_url_of_an_attempt_masks_its_key(sandbox: Sandbox, control: Control, receiver: Receiver) -> None:
    sandbox.set_target("ubill", receiver.url("/dlr?token=s3cretvalue"))
    await sandbox.send(UBILL_SMS)
    await sandbox.advance()
    shown = await control.get("/callbacks/1")

    assert (shown["attempts"][0]["url"], "s3cretvalue" in shown["attempts"][0]["url"]) == (
        shown["request"]["url"],
        False,
    )


async def test_an_attempt_that_the_scenario_drops_tells_where_it_would_have_gone(
    make_sandbox: SandboxMaker, receiver: Receiver
) -> None:
    sandbox = await make_sandbox(
        WorkspaceConfig(
            load("rules: [{then: {callbacks: {drop: first}}}]"), clock_config=ClockConfig(ClockMode.FROZEN, start=NOON)
        )
    )
    await reported(sandbox, receiver)
    shown = await Control(sandbox).get("/callbacks/1")

    assert [attempt["url"] for attempt in shown["attempts"]] == [receiver.url()]


async def test_a_callback_fails_until_an_attempt_succeeds_or_it_is_cancelled(
    sandbox: Sandbox, control: Control, receiver: Receiver
) -> None:
    receiver.otherwise = says(501, "not implemented")
    await reported(sandbox, receiver)
    await sandbox.advance(2 * SECOND)

    async def failing() -> list[int]:
        return [item["id"] for item in (await control.get("/callbacks", failing="true"))["items"]]

    found = [await failing()]
    await control.post("/callbacks/1/cancel")
    found.append(await failing())
    receiver.otherwise = says(200)
    await control.post("/callbacks/2/fire")
    await sandbox.advance(timedelta(0))
    found.append(await failing())
    rest = [item["id"] for item in (await control.get("/callbacks", failing="false"))["items"]]

    assert (found, rest) == ([[2, 1], [2], []], [2, 1])


@pytest.mark.parametrize("words", ["930 305", "sent", "NOT IMPLEMENTED", "/dlr"])
async def test_a_search_finds_a_callback_by_recipient_status_url_and_answer(
    sandbox: Sandbox, control: Control, receiver: Receiver, words: str
) -> None:
    receiver.otherwise = says(501, "not implemented")
    await reported(sandbox, receiver)
    found = [await control.get("/callbacks", search=each) for each in (words, sandbox.message().id, "nothing like it")]

    assert [[item["id"] for item in page["items"]] for page in found] == [[1], [1], []]


async def test_a_callback_tells_its_status_in_words_beside_the_word_of_the_provider(
    sandbox: Sandbox, control: Control
) -> None:
    await sandbox.send(UBILL_SMS)
    await sandbox.advance()
    page = await control.get("/callbacks")

    assert [(each["reports"], each["status"], each["to"]) for each in page["items"]] == [
        ("1", "delivered", "995511194242"),
        ("0", "sent", "995511194242"),
    ]
