"""Events that tell a part of a message: the page has the rest read."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.abridged import Abridged
from tests.browser.served import Served
from tests.browser.sight import live, opened, row, rows

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def abridged(server: Served) -> AsyncIterator[Abridged]:
    between = Abridged(server)
    await between.start()
    yield between
    await between.stop()


async def test_a_message_of_which_an_event_told_the_id_alone_is_read(
    page: Page, server: Served, abridged: Abridged
) -> None:
    await page.goto(abridged.page)
    await expect(live(page)).to_have_text("Live")
    await server.send("Your code is 555345")

    await expect(rows(page)).to_contain_text(["betatelsmsFACEBOOK38761930305Your code is 555345555345queued"])


async def test_many_messages_of_which_events_told_the_ids_alone_are_read(
    page: Page, server: Served, abridged: Abridged
) -> None:
    await page.goto(abridged.page)
    await expect(live(page)).to_have_text("Live")
    await server.send_many(300)

    await expect(page.get_by_text("300 messages", exact=True)).to_be_visible()
    await expect(rows(page).first).to_contain_text("995500000399")


async def test_a_status_told_alone_changes_the_row_and_the_life_of_what_is_open(
    page: Page, server: Served, abridged: Abridged
) -> None:
    message = await server.send()
    await page.goto(f"{abridged.page}#/messages/{message}")
    await expect(row(page, "555345")).to_contain_text("queued")
    await expect(live(page)).to_have_text("Live")
    await server.advance()

    await expect(row(page, "555345")).to_contain_text("delivered")
    await expect(opened(page).locator(".lifecycle-word")).to_have_text(["queued", "sent", "delivered"])


async def test_a_message_that_a_status_told_alone_makes_fit_a_filter_comes_into_the_list(
    page: Page, server: Served, abridged: Abridged
) -> None:
    await server.send()
    await page.goto(f"{abridged.page}#/messages?status=delivered")
    await expect(page.get_by_text("No messages match these filters.")).to_be_visible()
    await expect(live(page)).to_have_text("Live")
    await server.advance()

    await expect(row(page, "555345")).to_contain_text("delivered")
