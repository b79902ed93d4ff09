import asyncio
from datetime import timedelta

import pytest

from tests.control.calls import Control
from tests.control.waits import begun
from tests.servers import BETATEL_SMS, SMSBUDDY_OTP, SMSBUDDY_SMS, UBILL_SMS, WHATSAPP, Gate, Receiver, Sandbox, says


async def sent(sandbox: Sandbox, *recipients: str) -> list[str]:
    """Send one SMS to each recipient and return the ids."""
    for recipient in recipients:
        await sandbox.send(BETATEL_SMS.with_values(to=recipient))
    return [message.id for message in sandbox.world.messages.values()]


async def ids(control: Control, **query: str) -> list[str]:
    return [item["id"] for item in (await control.get("/messages", **query))["items"]]


async def test_a_message_is_shown_with_its_text_code_history_and_plan(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    await sandbox.advance(timedelta(seconds=1))
    message = sandbox.message()

    assert await control.get(f"/messages/{message.id}") == {
        "id": message.id,
        "number": 1,
        "direction": "outbound",
        "provider": "betatel",
        "operation": "betatel.sms.send",
        "channel": "sms",
        "account": "k1…",
        "from": "FACEBOOK",
        "to": "38761930305",
        "text": "Your code is 555345",
        "opt": None,
        "code": "555345",
        "encoding": "gsm-7",
        "segments": 1,
        "status": "sent",
        "provider_status": "sent",
        "rule": None,
        "request": 1,
        "accepted_at": "2026-03-02T12:00:00.000Z",
        "scheduled_for": None,
        "history": [
            {"status": "queued", "provider_status": "queued", "at": "2026-03-02T12:00:00.000Z"},
            {"status": "sent", "provider_status": "sent", "at": "2026-03-02T12:00:00.200Z"},
        ],
        "planned": [{"status": "delivered", "at": "2026-03-02T12:00:02.200Z"}],
        "callbacks": [1],
        "callback_state": "collected",
        "trace": None,
    }


async def test_messages_are_listed_newest_first_page_by_page(sandbox: Sandbox, control: Control) -> None:
    first, second, third = await sent(sandbox, "38761000001", "38761000002", "38761000003")
    page = await control.get("/messages", limit="2")
    await sent(sandbox, "38761000004")
    rest = await control.get("/messages", limit="2", cursor=page["next"])

    assert ([item["id"] for item in page["items"]], [item["id"] for item in rest["items"]], rest["next"]) == (
        [third, second],
        [first],
        None,
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"provider": "ubill"}, ["ubill.sms.send"]),
        ({"operation": "betatel.*"}, ["betatel.whatsapp.otp", "betatel.sms.send"]),
        ({"account": "k1", "provider": "betatel"}, ["betatel.whatsapp.otp", "betatel.sms.send"]),
        ({"account": "k1…", "provider": "ubill"}, ["ubill.sms.send"]),
        ({"account": "k2"}, []),
        ({"to": "+387 61 930-305"}, ["betatel.sms.send"]),
        ({"to": "00995511194242"}, ["ubill.sms.send"]),
        ({"to": "9812345678"}, ["smsbuddy.sms.send"]),
        ({"to": "+91 98123 45678"}, ["smsbuddy.sms.send"]),
        ({"from_": "FACEBOOK"}, ["betatel.sms.send"]),
        ({"text": "CODE is"}, ["betatel.sms.send"]),
        ({"status": "queued"}, ["smsbuddy.sms.send", "ubill.sms.send", "betatel.whatsapp.otp", "betatel.sms.send"]),
        ({"status": "PENDING"}, ["betatel.whatsapp.otp"]),
        ({"status": "delivered"}, []),
    ],
)
async def test_a_filter_keeps_what_fits(
    sandbox: Sandbox, control: Control, query: dict[str, str], found: list[str]
) -> None:
    for sms in (BETATEL_SMS, WHATSAPP, UBILL_SMS, SMSBUDDY_SMS):
        await sandbox.send(sms)
    page = await control.get("/messages", **query)

    assert [item["operation"] for item in page["items"]] == found


async def test_since_an_id_leaves_out_what_arrived_up_to_it_although_the_clock_stands(
    sandbox: Sandbox,
    control: Control,
) -> None:
    first, second, third = await sent(sandbox, "38761000001", "38761000002", "38761000003")

    assert [await ids(control, since=each) for each in (first, second, third, "latest")] == [
        [third, second],
        [third],
        [],
        [],
    ]


