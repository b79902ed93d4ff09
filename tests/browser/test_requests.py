"""The journal: refused requests with their reasons, and a request that can be sent again by curl."""

from playwright.sync_api import Page, expect

from tests.browser.served import Served
from tests.browser.sight import go, opened, row, rows
from tests.browser.test_first_start import run

BAD = b'{"from": "FACEBOOK", "to": "387x", "text": "hi"}'
HEADERS = {"x-api-key": "k1", "Content-Type": "application/json"}


def test_a_refused_request_is_marked_and_says_why(page: Page, server: Served) -> None:
    server.send()
    server.ask("POST", "/api/smpp/client/send", BAD, HEADERS)
    page.goto(server.page)
    go(page, "Requests")
    expect(rows(page)).to_have_count(2)
    row(page, "refused").click()

    reasons = page.get_by_role("region", name="Why it was refused")
    expect(reasons).to_contain_text("body.to: '387x' does not match")
    expect(page.get_by_role("region", name="Request", exact=True)).to_contain_text('"to": "387x"')
    expect(page.get_by_role("region", name="Reply 400")).to_contain_text("does not match")


def test_a_request_arrives_live(page: Page, server: Served) -> None:
    page.goto(f"{server.page}#/requests")
    expect(page.get_by_text("No request yet.")).to_be_visible()
    server.ask("POST", "/nowhere", b"", {})

    expect(row(page, "/nowhere")).to_contain_text("404")


def test_refused_requests_can_be_filtered(page: Page, server: Served) -> None:
    server.send()
    server.ask("POST", "/api/smpp/client/send", BAD, HEADERS)
    page.goto(f"{server.page}#/requests")
    page.get_by_label("Refused or not").select_option("Refused")

    expect(rows(page).locator(".http")).to_have_text(["400"])


def test_a_request_leads_to_its_message_and_back(page: Page, server: Served) -> None:
    message = server.send()
    page.goto(f"{server.page}#/requests/1")
    opened(page).get_by_role("link", name=message).click()
    expect(opened(page).locator("blockquote")).to_have_text("Your code is 555345")
    opened(page).get_by_role("link", name="Request 1").click()

    expect(opened(page).get_by_role("heading", level=2)).to_have_text("POST /api/smpp/client/send")


def test_a_request_can_be_sent_again_as_it_was_copied(page: Page, server: Served) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    server.send('It\'s "quoted" & $odd')
    page.goto(f"{server.page}#/requests/1")
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    line = page.evaluate("navigator.clipboard.readText()")
    assert run(server, line.replace("${SANDBOX_KEY:-demo}", "demo")) == 200
    page.goto(f"{server.page}#/messages")

    expect(rows(page).locator(".row-text")).to_have_text(['It\'s "quoted" & $odd'] * 2)
