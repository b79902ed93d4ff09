"""Messages from phones in the inbox: a reply as this phone, and rows that look different."""

from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import ServerMaker
from tests.browser.served import FROZEN, Served
from tests.browser.sight import opened
from tests.providers.phones.serving import FOLDER

pytestmark = pytest.mark.asyncio(loop_scope="session")
PHONE = "+38761444555"
ACME = replace(FROZEN, specs=(FOLDER,))


async def send(server: Served, *, key: str = "k1") -> str:
    """Send as an application would; return the id of the message."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = b'{"to": "+38761444555", "from": "ACME", "text": "Shall we come at noon?"}'
    reply = await server.ask("POST", "/acme/quiet", body, headers)
    return str(reply.value["id"])


async def test_a_reply_as_this_phone_opens_the_message_that_it_is(page: Page, make_server: ServerMaker) -> None:
    server = await make_server(ACME)
    await page.goto(f"{server.page}#/messages/{await send(server)}")
    form = page.get_by_role("form", name="Reply as this phone")
    await form.get_by_role("textbox").fill("Yes, please")
    await form.get_by_role("button", name="Reply", exact=True).click()

    await expect(opened(page).locator("h2")).to_have_text(f"From {PHONE} received")
    await expect(opened(page).locator("blockquote")).to_have_text("Yes, please")
    await expect(opened(page).locator(".phone-from")).to_have_text("To ACME")
    await expect(form).to_be_hidden()
    await expect(page.locator(".message-row [data-status='received']")).to_have_count(1)


async def test_stop_puts_the_number_on_the_stop_list(page: Page, make_server: ServerMaker) -> None:
    server = await make_server(ACME)
    await page.goto(f"{server.page}#/messages/{await send(server)}")
    await page.get_by_role("form", name="Reply as this phone").get_by_role("button", name="STOP").click()
    await expect(opened(page).locator("dl .opt-word")).to_have_text("opts out")
    account = await server.control("GET", "accounts/acme/k1")

    assert account["stop_list"] == ["38761444555"]


async def test_a_reply_is_for_the_account_of_the_message(page: Page, make_server: ServerMaker) -> None:
    server = await make_server(ACME)
    first = await send(server, key="first")
    await send(server, key="second")
    await page.goto(f"{server.page}#/messages/{first}")
    form = page.get_by_role("form", name="Reply as this phone")
    await form.get_by_role("textbox").fill("Yes")
    await form.get_by_role("textbox").press("Enter")
    await expect(opened(page).locator("h2")).to_have_text(f"From {PHONE} received")
    found = await server.control("GET", "messages/latest")

    assert found["account"] == "fi…"


async def test_a_text_arrives_live_and_is_found_by_the_number_of_the_phone(
    page: Page, make_server: ServerMaker
) -> None:
    server = await make_server(ACME)
    await send(server)
    await page.goto(f"{server.page}#/messages")
    await expect(page.locator(".message-row .row-text")).to_have_text(["Shall we come at noon?"])
    await server.control("POST", "inbound", {"provider": "acme", "from": PHONE, "text": "stop"})
    await send(server)
    await expect(page.locator(".message-row .row-text")).to_have_text(
        ["Shall we come at noon?", "stop", "Shall we come at noon?"]
    )
    await expect(page.locator(".message-row .row-code")).to_have_text(["", "opts out", ""])
    await page.get_by_role("searchbox").fill("761-444")
    await page.get_by_label("Status", exact=True).select_option("received")

    await expect(page.locator(".message-row .row-text")).to_have_text(["stop"])


async def test_the_page_of_a_provider_says_which_words_opt_out(page: Page, make_server: ServerMaker) -> None:
    server = await make_server(ACME)
    await page.goto(f"{server.page}#/providers/acme")
    await page.get_by_role("group").filter(has=page.locator("summary", has_text="sms")).locator("summary").first.click()

    await expect(page.get_by_text("Takes messages from phones.")).to_have_text(
        "Takes messages from phones. These opt out: ARRET, STOP; these opt in: START."
    )


async def test_a_provider_without_messages_from_phones_offers_no_reply(page: Page, server: Served) -> None:
    body = b'{"from": "FACEBOOK", "to": "38761930305", "text": "Hello"}'
    headers = {"x-api-key": "k1", "Content-Type": "application/json"}
    await server.ask("POST", "/api/smpp/client/send", body, headers)
    await page.goto(f"{server.page}#/messages/latest")

    await expect(opened(page).locator("blockquote")).to_have_text("Hello")
    await expect(page.get_by_role("form", name="Reply as this phone")).to_be_hidden()