async def test_since_a_time_is_exclusive(sandbox: Sandbox, control: Control) -> None:
    await sent(sandbox, "38761000001")
    await sandbox.advance(timedelta(seconds=5))
    _, second = await sent(sandbox, "38761000002")

    assert [await ids(control, since=f"2026-03-02T{each}Z") for each in ("12:00:00", "12:00:04.999", "12:00:05")] == [
        [second],
        [second],
        [],
    ]


async def test_latest_stands_for_the_newest_id(sandbox: Sandbox, control: Control) -> None:
    *_, last = await sent(sandbox, "38761000001", "38761000002")

    assert (await control.get("/messages/latest"))["id"] == last


async def test_a_wait_is_over_as_soon_as_a_message_fits(sandbox: Sandbox, control: Control) -> None:
    waiting = await begun(sandbox.world, control.get("/messages", to="38761000002", wait="30s"))
    await sent(sandbox, "38761000001", "38761000002")

    assert [item["to"] for item in (await waiting)["items"]] == ["38761000002"]


async def test_a_wait_ends_with_a_status_too(sandbox: Sandbox, control: Control) -> None:
    await sent(sandbox, "38761000001")
    waiting = await begun(sandbox.world, control.get("/messages", status="delivered", wait="30s"))
    await sandbox.advance(timedelta(seconds=10))

    assert [item["status"] for item in (await waiting)["items"]] == ["delivered"]


async def test_when_a_wait_is_over_a_list_is_empty_and_one_thing_is_not_found(control: Control) -> None:
    listed = await control.get("/messages", wait="10ms")
    single = await control.refused("GET", "/messages/latest", wait="10ms")

    assert (listed["items"], single) == ([], (404, [("/id", "there is no message yet")]))


async def test_one_message_can_be_waited_for(sandbox: Sandbox, control: Control) -> None:
    waiting = await begun(sandbox.world, control.get("/messages/latest", wait="30s"))
    await sent(sandbox, "38761000001")

    assert (await waiting)["to"] == "38761000001"


async def test_a_reset_ends_a_wait_with_409(sandbox: Sandbox, control: Control) -> None:
    waiting = await begun(sandbox.world, control.refused("GET", "/messages", wait="30s"))
    await sandbox.reset()

    assert await waiting == (409, [("", "the workspace default was reset while this call waited")])


async def test_nothing_listens_after_a_wait(sandbox: Sandbox, control: Control) -> None:
    before = list(sandbox.world.batch_subscribers)
    await control.get("/messages", wait="1ms")

    assert sandbox.world.batch_subscribers == before


async def test_a_message_is_moved_by_our_word_and_its_plan_is_given_up(sandbox: Sandbox, control: Control) -> None:
    (message,) = await sent(sandbox, "38761000001")
    await control.post(f"/messages/{message}/status", {"status": "sent"})
    moved = await control.post(f"/messages/{message}/status", {"status": "undelivered"})
    await sandbox.advance(timedelta(hours=1))

    assert (
        moved["status"],
        moved["planned"],
        [each.step.word for each in sandbox.callbacks],
        sandbox.message().status,
    ) == (
        "undelivered",
        [],
        ["sent", "undelivered"],
        "undelivered",
    )


