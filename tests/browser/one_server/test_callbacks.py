"""Callbacks in sight: their page, the column of the messages, and the counter in the header."""

import json

import pytest
from playwright.async_api import Page, expect

from tests.browser.served import Served
from tests.browser.sight import go, opened, row, rows
from tests.servers import UBILL_SMS, WHATSAPP, Receiver, says

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def failing(server: Served) -> None:
    """Send two SMS through uBill whose first callbacks fail."""
    await server.post(UBILL_SMS.with_values(numbers=["995511194242", "995511194243"]))
    await server.advance("1s")


async def test_a_row_tells_state_provider_recipient_report_attempts_answer_and_next_attempt(
    page: Page, server: Served
) -> None:
    await failing(server)
    await page.goto(f"{server.page}#/callbacks")

    await expect(row(page, "995511194243").locator("a > span")).to_have_text(
        ["pending", "ubill", "995511194243", "0 (sent)", "1", "501 Unsupported method ('GET')", "in 59 s"]
    )


async def test_what_ubill_reports_is_said_in_words(page: Page, server: Served) -> None:
    await failing(server)
    await server.advance("5s")
    await page.goto(f"{server.page}#/callbacks")

    await expect(rows(page).locator(".row-reports")).to_have_text(
        ["1 (delivered)", "1 (delivered)", "0 (sent)", "0 (sent)"]
    )


async def test_callbacks_arrive_and_change_live(page: Page, server: Served, receiver: Receiver) -> None:
    await page.goto(f"{server.page}#/callbacks")
    await expect(page.get_by_text("No callbacks yet.")).to_be_visible()
    await failing(server)
    await expect(rows(page).locator(".row-state")).to_have_text(["pending", "pending"])
    receiver.otherwise = says(200)
    await server.control("POST", "callbacks/1/fire")

    await expect(rows(page).locator(".row-state")).to_have_text(["pending", "delivered"])


async def test_callbacks_are_filtered_by_state_provider_and_words(page: Page, server: Served) -> None:
    await failing(server)
    await server.send_buddy("collected")
    await server.advance("5s")
    await page.goto(f"{server.page}#/callbacks")
    await expect(rows(page)).to_have_count(5)
    await page.get_by_label("State").select_option("failing")
    await expect(rows(page)).to_have_count(4)
    await page.get_by_label("Search").fill("194243")
    await expect(rows(page)).to_have_count(2)
    await page.get_by_role("button", name="Clear filters").click()
    await page.get_by_label("Provider").select_option("smsbuddy")

    await expect(rows(page).locator(".row-state")).to_have_text(["collected"])


async def test_all_that_failed_are_replayed_at_once(page: Page, server: Served, receiver: Receiver) -> None:
    await server.control("PUT", "scenario", {"name": "one", "settings": {"ubill": {"retries": []}}})
    await failing(server)
    await page.goto(f"{server.page}#/callbacks")
    await expect(rows(page).locator(".row-state")).to_have_text(["failed", "failed"])
    receiver.otherwise = says(200)
    await page.get_by_role("button", name="Replay all failed").click()
    await expect(page.locator(".note")).to_have_text("Replay: 2 callbacks")

    await expect(rows(page).locator(".row-state")).to_have_text(["delivered", "delivered"])


async def test_a_selection_is_held_released_fired_and_cancelled(page: Page, server: Served, receiver: Receiver) -> None:
    await failing(server)
    await page.goto(f"{server.page}#/callbacks")
    await expect(rows(page)).to_have_count(2)
    await page.get_by_label("Select all callbacks").check()
    states = rows(page).locator(".row-state")
    for action, expected in (("Hold", "held"), ("Release", "pending")):
        await page.get_by_role("button", name=action, exact=True).click()
        await expect(states).to_have_text([expected, expected])
    receiver.otherwise = says(200)
    await page.get_by_label("Select callback 2").uncheck()
    await page.get_by_role("button", name="Send now", exact=True).click()
    await expect(states).to_have_text(["pending", "delivered"])
    await page.get_by_label("Select callback 2").check()
    await page.get_by_role("button", name="Cancel 1").click()

    await expect(states).to_have_text(["cancelled", "delivered"])


async def test_a_row_opens_the_callback_with_its_attempts_and_its_message(page: Page, server: Served) -> None:
    await failing(server)
    await page.goto(f"{server.page}#/callbacks")
    await row(page, "995511194242").get_by_role("link").click()
    card = opened(page).get_by_role("article", name="Callback 1")
    await expect(card.locator(".callback-head")).to_contain_text("reports 0 (sent)pending")
    await expect(card.locator(".attempt-result")).to_have_text(["501"])
    await expect(page).to_have_title("Callback 1 · sms-sandbox")
    await opened(page).get_by_role("link", name="to 995511194242").click()

    await expect(opened(page).get_by_role("heading", level=2)).to_have_text("To 995511194242 sent")


async def test_a_callback_that_is_gone_is_said_to_be(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/callbacks/99")

    await expect(page.get_by_role("alert")).to_have_text("This callback does not exist or is no longer kept.")


async def test_a_message_row_tells_channel_sender_and_the_state_of_its_callbacks(
    page: Page, server: Served, receiver: Receiver
) -> None:
    await server.post(WHATSAPP)
    await page.goto(f"{server.page}#/messages")
    signs = rows(page).locator("a > span:is(.row-channel, .row-from, .row-callbacks)")
    await expect(signs).to_have_text(["whatsapp", "", ""])
    await server.send()
    await server.advance("1s")
    await expect(signs).to_have_text(["sms", "FACEBOOK", "✗ failing", "whatsapp", "", "✗ failing"])
    receiver.otherwise = says(200)
    await server.advance("10s")

    await expect(signs).to_have_text(["sms", "FACEBOOK", "✓ delivered", "whatsapp", "", "✓ delivered"])


async def test_messages_are_filtered_by_the_state_of_their_callbacks(page: Page, server: Served) -> None:
    await server.send_buddy("collected")
    await page.goto(f"{server.page}#/messages?callback_state=failing")
    await expect(page.get_by_text("No messages match these filters.")).to_be_visible()
    await failing(server)

    await expect(rows(page).locator(".row-to")).to_have_text(["995511194243", "995511194242"])


async def test_the_header_counts_failing_callbacks_whatever_the_view(
    page: Page, server: Served, receiver: Receiver
) -> None:
    await page.goto(f"{server.page}#/clock")
    counter = page.locator(".failing-chip")
    await expect(counter).to_be_hidden()
    await failing(server)
    await expect(counter).to_have_accessible_name("2 failing callbacks")
    await go(page, "Providers")
    await counter.click()
    await expect(rows(page)).to_have_count(2)
    receiver.otherwise = says(200)
    await server.control("POST", "callbacks/1/fire")
    await expect(counter).to_have_accessible_name("1 failing callback")
    await server.control("DELETE", "messages")

    await expect(counter).to_be_hidden()
    assert json.loads((await server.ask("GET", "/_sandbox/callbacks", b"", {})).body)["items"] == []
