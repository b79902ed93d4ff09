"""Texts from phones outlast a restart and travel in saved states, with their callbacks and the stop list."""

from dataclasses import replace
from pathlib import Path

from sandbox.engine.providers import replace_providers
from sandbox.providers.registry import Pack
from sandbox.store.sqlite import SqliteStore
from tests.control.calls import Control, Value
from tests.providers.phones.serving import PHONE, acme_packs, send, serving, text
from tests.servers import Receiver, Sandbox, says
from tests.store.saved import load, save


async def everything(sandbox: Sandbox) -> list[Value]:
    """Return the messages, callbacks and accounts that the control API shows."""
    return [await Control(sandbox).get(path) for path in ("/messages", "/callbacks", "/accounts")]


async def test_a_text_and_its_callback_go_on_after_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers.append(says(503))
    async with serving(store=SqliteStore(tmp_path / "store.db")) as acme:
        acme.set_target("acme", receiver.url())
        await send(acme, path="/acme/quiet")
        await text(acme, "STOP")
        await acme.until(lambda: bool(acme.attempts))
        before = await everything(acme)
    async with serving(store=SqliteStore(tmp_path / "store.db")) as acme:
        after = await everything(acme)
        refused = await send(acme)
        await acme.advance()

        assert (after, refused, [each.state for each in acme.callbacks]) == (before, 403, ["delivered", "delivered"])


async def test_a_text_is_in_a_saved_state(acme: Sandbox) -> None:
    await send(acme)
    await text(acme, "STOP")
    before = await everything(acme)

    file = await save(acme, keys="true")
    async with serving() as other:
        await load(other, file)
        after = await everything(other)

        assert (after, await send(other)) == (before, 403)


async def test_an_edit_that_drops_texts_from_phones_keeps_those_that_came(acme: Sandbox, receiver: Receiver) -> None:
    receiver.answers.append(says(503))
    acme.set_target("acme", receiver.url())
    await send(acme, path="/acme/quiet")
    await text(acme, "Yes")
    await acme.until(lambda: bool(acme.attempts))

    replace_providers(acme.engine, {**acme_packs(), "acme": without_inbound(acme_packs()["acme"])})
    refused = await Control(acme).call("POST", "/inbound", {"provider": "acme", "from": PHONE, "text": "Yes"})
    await acme.advance()

    assert (refused.status, [each.path for each in receiver.calls if each.path.endswith("/inbound")]) == (
        409,
        ["/dlr/inbound"] * 2,
    )


def without_inbound(pack: Pack) -> Pack:
    """Return a provider whose document describes no messages from phones any more."""
    return replace(pack, provider=replace(pack.provider, inbound={}, received={}, retries={}))