async def test_a_message_is_moved_by_the_provider_s_word(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(SMSBUDDY_SMS)
    moved = await control.post(f"/messages/{sandbox.message().id}/status", {"status": "DNDNUMB"})

    assert (moved["status"], moved["provider_status"]) == ("rejected", "DNDNUMB")


async def test_an_illegal_move_is_409(sandbox: Sandbox, control: Control) -> None:
    (message,) = await sent(sandbox, "38761000001")
    refused = await control.refused("POST", f"/messages/{message}/status", {"status": "delivered"})

    assert refused == (
        409,
        [("", f"{message} is queued and cannot become delivered; allowed: failed, rejected, sent")],
    )


async def test_a_status_that_the_provider_does_not_have_is_422(sandbox: Sandbox, control: Control) -> None:
    (message,) = await sent(sandbox, "38761000001")
    refused = await control.refused("POST", f"/messages/{message}/status", {"status": "deliverd"})

    assert refused == (422, [("/status", "no status is called 'deliverd' for sms. Did you mean 'delivered'?")])


async def test_messages_are_deleted_with_their_callbacks_and_nothing_of_them_is_sent(
    sandbox: Sandbox,
    control: Control,
) -> None:
    await sent(sandbox, "38761000001", "38761000002")
    await sandbox.advance(timedelta(seconds=1))
    await control.delete("/messages")
    advance = await control.post("/clock/advance", {"until": "idle"})
    kept = [(await control.get(path))["items"] for path in ("/messages", "/callbacks", "/requests")]

    assert (advance["count"], [len(items) for items in kept], (await control.get("/clock"))["now"]) == (
        0,
        [0, 0, 2],
        "2026-03-02T12:00:01.000Z",
    )


TEXTS = {
    "1": ("38761000001", "SHOP", "Your code is 111111"),
    "2": ("38761000002", "SHOP", "Your code is 222222"),
    "3": ("38761000001", "BANK", "Your order has shipped"),
}


async def three(sandbox: Sandbox) -> dict[str, str]:
    """Send three SMS, the last a second later, of which the second has failed; return their names by id."""
    names = {}
    for name, (to, sender, text) in TEXTS.items():
        if name == "3":
            await sandbox.advance(timedelta(seconds=1))
        await sandbox.send(BETATEL_SMS.with_values(to=to, text=text, **{"from": sender}))
        names[sandbox.message(int(name)).id] = name
    sandbox.workspace.move(sandbox.message(2), "failed")
    return names


FILTERS: list[tuple[dict[str, str], str]] = [
    ({}, "123"),
    ({"to": "+387 61 000 001"}, "13"),
    ({"to": "38761000009"}, ""),
    ({"from_": "SHOP"}, "12"),
    ({"text": "code"}, "12"),
    ({"code": "222222"}, "2"),
    ({"code": "999999"}, ""),
    ({"status": "failed"}, "2"),
    ({"status": "queued"}, "3"),
    ({"provider": "betatel"}, "123"),
    ({"provider": "ubill"}, ""),
    ({"operation": "betatel.sms.*"}, "123"),
    ({"account": "k1"}, "123"),
    ({"account": "k2"}, ""),
    ({"since": "2026-03-02T12:00:00.500Z"}, "3"),
    ({"since": "latest"}, ""),
    ({"to": "38761000001", "from_": "BANK"}, "3"),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS, ids=str)
async def test_a_filter_deletes_what_it_lists(
    sandbox: Sandbox, control: Control, filters: dict[str, str], expected: str
) -> None:
    names = await three(sandbox)
    listed = {names[each] for each in await ids(control, **filters)}
    await control.delete("/messages", **filters)
    left = {names[each] for each in await ids(control)}

    assert (listed, left) == (set(expected), set("123") - set(expected))


async def test_deleting_some_messages_cancels_what_is_pending_for_them_alone(
    sandbox: Sandbox, control: Control
) -> None:
    await sent(sandbox, "38761000001", "38761000002")
    await sandbox.advance(timedelta(seconds=1))
    batches = sandbox.world.batches
    await control.delete("/messages", to="38761000001")
    batches = sandbox.world.batches - batches
    advance = await control.post("/clock/advance", {"until": "idle"})
    callbacks = (await control.get("/callbacks"))["items"]

    assert (batches, {each["message"] for each in advance["items"]}, {each["message"] for each in callbacks}) == (
        1,
        {sandbox.message(2).id},
        {sandbox.message(2).id},
    )


async def test_deleting_some_messages_aborts_their_callbacks_under_way_and_no_others(
    sandbox: Sandbox, control: Control, receiver: Receiver
) -> None:
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    await sent(sandbox, "38761000001", "38761000002")
    advance = asyncio.create_task(sandbox.advance(timedelta(seconds=1)))
    await gate.until(2)
    await control.delete("/messages", to="38761000001")
    await gate.until_only(1)
    gate.open()
    done = await advance

    assert (done.count, [(each.message, each.state) for each in sandbox.callbacks]) == (3, [(2, "delivered")])


async def test_deleting_a_message_makes_its_code_of_the_provider_unknown(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(SMSBUDDY_OTP)
    await sandbox.send(SMSBUDDY_OTP.with_values(to="9812345679"))
    await control.delete("/messages", to="9812345678")

    assert [each.recipient for each in sandbox.world.otps.values()] == ["919812345679"]


@pytest.mark.parametrize(
    "query", [{"limit": "1"}, {"wait": "1s"}, {"cursor": "1"}, {"too": "1"}, {"status": "deliverd"}]
)
async def test_an_invalid_filter_deletes_nothing(sandbox: Sandbox, control: Control, query: dict[str, str]) -> None:
    await sandbox.send()
    status, _ = await control.refused("DELETE", "/messages", None, **query)

    assert (status, len(sandbox.world.messages)) == (400, 1)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("name", ["account", "code", "from_", "operation", "provider", "since", "status", "text", "to"])
async def test_an_empty_filter_is_refused_and_deletes_nothing(
    sandbox: Sandbox, control: Control, name: str, method: str
) -> None:
    await sandbox.send()
    status, errors = await control.refused(method, "/messages", None, **{name: ""})

    assert (status, [at for at, _ in errors], len(sandbox.world.messages)) == (400, [f"/{name.rstrip('_')}"], 1)


async def test_a_wait_for_a_code_ends_with_the_message_that_has_it(sandbox: Sandbox, control: Control) -> None:
    waiting = await begun(sandbox.world, control.get("/messages", code="222222", wait="30s"))
    await sandbox.send(BETATEL_SMS.with_values(text="Your code is 111111"))
    await sandbox.send(BETATEL_SMS.with_values(text="Your code is 222222"))
    found = await waiting

    assert [item["id"] for item in found["items"]] == [sandbox.message(2).id]


async def test_markup_in_a_message_comes_back_as_data(sandbox: Sandbox) -> None:
    markup = "<script>alert(1)</script>"
    await sandbox.send(WHATSAPP.with_values(text=markup))
    async with sandbox.client.get("/_sandbox/messages/latest") as reply:
        found = (reply.content_type, reply.headers["X-Content-Type-Options"], (await reply.json())["text"])

    assert found == ("application/json", "nosniff", markup)


async def test_a_scheduled_message_hides_its_code_until_its_time(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(UBILL_SMS.with_values(text="Your code is 123456", sendTime="2026-03-02 17:00"))
    before = await control.get("/messages/latest")
    await sandbox.advance(timedelta(hours=1))
    after = await control.get("/messages/latest")

    assert (before["code"], before["status"], after["code"]) == (None, "scheduled", "123456")


async def test_the_code_that_a_provider_made_is_the_message_s(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(SMSBUDDY_OTP)

    assert (await control.get("/messages/latest"))["code"] == sandbox.message().code


async def test_a_message_tells_the_state_of_its_callbacks_together(
    sandbox: Sandbox, control: Control, receiver: Receiver
) -> None:
    receiver.answers.extend([says(503), says(200), says(200)])
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    states = [(await control.get("/messages/latest"))["callback_state"]]
    for by in ("200ms", "2s"):
        await control.post("/clock/advance", {"by": by})
        states.append((await control.get("/messages/latest"))["callback_state"])
    await control.post("/callbacks/1/hold")
    found = [len((await control.get("/messages", callback_state=each))["items"]) for each in ("failing", "delivered")]
    await control.post("/callbacks/1/fire")
    await sandbox.workspace.advance(timedelta(0))
    states.append((await control.get("/messages/latest"))["callback_state"])

    assert (states, found) == ([None, "failing", "failing", "delivered"], [1, 0])


async def test_a_wait_ends_when_a_callback_reaches_the_wanted_state(sandbox: Sandbox, control: Control) -> None:
    waiting = await begun(sandbox.world, control.get("/messages", callback_state="collected", wait="30s"))
    await sandbox.send()
    await sandbox.advance()

    assert len((await waiting)["items"]) == 1


@pytest.mark.parametrize(
    "words", ["930 305", "+387 61 930 305", "YOUR CODE", "facebook", "482910", "482-9", "930305", " code "]
)
async def test_a_search_finds_number_text_sender_and_code(sandbox: Sandbox, control: Control, words: str) -> None:
    await sandbox.send(BETATEL_SMS.with_values(text="Your code is 482-910"))
    await sandbox.send(BETATEL_SMS.with_values(**{"from": "Shop"}, to="38762111111", text="Hello"))

    assert [each["text"] for each in (await control.get("/messages", search=words))["items"]] == [
        "Your code is 482-910"
    ]


async def test_a_search_finds_a_part_of_an_id(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    await sandbox.send(WHATSAPP)
    wanted = sandbox.message(2).id

    assert [each["id"] for each in (await control.get("/messages", search=wanted[4:20].lower()))["items"]] == [wanted]


async def test_one_message_is_deleted_with_its_callbacks(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    await sandbox.send()
    await sandbox.advance()
    first = sandbox.message(1).id
    await control.delete(f"/messages/{first}")

    assert (
        [each["id"] for each in (await control.get("/messages"))["items"]],
        [each["message"] for each in (await control.get("/callbacks"))["items"]],
        await control.refused("DELETE", f"/messages/{first}"),
    ) == (
        [sandbox.message(2).id],
        [sandbox.message(2).id] * 2,
        (404, [("/id", f"no message has the id {first!r}")]),
    )
