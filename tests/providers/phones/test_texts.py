"""A phone sends a text: which account gets it, the message that it is, and the callback that brings it."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from tests.builders import NOON
from tests.control.calls import Control
from tests.providers.phones.serving import PHONE, send, serving, text
from tests.servers import Receiver, Sandbox, says


def fields(body: str) -> Mapping[str, str]:
    """Return the fields of a form."""
    return {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}


async def test_a_text_is_a_message_that_was_received(acme: Sandbox) -> None:
    await send(acme)

    message = await text(acme, "Yes, please")

    assert message == {
        "id": "IN1843544031",
        "number": 2,
        "direction": "inbound",
        "provider": "acme",
        "operation": "acme.sms.inbound",
        "channel": "sms",
        "account": "k1…",
        "from": PHONE,
        "to": "ACME",
        "text": "Yes, please",
        "opt": None,
        "code": None,
        "encoding": "gsm-7",
        "segments": 1,
        "status": "received",
        "provider_status": "MO",
        "rule": None,
        "request": None,
        "accepted_at": "2026-03-02T12:00:00.000Z",
        "scheduled_for": None,
        "history": [{"status": "received", "provider_status": "MO", "at": "2026-03-02T12:00:00.000Z"}],
        "planned": [],
        "callbacks": [1],
        "callback_state": "collected",
        "trace": None,
    }


async def test_the_callback_is_written_and_signed_as_the_document_says(acme: Sandbox, receiver: Receiver) -> None:
    acme.set_target("acme", receiver.url("/hook"), "secret")
    await send(acme)

    message = await text(acme, "Yes & no")
    await acme.advance(timedelta(0))

    (heard,) = receiver.calls
    signed = f"{int(NOON.timestamp())}.{heard.body}".encode()
    assert (heard.method, heard.path, heard.headers["x-signature"], fields(heard.body)) == (
        "POST",
        "/hook/inbound",
        hmac.new(b"secret", signed, hashlib.sha256).hexdigest(),
        {
            "MessageId": message["id"],
            "From": "+38761444555",
            "To": "ACME",
            "Text": "Yes & no",
            "Keyword": "",
            "Account": "k1",
        },
    )


async def test_the_callback_is_tried_again_until_it_counts_as_received(acme: Sandbox, receiver: Receiver) -> None:
    acme.set_target("acme", receiver.url())
    receiver.answers.extend([says(503), says(200, "later")])

    message = await text(acme, "Yes", account="k1")
    await acme.advance()

    (callback,) = (await Control(acme).get("/callbacks", message=message["id"]))["items"]
    assert (callback["reports"], callback["state"], [each["status"] for each in callback["attempts"]]) == (
        "MO",
        "failed",
        [503, 200],
    )


async def test_the_callback_is_held_released_and_replayed_like_any_other(acme: Sandbox, receiver: Receiver) -> None:
    acme.set_target("acme", receiver.url())
    receiver.answers.append(says(503))
    control = Control(acme)
    await send(acme, path="/acme/quiet")
    (number,) = (await text(acme, "Yes"))["callbacks"]
    await acme.advance(timedelta(0))

    held = await control.post(f"/callbacks/{number}/hold")
    await control.post(f"/callbacks/{number}/release")
    await acme.advance(timedelta(minutes=2))
    await control.post(f"/callbacks/{number}/replay")
    await acme.until(lambda: len(acme.world.callbacks[number].attempts) == 3)

    attempts = acme.world.callbacks[number].attempts
    assert (held["state"], [(each.status, each.replay) for each in attempts]) == (
        "held",
        [(503, False), (200, False), (200, True)],
    )


async def test_without_a_target_the_callback_is_collected_and_can_be_read(acme: Sandbox) -> None:
    await send(acme)

    message = await text(acme, "Yes")

    callback = await Control(acme).get("/callbacks/latest")
    assert (callback["message"], callback["state"], fields(callback["request"]["body"])["Text"]) == (
        message["id"],
        "collected",
        "Yes",
    )


async def test_the_account_that_wrote_last_gets_the_text_from_the_sender_that_wrote(acme: Sandbox) -> None:
    await send(acme, key="first", sender="ONE")
    await send(acme, key="second", sender="TWO")
    await send(acme, "38761000099", key="third", sender="THREE")

    got = [await text(acme, "a"), await text(acme, "b", to="ONE"), await text(acme, "c", account="third", to="4")]

    assert [(each["account"], each["to"]) for each in got] == [
        ("se…", "TWO"),
        ("fi…", "ONE"),
        ("th…", "4"),
    ]


async def test_a_text_that_replies_to_a_message_is_for_its_account_and_sender(acme: Sandbox) -> None:
    await send(acme, key="first", sender="ONE")
    await send(acme, key="second", sender="TWO")

    message = await text(acme, "a", message=acme.message(1).id)
    refused = await Control(acme).refused(
        "POST", "/inbound", {"provider": "acme", "from": PHONE, "text": "a", "message": message["id"]}
    )

    assert (message["account"], message["to"], refused) == (
        "fi…",
        "ONE",
        (404, [("/message", f"no message that acme has sent has the id '{message['id']}'")]),
    )


async def test_the_only_account_and_its_only_sender_get_what_nobody_was_written_to(acme: Sandbox) -> None:
    await send(acme, "38761000099")

    message = await text(acme, "Hello?")

    assert (message["account"], message["to"]) == ("k1…", "ACME")


async def test_an_account_that_was_never_used_is_opened_by_the_text(acme: Sandbox) -> None:
    message = await text(acme, "Hello?", account="fresh1")

    assert (message["to"], sorted(acme.world.accounts)) == ("ACME", [("acme", "fresh1")])


NOBODY = "and none has sent to +38761444555; name the account that gets the text"


async def test_what_cannot_be_told_must_be_named(acme: Sandbox) -> None:
    control = Control(acme)
    asked = {"provider": "acme", "from": PHONE, "text": "Hello?"}
    await control.call("POST", "/inbound", asked)
    nobody = await control.refused("POST", "/inbound", asked)
    await send(acme, "38761000099", key="k1")
    await send(acme, "38761000099", key="k2")

    several = await control.refused("POST", "/inbound", asked)
    await control.patch("/accounts/acme/k1", {"senders": [{"id": "A"}, {"id": "B"}]})
    senders = await control.refused("POST", "/inbound", {**asked, "account": "k1"})

    assert (nobody, several, senders) == (
        (409, [("/account", f"no account of acme has been used, {NOBODY}")]),
        (409, [("/account", f"2 accounts of acme have been used, {NOBODY}")]),
        (409, [("/to", "the account has sent nothing to +38761444555; name the sender or number that gets the text")]),
    )


DESCRIBES_NONE = (
    "betatel has no messages from phones: its document does not describe them. "
    "Add x-sandbox.channels.sms.inbound; see /_sandbox/docs/inbound"
)
NO_CHANNEL = "no channel of acme that phones write to is called 'sns'. Did you mean 'sms'?"


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"provider": "betatel"}, (409, [("/provider", DESCRIBES_NONE)])),
        ({"provider": "acm"}, (400, [("/provider", "no provider is called 'acm'. Did you mean 'acme'?")])),
        ({"from": "ACME"}, (400, [("/from", "'ACME' is not the number of a phone")])),
        ({"channel": "sns"}, (400, [("/channel", NO_CHANNEL)])),
        ({"text": ""}, (400, [("/text", "'' has 0 characters, fewer than the minimum of 1")])),
    ],
)
async def test_a_text_that_nobody_can_get_is_refused(
    acme: Sandbox, changed: dict[str, str], refusal: tuple[int, list[tuple[str, str]]]
) -> None:
    await send(acme)

    told = await Control(acme).refused("POST", "/inbound", {"provider": "acme", "from": PHONE, "text": "a", **changed})

    assert (told, len(acme.world.messages)) == (refusal, 1)


async def test_messages_from_phones_are_listed_searched_and_told_apart(acme: Sandbox) -> None:
    await send(acme)
    await text(acme, "Yes, please")
    control = Control(acme)

    found = [
        [each["direction"] for each in (await control.get("/messages", **query))["items"]]
        for query in (
            {},
            {"direction": "inbound"},
            {"direction": "outbound"},
            {"search": "please"},
            {"from_": "38761444555"},
            {"search": "+387 61 444-555", "direction": "inbound"},
            {"operation": "acme.sms.inbound"},
            {"status": "received"},
        )
    ]

    assert found == [
        ["inbound", "outbound"],
        ["inbound"],
        ["outbound"],
        ["inbound"],
        ["inbound"],
        ["inbound"],
        ["inbound"],
        ["inbound"],
    ]


async def test_a_text_from_a_phone_is_no_message_that_was_sent(acme: Sandbox) -> None:
    await send(acme)
    message = await text(acme, "Your code is 482910")
    control = Control(acme)
    key = {"Authorization": "Bearer k1"}

    verdicts = [await control.post("/verify", body) for body in ({}, {"direction": "inbound", "text": "code"})]
    listed = await (await acme.client.get("/acme/messages", headers=key)).json()
    found = await acme.client.get(f"/acme/messages/{message['id']}", headers=key)
    coded = await control.refused("GET", "/otp", to="ACME")
    metrics = (await control.get("/metrics"))["text"]

    assert (
        [each["count"] for each in verdicts],
        len(listed["ids"]),
        found.status,
        coded[0],
        [each for each in metrics.splitlines() if each.startswith(("sandbox_messages", "sandbox_inbound"))],
        len(acme.world.requests),
    ) == (
        [1, 1],
        1,
        404,
        404,
        [
            'sandbox_messages_total{operation="acme.sms.send",status="queued"} 1.0',
            'sandbox_inbound_messages_total{opt="none",provider="acme"} 1.0',
        ],
        3,
    )


async def test_a_verification_of_texts_from_phones_names_those_that_nearly_fit(acme: Sandbox) -> None:
    await send(acme)
    message = await text(acme, "Yes, please")

    verdict = await Control(acme).post("/verify", {"direction": "inbound", "from": PHONE, "text": "No"})

    assert (verdict["passed"], verdict["near"]) == (
        False,
        [{"id": message["id"], "differs": ["text: 'Yes, please' does not contain 'No'"]}],
    )


async def test_a_text_cannot_be_moved_to_another_status(acme: Sandbox) -> None:
    await send(acme)
    message = await text(acme, "Yes")
    control = Control(acme)

    told = [
        await control.refused("POST", f"/messages/{message['id']}/status", {"status": status})
        for status in ("delivered", "received")
    ]

    assert told == [
        (422, [("/status", "no status is called 'delivered' for sms. Available: received.")]),
        (409, [("", f"{message['id']} is received and cannot become received, because that status is final")]),
    ]


async def test_a_workspace_has_the_texts_of_its_own_accounts(acme: Sandbox) -> None:
    made = await Control(acme).post("/workspaces", {"clock": {"mode": "frozen"}})
    (key,) = made["keys"]["acme"].values()
    await send(acme, key=key)
    await send(acme, key="k1")

    own = Control(acme, base=f"/_sandbox/workspaces/{made['id']}")
    message = await own.post("/inbound", {"provider": "acme", "from": PHONE, "text": "Yes"})

    listed = (await Control(acme).get("/messages", direction="inbound"))["items"]
    assert (message["account"], listed) == (f"{key[:2]}…", [])


async def test_the_same_seed_gives_a_text_the_same_id(acme: Sandbox) -> None:
    await send(acme)
    first = await text(acme, "Yes")
    async with serving() as other:
        await send(other)
        second = await text(other, "Yes")

    assert first == second
