"""Lists: density and widths, selection and deletion, filters by time and status code, and what is not green."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.served import Served
from tests.browser.sight import opened, row, rows
from tests.servers import BETATEL_SMS, UBILL_SMS

pytestmark = pytest.mark.asyncio(loop_scope="session")

# The rows that are in view as a whole.
WHOLE = """() => {
    const { top, bottom } = document.querySelector('.rows-scroller').getBoundingClientRect();
    return [...document.querySelectorAll('.rows-body > li')].map((each) => each.getBoundingClientRect())
        .filter((each) => each.top >= top && each.bottom <= Math.min(bottom, innerHeight)).length;
}"""


async def test_the_columns_have_headings_above_them(page: Page, server: Served) -> None:
    await server.send()
    await page.goto(server.page)
    await expect(page.locator(".row-head .row-cells > span")).to_have_text(
        ["Provider", "Channel", "Sender", "Recipient", "Text", "Code", "Status", "Callbacks", "Age"]
    )
    await expect(rows(page).first).to_be_visible()
    lefts = "cells => cells.slice(0, 8).map((cell) => Math.round(cell.getBoundingClientRect().left))"
    heads = await page.locator(".row-head .row-cells > span").evaluate_all(lefts)

    assert heads == await rows(page).locator("a > span").evaluate_all(lefts)


async def test_twenty_five_rows_fit_into_900_pixels_and_compact_ones_are_more(page: Page, server: Served) -> None:
    await server.send_many(60)
    counts = []
    for section in ("messages", "requests", "callbacks"):
        await server.advance("1s")
        await page.goto(f"{server.page}#/{section}")
        await expect(rows(page).first).to_be_visible()
    for width in (1024, 1440, 2200):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.goto(f"{server.page}#/messages")
        await expect(rows(page).first).to_be_visible()
        counts.append(await page.evaluate(WHOLE))
    await page.get_by_role("button", name="Compact").click()
    compact = await page.evaluate(WHOLE)
    await page.reload()
    await expect(rows(page).first).to_be_visible()

    assert min(counts) >= 25
    assert compact > counts[-1]
    assert await page.evaluate(WHOLE) == compact


async def test_beside_an_open_message_compact_rows_are_still_25(page: Page, server: Served) -> None:
    await server.send_many(60)
    await page.goto(f"{server.page}#/messages")
    await page.get_by_role("button", name="Compact").click()
    await rows(page).first.get_by_role("link").click()
    await expect(opened(page).locator("blockquote")).to_be_visible()

    assert await page.evaluate(WHOLE) >= 25


async def test_a_list_uses_2200_pixels_and_keeps_the_provider_at_1024(page: Page, server: Served) -> None:
    message = await server.send()
    seen = []
    for width, place in ((2200, "messages"), (1024, "messages"), (1024, f"messages/{message}")):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.goto(f"{server.page}#/{place}")
        await expect(rows(page).locator(".row-provider")).to_be_in_viewport(ratio=1)
        seen.append(await rows(page).first.evaluate("row => row.getBoundingClientRect().width / innerWidth"))

    assert seen[:2] == [1, 1]


async def test_a_selection_is_deleted_at_the_second_press(page: Page, server: Served) -> None:
    for text in ("one", "two", "three", "four"):
        await server.send(text)
    await page.goto(server.page)
    await expect(rows(page)).to_have_count(4)
    await row(page, "three").get_by_role("checkbox").check()
    await row(page, "one").get_by_role("checkbox").click(modifiers=["Shift"])
    await expect(page.locator(".selection")).to_contain_text("3 selected")
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(rows(page)).to_have_count(4)
    await page.get_by_role("button", name="Confirm: delete").click()

    await expect(rows(page).locator(".row-text")).to_have_text(["four"])


async def test_a_row_is_selected_by_a_key_and_escape_clears_the_selection(page: Page, server: Served) -> None:
    await server.send()
    await page.goto(server.page)
    await expect(rows(page)).to_have_count(1)
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(page.locator(".selection")).to_contain_text("1 selected")
    await page.keyboard.press("Escape")

    await expect(page.locator(".selection")).to_have_count(0)


async def test_an_open_message_is_deleted(page: Page, server: Served) -> None:
    await server.send("other")
    message = await server.send("this one")
    await page.goto(f"{server.page}#/messages/{message}")
    await opened(page).get_by_role("button", name="Delete message").click()
    await opened(page).get_by_role("button", name="Confirm: delete message").click()
    await expect(opened(page)).to_be_hidden()

    await expect(rows(page).locator(".row-text")).to_have_text(["other"])


async def test_what_matches_is_deleted_then_all_then_the_workspace_is_reset(page: Page, server: Served) -> None:
    for text in ("one", "two", "two"):
        await server.send(text)
    await page.goto(f"{server.page}#/messages?search=two")
    await expect(rows(page)).to_have_count(2)
    await page.get_by_role("button", name="Delete matching").click()
    await page.get_by_role("button", name="Confirm: delete matching").click()
    await expect(page.get_by_text("No messages match these filters.")).to_be_visible()
    await page.get_by_role("button", name="Clear filters").click()
    await expect(rows(page)).to_have_count(1)
    await page.get_by_role("button", name="Delete all").click()
    await page.get_by_role("button", name="Confirm: delete all").click()
    await expect(page.get_by_role("heading", name="No messages yet")).to_be_visible()
    await page.goto(f"{server.page}#/requests")
    await expect(rows(page)).to_have_count(3)
    await page.get_by_role("button", name="Reset").click()
    await page.get_by_role("button", name="Confirm: reset").click()

    await expect(page.get_by_text("No requests yet.")).to_be_visible()


async def test_a_filter_by_time_goes_by_the_clock_of_the_workspace(page: Page, server: Served) -> None:
    await server.send("old")
    await server.advance("2m")
    await server.send("young")
    await page.goto(server.page)
    await expect(rows(page)).to_have_count(2)
    await page.get_by_label("Time").select_option("Last minute")
    await expect(rows(page).locator(".row-text")).to_have_text(["young"])
    await page.goto(f"{server.page}#/messages?since=1m70s")
    await expect(rows(page)).to_have_count(2)
    await server.advance("1m")
    await expect(rows(page)).to_have_count(1)
    await server.advance("2m")

    await expect(page.get_by_text("No messages match these filters.")).to_be_visible()


async def test_from_now_on_shows_what_arrives_afterwards_on_a_frozen_clock_too(page: Page, server: Served) -> None:
    await server.send("before")
    await page.goto(server.page)
    await page.get_by_label("Time").select_option("From now on")
    await expect(page.get_by_text("No messages match these filters.")).to_be_visible()
    await server.send("after")
    await server.advance()
    await expect(rows(page)).to_contain_text(["afterdelivered"])
    await page.reload()
    await expect(rows(page).locator(".row-text")).to_have_text(["after"])
    await server.control("POST", "reset")

    await expect(page.get_by_role("heading", name="No messages yet")).to_be_visible()


async def test_a_refusal_is_not_green_even_if_ubill_answers_200(page: Page, server: Served) -> None:
    await server.post(UBILL_SMS.with_values(brandID=99))
    await server.post(UBILL_SMS)
    await page.goto(f"{server.page}#/requests")
    codes = rows(page).locator(".http")
    await expect(codes).to_have_text(["200", "200"])
    colours = await codes.evaluate_all("codes => codes.map((code) => getComputedStyle(code).color)")
    green, red = await page.evaluate(
        """() => ['--good', '--bad'].map((name) => {
            const probe = document.body.appendChild(document.createElement('i'));
            probe.style.color = `var(${name})`;
            return getComputedStyle(probe).color;
        })"""
    )

    assert colours == [green, red]


async def test_a_request_tells_its_recipient_is_found_by_it_and_by_its_status_code(page: Page, server: Served) -> None:
    await server.post(BETATEL_SMS.with_values(to="387x"))
    await server.post(UBILL_SMS.with_values(numbers=["995511194242", "995511194243", "995511194244"]))
    await page.goto(f"{server.page}#/requests")
    recipients = rows(page).locator(".row-to")
    await expect(recipients).to_have_text(["995511194242 +2", "387x"])
    await page.get_by_label("Search").fill("194243")
    await expect(recipients).to_have_text(["995511194242 +2"])
    await page.get_by_role("button", name="Clear filters").click()
    await page.get_by_label("Status code").fill("400")
    await expect(recipients).to_have_text(["387x"])
    await recipients.click()

    await expect(opened(page).locator(".facts").first).to_contain_text("Recipient387x")
