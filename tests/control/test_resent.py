"""A request that repeats one whose reply was lost is marked in the journal, with a link to the first."""

from datetime import timedelta

import pytest
from aiohttp import ClientError

from sandbox.core.effects import Fault
from sandbox.core.journal import TEXTS_KEPT, LostReplies, LostReply, SentText
from sandbox.scenarios import load_named
from tests.builders import NOON, packs
from tests.control.calls import Control
from tests.scenarios.builders import load
from tests.servers import BETATEL_SMS, SMSBUDDY_SMS, UBILL_SMS, Sandbox, Sms

SMS_62 = BETATEL_SMS.with_values(to="38761000062")
UBILL_62 = UBILL_SMS.with_values(numbers="995511000062")
LOST = (True, 1)
NEW = (False, None)


@pytest.fixture(autouse=True)
def magic_numbers(sandbox: Sandbox) -> None:
    """Give the sandbox the magic numbers."""
    sandbox.workspace.use(load_named("default", packs=packs()))


async def lose(sandbox: Sandbox, sms: Sms) -> None:
    """Send what is accepted but not answered."""
    with pytest.raises(ClientError):
        await sandbox.send(sms)


async def marks(control: Control) -> list[tuple[bool, int | None]]:
    """Return for each request whether it was resent, and of which; the oldest first."""
    items = (await control.get("/requests"))["items"]
    return [(each["resent"], each["resent_of"]) for each in reversed(items)]


@pytest.mark.parametrize("sms", [SMS_62, UBILL_62, SMSBUDDY_SMS.with_values(to="9876000062")])
async def test_the_same_text_to_the_same_number_after_a_lost_reply_is_resent(
    sandbox: Sandbox, control: Control, sms: Sms
) -> None:
    for _ in range(3):
        await lose(sandbox, sms)

    assert (await marks(control), len(sandbox.world.messages)) == ([NEW, LOST, LOST], 3)


async def test_one_request_is_shown_with_the_link(sandbox: Sandbox, control: Control) -> None:
    await lose(sandbox, SMS_62)
    await lose(sandbox, SMS_62)
    entry = await control.get("/requests/latest")

    assert (entry["resent"], entry["resent_of"]) == LOST


@pytest.mark.parametrize(
    "other",
    [
        SMS_62.with_values(text="Your code is 111111"),
        SMS_62.with_values(to="38762000062"),
        Sms(SMS_62.path, SMS_62.body, {"x-api-key": "k2"}),
    ],
)
async def test_another_text_number_or_account_is_not(sandbox: Sandbox, control: Control, other: Sms) -> None:
    await lose(sandbox, SMS_62)
    await lose(sandbox, other)

    assert await marks(control) == [NEW, NEW]


@pytest.mark.parametrize(("seconds", "mark"), [(60, LOST), (61, NEW)])
async def test_it_counts_for_a_minute_of_the_clock(
    sandbox: Sandbox, control: Control, seconds: int, mark: tuple[bool, int | None]
) -> None:
    await lose(sandbox, SMS_62)
    await sandbox.advance(timedelta(seconds=seconds))
    await lose(sandbox, SMS_62)

    assert await marks(control) == [NEW, mark]


@pytest.mark.parametrize("fault", [Fault.CONNECTION_RESET, Fault.EMPTY_REPLY, Fault.TRUNCATED_BODY])
async def test_any_reply_that_cannot_be_read_whole_is_lost(sandbox: Sandbox, control: Control, fault: Fault) -> None:
    sandbox.workspace.use(load(f"rules: [{{when: {{first: 1}}, then: {{fault: {fault}, accepted: true}}}}]"))
    await lose(sandbox, BETATEL_SMS)
    await sandbox.send(BETATEL_SMS)

    assert await marks(control) == [NEW, LOST]


async def test_a_malformed_reply_is_lost_too(sandbox: Sandbox, control: Control) -> None:
    sandbox.workspace.use(load("rules: [{when: {first: 1}, then: {fault: malformed_body, accepted: true}}]"))
    await sandbox.send(BETATEL_SMS)
    await sandbox.send(BETATEL_SMS)

    assert await marks(control) == [NEW, LOST]


@pytest.mark.parametrize("then", ["fault: connection_reset", "error: server-error, accepted: true", "after: 1ms"])
async def test_what_was_not_accepted_or_was_answered_is_not_lost(sandbox: Sandbox, control: Control, then: str) -> None:
    sandbox.workspace.use(load(f"rules: [{{when: {{first: 1}}, then: {{{then}}}}}]"))
    if "reset" in then:
        await lose(sandbox, BETATEL_SMS)
    else:
        await sandbox.send(BETATEL_SMS)
    await sandbox.send(BETATEL_SMS)

    assert await marks(control) == [NEW, NEW]


async def test_the_scenario_lost_replies_answers_what_is_sent_again(sandbox: Sandbox, control: Control) -> None:
    await control.put("/scenario", {"use": "lost-replies"})
    await lose(sandbox, BETATEL_SMS)
    reply = await sandbox.send(BETATEL_SMS)

    assert (reply.status, await marks(control), len(sandbox.world.messages)) == (200, [NEW, LOST], 2)


async def test_a_reset_discards_lost_replies(sandbox: Sandbox, control: Control) -> None:
    await lose(sandbox, SMS_62)
    await sandbox.reset()
    await lose(sandbox, SMS_62)

    assert await marks(control) == [NEW]


def test_only_so_many_texts_are_remembered() -> None:
    lost, texts = LostReplies(), [SentText("betatel", "k1", str(number), "text") for number in range(TEXTS_KEPT + 1)]
    lost.put(LostReply(NOON, 1, tuple(texts[:-1])))
    lost.put(LostReply(NOON, 2, tuple(texts[-1:])))

    assert [lost.find([texts[place]], NOON) for place in (0, 1, -1)] == [None, 1, 2]
