"""The documentation in a browser: for every eye, on a phone, and its search box by keyboard."""

import re

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from sandbox.docs.site import PAGES
from tests.browser.served import Served

pytestmark = pytest.mark.asyncio(loop_scope="session")


def address(server: Served, name: str = "") -> str:
    """Return the address of a page."""
    return f"{server.page.partition('/_sandbox/')[0]}/_sandbox/docs/{name}"


async def test_no_page_has_a_serious_violation_in_light_or_dark(page: Page, server: Served) -> None:
    found = []
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        for name in ("", "scenarios", "cli", "problems"):
            await page.goto(address(server, name))
            violations = (await Axe().run(page)).response["violations"]
            grave = [each for each in violations if each["impact"] in {"serious", "critical"}]
            found += [(scheme, name, each["id"], node["html"]) for each in grave for node in each["nodes"]]

    assert found == []


async def test_no_page_is_wider_than_a_phone(page: Page, server: Served) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    wide = []
    for name in PAGES:
        await page.goto(address(server, name))
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(name)

    assert wide == []


async def test_the_search_is_used_by_the_keyboard_alone(page: Page, server: Served) -> None:
    await page.goto(address(server))
    await page.keyboard.press("/")
    await page.keyboard.type("magic numbers")
    await expect(page.locator("#results a").first).to_contain_text("Magic numbers · Scenarios")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")

    await expect(page).to_have_url(address(server, "scenarios#magic-numbers"))


async def test_a_search_without_a_match_says_so_and_escape_ends_it(page: Page, server: Served) -> None:
    await page.goto(address(server))
    await page.get_by_role("searchbox").fill("<img src=x>")
    await expect(page.locator("#results")).to_have_text("No results")
    await page.keyboard.press("Escape")

    await expect(page.locator("#results")).to_be_hidden()


async def test_a_copied_session_is_its_commands(page: Page, server: Served) -> None:
    await page.goto(address(server, "control-api"))
    block = page.locator(".block", has_text="/_sandbox/verify").first
    await block.hover()
    await block.get_by_role("button", name="Copy").click()
    await expect(block.get_by_role("button")).to_have_text("Copied")
    copied = await page.evaluate("navigator.clipboard.readText()")

    assert [line.split()[0] for line in copied.splitlines()] == ["curl"] * 3


async def test_the_list_of_pages_opens_and_closes_on_a_phone(page: Page, server: Served) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(address(server, "clock"))
    await expect(page.get_by_role("navigation")).to_be_hidden()
    await page.get_by_role("link", name="Pages", exact=True).click()
    await page.get_by_role("navigation").get_by_role("link", name="Callbacks", exact=True).click()

    await expect(page).to_have_url(address(server, "callbacks"))
    await expect(page.get_by_role("navigation")).to_be_hidden()


async def test_the_inbox_leads_to_the_docs_and_back(page: Page, server: Served) -> None:
    await page.goto(server.page)
    await page.get_by_role("link", name="Docs").click()
    await expect(page).to_have_url(address(server))
    await page.locator("header").get_by_role("link", name="Inbox").click()

    await expect(page).to_have_url(re.compile(re.escape(server.page)))
