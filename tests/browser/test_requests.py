"""The journal: refused requests with their reasons, and a request that can be sent again by curl."""

import pytest
from aiohttp import ClientError
from playwright.async_api import Page, expect

from tests.browser.curls import run
from tests.browser.served import Served
from tests.browser.sight import copied, go, live, opened, row, rows
from tests.servers import BETATEL_SMS

pytestmark = pytest.mark.asyncio(loop_scope="session")

BAD = BETATEL_SMS.with_values(to="387x")


async def test_a_refused_request_is_marked_and_says_why(page: Page, server: Served) -> None:
    await server.send()
    await server.post(BAD)
    await page.goto(server.page)
    await go(page, "Requests")
    await expect(rows(page)).to_have_count(2)
    await row(page, "refused").click()

    reasons = page.get_by_role("region", name="Reasons")
    await expect(reasons).to_contain_text("body.to: '387x' does not match")
    await expect(page.get_by_role("region", name="Request", exact=True)).to_contain_text('"to": "387x"')
    await expect(page.get_by_role("region", name="Reply 400")).to_contain_text("does not match")


async def test_a_request_that_is_accepted_shows_what_was_passed_over(page: Page, server: Served) -> None:
    await server.ask("GET", "/v1/sms/send?key=k1&brandID=1&text=hello&numbers=995511194242,12&stoplist=0", b"", {})
    await page.goto(f"{server.page}#/requests/1")

    notes = page.get_by_role("region", name="Notes")
    await expect(notes.get_by_role("listitem")).to_have_text(
        [
            (
                "numbers[1]: '12' is dropped: it has too few digits: 2 "
                "(documented: numbers in international format without + and 00)"
            ),
            "query.stoplist: unknown parameter; did you mean stopList?",
        ]
    )


async def test_a_header_that_is_encoded_is_shown_decoded(page: Page, server: Served) -> None:
    await server.post(BETATEL_SMS.with_values(to="38761930305…"))
    await page.goto(f"{server.page}#/requests/1")
    reply = page.get_by_role("region", name="Reply 400")

    await expect(reply.locator("dt:text-is('X-Sandbox-Why') + dd")).to_contain_text(
        "body.to: '38761930305…' does not match"
    )


async def test_a_request_arrives_live(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/requests")
    await expect(page.get_by_text("No requests yet.")).to_be_visible()
    await server.ask("POST", "/nowhere", b"", {})

    await expect(row(page, "/nowhere")).to_contain_text("404")


async def test_a_request_of_a_new_server_takes_the_place_of_the_old_one_of_its_number(
    page: Page, server: Served
) -> None:
    await server.ask("POST", "/before", b"", {})
    await page.goto(f"{server.page}#/requests")
    await expect(rows(page)).to_contain_text(["/before"])
    await server.stop()
    await expect(live(page)).to_have_text("Reconnecting")
    await server.start()
    await server.ask("POST", "/after", b"", {})
    await expect(live(page)).to_have_text("Live")

    await expect(rows(page)).to_contain_text(["/after"])


async def test_refused_requests_can_be_filtered(page: Page, server: Served) -> None:
    await server.send()
    await server.post(BAD)
    await page.goto(f"{server.page}#/requests")
    await page.get_by_label("Outcome").select_option("Refused")

    await expect(rows(page).locator(".http")).to_have_text(["400"])


async def test_a_request_leads_to_its_message_and_back(page: Page, server: Served) -> None:
    message = await server.send()
    await page.goto(f"{server.page}#/requests/1")
    await opened(page).get_by_role("link", name=message).click()
    await expect(opened(page).locator("blockquote")).to_have_text("Your code is 555345")
    await opened(page).get_by_role("link", name="Request 1").click()

    await expect(opened(page).get_by_role("heading", level=2)).to_have_text("POST /api/smpp/client/send")


async def test_a_request_that_repeats_one_whose_reply_was_lost_links_to_it(page: Page, server: Served) -> None:
    for _ in range(2):
        with pytest.raises(ClientError):
            await server.send(to="38761000062")
    await page.goto(f"{server.page}#/requests/2")
    await opened(page).get_by_role("link", name="request 1", exact=True).click()
    await expect(opened(page).get_by_role("heading", level=2)).to_have_text("POST /api/smpp/client/send")
    await expect(opened(page).get_by_text("Resend")).to_have_count(0)
    await page.goto(f"{server.page}#/messages/{(await server.control('GET', 'messages/latest'))['id']}")

    await expect(opened(page).get_by_text("same text and recipient as request 1")).to_be_visible()


async def test_a_request_can_be_sent_again_as_it_was_copied(page: Page, server: Served) -> None:
    await server.send('It\'s "quoted" & $odd')
    await page.goto(f"{server.page}#/requests/1")
    await page.get_by_role("button", name="Copy as curl").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    line = await copied(page)
    await run(server, line)
    await page.goto(f"{server.page}#/messages")

    await expect(rows(page).locator(".row-text")).to_have_text(['It\'s "quoted" & $odd'] * 2)
