"""One message: its text, its code, its life, and its callbacks with every attempt."""

from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from tests.browser.served import Served
from tests.browser.sight import copied, opened, row
from tests.servers import BETATEL_SMS, Receiver, says

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def open_message(page: Page, server: Served, message: str) -> None:
    await page.goto(f"{server.page}#/messages/{message}")
    await expect(opened(page).get_by_role("heading", level=2)).to_contain_text("To 3876")


async def test_the_text_stands_with_its_size(page: Page, server: Served) -> None:
    await open_message(page, server, await server.send("Paket je stigao 📦"))

    await expect(opened(page).locator("figure")).to_have_text(
        "FACEBOOKPaket je stigao 📦1 segment · ucs-2 · 17 characters"
    )


async def test_the_code_can_be_copied(page: Page, server: Served) -> None:
    await open_message(page, server, await server.send("Your code is 555345"))
    await page.get_by_role("button", name="Copy code").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()

    assert await copied(page) == "555345"


async def test_its_trace_stands_in_the_details_of_message_and_request(page: Page, server: Served) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {**BETATEL_SMS.headers, "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    sent = await server.post(replace(BETATEL_SMS, headers=headers))
    await open_message(page, server, sent.value["uuid"])
    await expect(opened(page).locator(".message-about")).to_contain_text(trace)
    await opened(page).get_by_role("link", name="Request 1").click()
    await expect(opened(page).locator(".facts").first).to_contain_text(trace)
    await page.get_by_role("button", name="Copy trace ID").click()
    await expect(page.get_by_role("status").filter(has_text="Copied")).to_be_attached()

    assert await copied(page) == trace


async def test_its_life_shows_what_was_and_what_is_planned(page: Page, server: Served) -> None:
    await open_message(page, server, await server.send())
    life = page.get_by_role("region", name="Lifecycle").get_by_role("listitem")
    await expect(life.locator(".status")).to_have_text(["queued", "sent", "delivered"])
    await expect(life.locator(".lifecycle-word")).to_have_text(["queued", "planned", "planned"])
    await page.get_by_role("button", name="Advance the clock to sent").click()

    await expect(life.locator(".lifecycle-word")).to_have_text(["queued", "sent", "planned"])


async def test_it_can_be_moved_to_the_statuses_that_may_follow_alone(page: Page, server: Served) -> None:
    await open_message(page, server, await server.send_whatsapp())
    await server.advance()
    move = page.get_by_label("New status")
    await expect(move.locator("option")).to_have_text(["read (READ)"])
    await page.get_by_role("button", name="Change status").click()

    await expect(page.get_by_text("Final status")).to_be_visible()
    await expect(row(page, "482910")).to_contain_text("read")


async def test_a_callback_shows_every_attempt(page: Page, server: Served, receiver: Receiver) -> None:
    receiver.answers.append(says(503, "not now"))
    await server.control("PUT", "targets/betatel", {"url": receiver.url()})
    message = await server.send()
    await server.control("POST", "clock/advance", {"until": "idle"})
    await open_message(page, server, message)
    first = page.get_by_role("article", name="Callback 1")

    await expect(first.locator(".callback-head")).to_contain_text("reports sentdelivered")
    await expect(first.locator(".attempt-result")).to_have_text(["503", "200"])
    await expect(first.locator(".attempt-number")).to_have_text(["Attempt 1", "Attempt 2"])
    await expect(first.locator(".attempt-url")).to_have_text([receiver.url()] * 2)
    await first.get_by_text("Response").first.click()
    await expect(first.get_by_role("group", name="Response").first).to_have_text("not now")
    await first.get_by_text("POST").click()
    await expect(first).to_contain_text('"status": "sent"')


async def test_a_failed_attempt_says_why(page: Page, server: Served) -> None:
    await server.control("PUT", "targets/betatel", {"url": "http://127.0.0.1:9/dlr"})
    message = await server.send()
    await server.advance("1s")
    await open_message(page, server, message)

    await expect(page.locator(".attempt-result").first).to_have_text("no response")
    await expect(page.locator(".attempt-error").first).not_to_be_empty()


async def test_a_callback_is_replayed(page: Page, server: Served, receiver: Receiver) -> None:
    await server.control("PUT", "targets/betatel", {"url": receiver.url()})
    message = await server.send()
    await server.control("POST", "clock/advance", {"until": "idle"})
    await open_message(page, server, message)
    last = page.get_by_role("article", name="Callback 2")
    await last.get_by_role("button", name="Replay").click()

    await expect(last.locator(".attempt-number")).to_have_text(["Attempt 1", "Replay (2)"])
    assert receiver.calls[-1] == receiver.calls[-2]


async def test_a_waiting_retry_is_held_released_and_cancelled(page: Page, server: Served, receiver: Receiver) -> None:
    receiver.answers.append(says(503, "not now"))
    await server.control("PUT", "targets/betatel", {"url": receiver.url()})
    message = await server.send()
    await server.advance("1s")
    await open_message(page, server, message)
    callback = page.get_by_role("article", name="Callback 1")
    state = callback.locator(".state-word")
    await expect(state).to_have_text("pending")
    await callback.get_by_role("button", name="Hold").click()
    await expect(state).to_have_text("held")
    await callback.get_by_role("button", name="Release").click()
    await expect(state).to_have_text("pending")
    await callback.get_by_role("button", name="Cancel").click()

    await expect(state).to_have_text("cancelled")


async def test_a_callback_that_went_nowhere_leads_to_where_a_target_is_set(page: Page, server: Served) -> None:
    message = await server.send()
    await server.advance()
    await open_message(page, server, message)
    await page.get_by_role("article", name="Callback 1").get_by_role("link", name="Set a target").click()

    await expect(page.get_by_label("Callback URL")).to_be_visible()


async def test_a_message_that_is_gone_is_said_to_be(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/messages/nowhere")

    await expect(page.get_by_role("alert")).to_have_text("This message does not exist or is no longer kept.")
