"""Phones that opt out and in again: the stop list of the account, and what happens to sends."""

import pytest

from tests.control.calls import Control
from tests.providers.phones.serving import PHONE, send, text
from tests.servers import Receiver, Sandbox


async def stop_list(sandbox: Sandbox, key: str = "k1") -> list[str]:
    account = await Control(sandbox).get(f"/accounts/acme/{key}")
    return list(account["stop_list"])


@pytest.mark.parametrize("words", ["STOP", "stop", " Stop \n", "ARRET"])
async def test_a_word_that_opts_out_puts_the_number_on_the_stop_list(acme: Sandbox, words: str) -> None:
    await send(acme)

    message = await text(acme, words)

    assert (message["opt"], await stop_list(acme), await send(acme)) == ("stop", ["38761444555"], 403)


async def test_only_the_words_of_the_document_opt_out(acme: Sandbox) -> None:
    await send(acme)

    opts = [(await text(acme, words))["opt"] for words in ("STOPALL", "please stop", "STOP.", "YES")]

    assert (opts, await stop_list(acme), await send(acme)) == ([None] * 4, [], 201)


async def test_a_word_that_opts_in_takes_the_number_off_again(acme: Sandbox) -> None:
    await send(acme)
    await Control(acme).patch("/accounts/acme/k1", {"stop_list": ["+387 61 444-555", "38761000099"]})

    message = await text(acme, "start")

    assert (message["opt"], await stop_list(acme), await send(acme)) == ("start", ["38761000099"], 201)


async def test_a_message_to_a_number_that_opted_out_is_rejected_if_the_operation_does_not_refuse_it(
    acme: Sandbox,
) -> None:
    await send(acme)
    await text(acme, "STOP")

    status = await send(acme, path="/acme/quiet")
    await acme.advance()

    assert (status, acme.message(3).provider_status) == (201, "REJECTD")


async def test_the_number_has_opted_out_for_one_account_alone(acme: Sandbox) -> None:
    await send(acme, key="k2")
    await send(acme, key="k1")

    await text(acme, "STOP")

    assert [await send(acme, key=key) for key in ("k1", "k2")] == [403, 201]


async def test_the_callback_tells_what_the_text_asks_for(acme: Sandbox, receiver: Receiver) -> None:
    acme.set_target("acme", receiver.url())
    await send(acme, path="/acme/quiet")

    await text(acme, "stop")
    await text(acme, "START")
    await acme.until(lambda: len(receiver.calls) == 2)

    assert sorted("Keyword=stop" in each.body for each in receiver.calls) == [False, True]


async def test_a_number_that_opted_out_can_still_write(acme: Sandbox) -> None:
    await send(acme)
    await text(acme, "STOP")

    message = await text(acme, "Thank you", **{"from": PHONE})

    assert (message["to"], message["opt"], await stop_list(acme)) == ("ACME", None, ["38761444555"])
