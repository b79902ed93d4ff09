"""One message: its text, its code, its life, and its callbacks with every attempt."""

from playwright.sync_api import Page, expect

from tests.browser.hearing import Receiver
from tests.browser.served import Served
from tests.browser.sight import opened, row


def open_message(page: Page, server: Served, message: str) -> None:
    page.goto(f"{server.page}#/messages/{message}")
    expect(opened(page).get_by_role("heading", level=2)).to_contain_text("To 3876")


def test_the_text_stands_with_its_size(page: Page, server: Served) -> None:
    open_message(page, server, server.send("Paket je stigao 📦"))

    expect(opened(page).locator("figure")).to_have_text("FACEBOOKPaket je stigao 📦1 segment · ucs-2 · 17 characters")


def test_the_code_can_be_copied(page: Page, server: Served) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_message(page, server, server.send("Your code is 555345"))
    page.get_by_role("button", name="Copy code").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()

    assert page.evaluate("navigator.clipboard.readText()") == "555345"


def test_its_life_shows_what_was_and_what_is_planned(page: Page, server: Served) -> None:
    open_message(page, server, server.send())
    life = page.get_by_role("region", name="Life").get_by_role("listitem")
    expect(life.locator(".status")).to_have_text(["queued", "sent", "delivered"])
    expect(life.locator(".life-word")).to_have_text(["queued", "planned", "planned"])
    page.get_by_role("button", name="Advance the clock to sent").click()

    expect(life.locator(".life-word")).to_have_text(["queued", "sent", "planned"])


def test_it_can_be_moved_to_the_statuses_that_may_follow_alone(page: Page, server: Served) -> None:
    open_message(page, server, server.send_whatsapp())
    server.control("POST", "clock/advance", {"by": "1m"})
    move = page.get_by_label("Move to")
    expect(move.locator("option")).to_have_text(["read (READ)"])
    page.get_by_role("button", name="Move now").click()

    expect(page.get_by_text("It has ended: nothing may follow.")).to_be_visible()
    expect(row(page, "482910")).to_contain_text("read")


def test_a_callback_shows_every_attempt(page: Page, server: Served, receiver: Receiver) -> None:
    receiver.answers.append(503)
    server.control("PUT", "targets/betatel", {"url": receiver.url})
    message = server.send()
    server.control("POST", "clock/advance", {"until": "idle"})
    open_message(page, server, message)
    first = page.get_by_role("article", name="Callback 1")

    expect(first.locator(".callback-head")).to_contain_text("reports sentdelivered")
    expect(first.locator(".attempt-result")).to_have_text(["503", "200"])
    expect(first.locator(".attempt-number")).to_have_text(["Attempt 1", "Attempt 2"])
    first.get_by_text("Answer").first.click()
    expect(first.get_by_role("group", name="Answer").first).to_have_text("not now")
    first.get_by_text("POST").click()
    expect(first).to_contain_text('"status": "sent"')


def test_a_failed_attempt_says_why(page: Page, server: Served) -> None:
    server.control("PUT", "targets/betatel", {"url": "http://127.0.0.1:9/dlr"})
    message = server.send()
    server.control("POST", "clock/advance", {"by": "1s"})
    open_message(page, server, message)

    expect(page.locator(".attempt-result").first).to_have_text("no answer")
    expect(page.locator(".attempt-error").first).not_to_be_empty()


def test_a_callback_is_replayed(page: Page, server: Served, receiver: Receiver) -> None:
    server.control("PUT", "targets/betatel", {"url": receiver.url})
    message = server.send()
    server.control("POST", "clock/advance", {"until": "idle"})
    open_message(page, server, message)
    last = page.get_by_role("article", name="Callback 2")
    last.get_by_role("button", name="Replay").click()

    expect(last.locator(".attempt-number")).to_have_text(["Attempt 1", "Replay (2)"])
    assert receiver.heard[-1] == receiver.heard[-2]


def test_a_waiting_retry_is_held_released_and_cancelled(page: Page, server: Served, receiver: Receiver) -> None:
    receiver.answers.append(503)
    server.control("PUT", "targets/betatel", {"url": receiver.url})
    message = server.send()
    server.control("POST", "clock/advance", {"by": "1s"})
    open_message(page, server, message)
    callback = page.get_by_role("article", name="Callback 1")
    state = callback.locator(".state-word")
    expect(state).to_have_text("pending")
    callback.get_by_role("button", name="Hold").click()
    expect(state).to_have_text("held")
    callback.get_by_role("button", name="Release").click()
    expect(state).to_have_text("pending")
    callback.get_by_role("button", name="Cancel").click()

    expect(state).to_have_text("cancelled")


def test_a_callback_that_went_nowhere_leads_to_where_a_target_is_set(page: Page, server: Served) -> None:
    message = server.send()
    server.control("POST", "clock/advance", {"by": "1m"})
    open_message(page, server, message)
    page.get_by_role("article", name="Callback 1").get_by_role("link", name="Set one").click()

    expect(page.get_by_label("Callbacks go to")).to_be_visible()


def test_a_message_that_is_gone_is_said_to_be(page: Page, server: Served) -> None:
    page.goto(f"{server.page}#/messages/nowhere")

    expect(page.get_by_role("alert")).to_have_text("There is no such message here (any more).")
