"""What a person looks for in the page, by the words that stand there."""

import re

from playwright.async_api import Locator, Page


def rows(page: Page) -> Locator:
    """Return the rows of a list that are in view."""
    return page.get_by_role("list", name=re.compile("newest first")).get_by_role("listitem")


def row(page: Page, text: str) -> Locator:
    """Return the row that says something."""
    return rows(page).filter(has_text=text)


def opened(page: Page) -> Locator:
    """Return what is open beside the list."""
    return page.get_by_role("region", name=re.compile("^Open "))


def live(page: Page) -> Locator:
    """Return the word that says that events arrive."""
    return page.get_by_title("Event stream")


async def scroll(page: Page, pixels: int) -> None:
    """Scroll the list, at once, to so many pixels from its top."""
    await page.locator(".rows-scroller").evaluate("(list, pixels) => { list.scrollTop = pixels; }", pixels)


async def go(page: Page, section: str) -> None:
    """Go to a section."""
    await page.get_by_role("navigation", name="Sections").get_by_role("link", name=section).click()


async def copied(page: Page) -> str:
    """Return what was copied last."""
    return str(await page.evaluate("navigator.clipboard.readText()"))
