"""A fresh start: the way to the page, and what it teaches."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.curls import run
from tests.browser.served import Served
from tests.browser.sight import copied, rows

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_browser_is_led_to_the_page(page: Page, server: Served) -> None:
    await page.goto(server.url)

    assert page.url == f"{server.page}#/messages"


async def test_a_fresh_start_shows_a_line_for_each_provider_that_sends(page: Page, server: Served) -> None:
    await page.goto(server.page)
    lines = page.get_by_role("group", name="A request to")
    await expect(lines).to_have_count(3)
    statuses = [(await run(server, line)).status for line in await lines.all_inner_texts()]

    await expect(rows(page)).to_have_count(4)  # uBill's sample has two numbers
    assert statuses == [200, 200, 200]


async def test_a_line_can_be_copied(page: Page, server: Served) -> None:
    await page.goto(server.page)
    line = page.get_by_role("group", name="A request to betatel")
    await page.get_by_role("button", name="Copy the command for betatel").click()
    await expect(page.get_by_role("status")).to_have_text("Copied")

    await expect(line).to_have_text(await copied(page))
