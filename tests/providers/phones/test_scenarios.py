"""Phones that reply by themselves, and numbers that have opted out, by a scenario's rules and by magic numbers."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.core.scenario import Scenario
from sandbox.engine.workspace import WorkspaceConfig
from sandbox.scenarios import ScenarioLibrary
from sandbox.store.sqlite import SqliteStore
from tests.builders import NOON
from tests.control.calls import Control, Value
from tests.providers.phones.serving import acme_packs, send, serving, text
from tests.servers import FROZEN, Receiver, Sandbox
from tests.store.saved import load, save

LIBRARY = ScenarioLibrary(acme_packs())


def started(scenario: Scenario) -> WorkspaceConfig:
    return replace(FROZEN, scenario=scenario)


def with_rule(then: str) -> WorkspaceConfig:
    """Return what a sandbox starts with whose scenario has one rule."""
    return started(LIBRARY.text(f"rules: [{{name: the rule, then: {{{then}}}}}]", "test"))


DEFAULT = started(LIBRARY.named("default"))


async def told(sandbox: Sandbox) -> list[tuple[str, str, float]]:
    """Return direction, text and seconds since noon of each message that a phone sent, oldest first."""
    items: list[Value] = (await Control(sandbox).get("/messages", direction="inbound"))["items"]
    return [(each["from"], each["text"], seconds(sandbox, each["id"])) for each in reversed(items)]


def seconds(sandbox: Sandbox, message_id: str) -> float:
    message = sandbox.world.message(message_id)
    return -1 if message is None else (message.accepted_at - NOON).total_seconds()


async def test_10_replies_after_it_was_delivered(receiver: Receiver) -> None:
    async with serving(DEFAULT) as acme:
        acme.set_target("acme", receiver.url())
        await send(acme, "+38761000010")
        await acme.advance(timedelta(seconds=3))
        before = await told(acme)
        await acme.advance()

        assert (before, await told(acme), [each.path for each in receiver.calls]) == (
            [],
            [("+38761000010", "Yes", 3.2)],
            ["/dlr", "/dlr/inbound"],
        )


@pytest.mark.parametrize(("path", "status", "word"), [("/acme/sms", 403, None), ("/acme/quiet", 201, "REJECTD")])
async def test_21_is_treated_as_on_the_stop_list_and_is_not_on_it(path: str, status: int, word: str | None) -> None:
    async with serving(DEFAULT) as acme:
        got = await send(acme, "+38761000021", path=path)
        await acme.advance()

        request = await Control(acme).get("/requests/latest")
        words = [each.provider_status for each in acme.world.messages.values()]
        accounts = (await Control(acme).get("/accounts"))["items"]
        assert (got, request["rule"], words, [each["stop_list"] for each in accounts]) == (
            status,
            "21 opted out, as if on the stop list",
            [word] if word else [],
            [[]] if word else [],
        )


async def test_a_refusal_of_a_number_that_a_rule_has_opted_out_says_so() -> None:
    async with serving(with_rule("opted_out: true")) as acme:
        await send(acme)

        assert (await Control(acme).get("/requests/latest"))["why"] == [
            "recipient: '+38761444555' is on the stop list of the account",
            "acme.sms.send: the scenario's rule 'the rule' has the number opted out",
        ]


async def test_a_message_that_is_not_delivered_gets_no_reply() -> None:
    async with serving(with_rule("inbound: {text: Hi}, lifecycle: [sent: 1s, failed: 1s]")) as acme:
        await send(acme)
        await acme.advance()

        assert await told(acme) == []


async def test_a_message_that_is_moved_to_delivered_gets_a_reply_once() -> None:
    async with serving(with_rule("inbound: {text: Hi, after: 5s}, lifecycle: [sent: 1s]")) as acme:
        await send(acme)
        await acme.advance()
        await Control(acme).post("/messages/latest/status", {"status": "delivered"})
        await acme.advance()

        assert await told(acme) == [("+38761444555", "Hi", 6.0)]


async def test_a_reply_that_opts_out_puts_the_number_on_the_stop_list() -> None:
    async with serving(with_rule("inbound: {text: stop, after: 1m}")) as acme:
        await send(acme)
        await acme.advance()

        assert await send(acme) == 403


async def test_a_provider_without_texts_from_phones_only_delivers() -> None:
    async with serving(DEFAULT) as acme:
        body = {"from": "FACEBOOK", "to": "38761000010", "text": "Hello"}
        await acme.client.post("/api/smpp/client/send", json=body, headers={"x-api-key": "k1"})
        await acme.advance()

        assert ([each.provider_status for each in acme.world.messages.values()], len(acme.world.agenda)) == (
            ["delivered"],
            0,
        )


async def test_a_send_of_a_foreign_page_causes_no_callback_of_its_reply(receiver: Receiver) -> None:
    async with serving(with_rule("inbound: {text: Hi}")) as acme:
        acme.set_target("acme", receiver.url())
        body = {"to": "+38761444555", "from": "ACME", "text": "Hello"}
        headers = {"Authorization": "Bearer k1", "Sec-Fetch-Site": "cross-site"}
        await acme.client.post("/acme/sms", json=body, headers=headers)
        await acme.advance()

        assert ([each.state for each in acme.callbacks], receiver.calls) == (["collected"] * 2, [])


async def test_a_reply_that_is_due_outlasts_a_restart(tmp_path: Path) -> None:
    async with serving(DEFAULT, store=SqliteStore(tmp_path / "store.db")) as acme:
        await send(acme, "+38761000010")
        await acme.advance(timedelta(seconds=2))
    async with serving(DEFAULT, store=SqliteStore(tmp_path / "store.db")) as acme:
        (entry,) = (await Control(acme).get("/agenda"))["items"]
        await acme.advance()

        assert ((entry["kind"], entry["status"]), await told(acme), len(acme.world.agenda)) == (
            ("inbound", "received"),
            [("+38761000010", "Yes", 3.2)],
            0,
        )


async def test_a_reply_that_is_due_is_in_a_saved_state() -> None:
    async with serving(DEFAULT) as acme, serving(DEFAULT) as other:
        await send(acme, "+38761000010")
        await acme.advance(timedelta(seconds=2))
        await load(other, await save(acme, keys="true"))
        await other.advance()

        assert await told(other) == [("+38761000010", "Yes", 3.2)]


async def test_a_reset_and_a_deletion_cancel_the_reply() -> None:
    async with serving(DEFAULT) as acme:
        await send(acme, "+38761000010")
        await acme.advance(timedelta(seconds=2))
        await Control(acme).delete("/messages/latest")
        await acme.advance()
        deleted = await told(acme)
        await send(acme, "+38761000010")
        await acme.advance(timedelta(seconds=2))
        await acme.reset()
        await acme.advance()

        assert (deleted, await told(acme)) == ([], [])


async def test_an_advance_lists_the_reply() -> None:
    async with serving(DEFAULT) as acme:
        await send(acme, "+38761000010")

        done = await Control(acme).post("/clock/advance", {"until": "idle"})

        assert [(each["kind"], each["to"], each.get("status")) for each in done["items"]] == [
            ("status", "+38761000010", "sent"),
            ("status", "+38761000010", "delivered"),
            ("callback", "+38761000010", None),
            ("status", "ACME", "received"),
            ("callback", "ACME", None),
        ]


async def test_a_number_that_opted_out_by_a_rule_may_still_write() -> None:
    async with serving(with_rule("opted_out: true")) as acme:
        await send(acme, path="/acme/quiet")

        assert (await text(acme, "Hello"))["to"] == "ACME"
