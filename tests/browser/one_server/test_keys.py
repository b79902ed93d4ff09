"""The keyboard: search and its Escape, rows and open items, copying a code, and the way from view to view."""

import re
from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from tests.browser.served import Served
from tests.browser.sight import copied, opened, row, rows
from tests.servers import BETATEL_SMS

pytestmark = pytest.mark.asyncio(loop_scope="session")

VIEWS = {
    "o": "overview",
    "r": "requests",
    "c": "callbacks",
    "k": "clock",
    "s": "scenario",
    "w": "workspaces",
    "p": "providers",
    "m": "messages",
}


async def three(page: Page, server: Served) -> None:
    """Send three messages and show them."""
    for text in ("first: your code is 111111", "second: your code is 222222", "third: your code is 333333"):
        await server.send(text)
    await page.goto(f"{server.page}#/messages")
    await expect(rows(page)).to_have_count(3)


async def test_escape_clears_a_search_and_its_filter_and_then_leaves_the_field(page: Page, server: Served) -> None:
    await three(page, server)
    await page.keyboard.press("/")
    await page.keyboard.type("second")
    await expect(rows(page)).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(rows(page)).to_have_count(3)
    await expect(page.get_by_label("Search")).to_have_value("")
    await expect(page).to_have_url(f"{server.page}#/messages")
    await page.keyboard.press("Escape")

    await expect(page.get_by_label("Search")).not_to_be_focused()


async def test_a_key_does_not_open_what_is_not_listed(page: Page, server: Served) -> None:
    await three(page, server)
    await row(page, "first").get_by_role("link").click()
    await expect(opened(page)).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")
    await page.keyboard.type("second")
    await expect(rows(page)).to_have_count(1)
    await page.get_by_label("Search").evaluate("field => field.blur()")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{server.page}#/messages?search=second")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")

    await expect(opened(page).locator("blockquote")).to_have_text("second: your code is 222222")


@pytest.mark.parametrize(("down", "up"), [("j", "k"), ("ArrowDown", "ArrowUp")])
async def test_keys_follow_an_open_message(page: Page, server: Served, down: str, up: str) -> None:
    await three(page, server)
    await row(page, "third").get_by_role("link").click()
    text = opened(page).locator("blockquote")
    await expect(text).to_have_text("third: your code is 333333")
    for key, expected in (
        (down, "second: your code is 222222"),
        (down, "first: your code is 111111"),
        (down, "first: your code is 111111"),
        (up, "second: your code is 222222"),
    ):
        await page.keyboard.press(key)
        await expect(text).to_have_text(expected)
    await expect(row(page, "second").get_by_role("link")).to_have_attribute("aria-current", "true")
    await page.go_back()

    await expect(opened(page)).to_be_hidden()


async def test_c_copies_the_code_of_an_open_message_and_of_a_row(page: Page, server: Served) -> None:
    await three(page, server)
    await page.keyboard.press("j")
    await page.keyboard.press("c")
    await expect(page.get_by_role("status")).to_have_text("Copied 333333")
    of_row = await copied(page)
    await row(page, "first").get_by_role("link").click()
    await expect(opened(page).locator("blockquote")).to_have_text("first: your code is 111111")
    await page.keyboard.press("c")
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()

    assert (of_row, await copied(page)) == ("333333", "111111")


async def test_g_and_a_letter_go_to_a_view(page: Page, server: Served) -> None:
    await page.goto(server.page)
    for key, section in VIEWS.items():
        await page.keyboard.press("g")
        await page.keyboard.press(key)
        await expect(page).to_have_url(re.compile(f"#/{section}$"))


@pytest.mark.parametrize("words", ["38761930305", "930 305", "YOUR CODE", "facebook", "482910", "482-9"])
async def test_one_search_finds_number_text_sender_and_code(page: Page, server: Served, words: str) -> None:
    await server.send("Your code is 482-910")
    await server.send_buddy("Hello")
    await page.goto(server.page)
    await expect(rows(page)).to_have_count(2)
    await page.keyboard.press("/")
    await page.keyboard.type(words)

    await expect(rows(page).locator(".row-text")).to_have_text(["Your code is 482-910"])


async def test_the_search_finds_an_id_and_filters_what_arrives(page: Page, server: Served) -> None:
    message = await server.send("wanted")
    await server.send("other")
    await page.goto(f"{server.page}#/messages?search={message[3:13]}")
    await expect(rows(page).locator(".row-text")).to_have_text(["wanted"])
    await page.get_by_label("Search").fill("ANOTHER")
    await expect(page.get_by_text("No messages match these filters.")).to_be_visible()
    await server.send("unwanted")
    await server.send("And another one")

    await expect(rows(page).locator(".row-text")).to_have_text(["And another one"])


@pytest.mark.parametrize("section", ["messages", "requests"])
async def test_the_search_finds_a_trace_and_filters_what_arrives(page: Page, server: Served, section: str) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {**BETATEL_SMS.headers, "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    await server.post(replace(BETATEL_SMS, headers=headers))
    await server.send()
    await page.goto(f"{server.page}#/{section}?search={trace}")
    await expect(rows(page)).to_have_count(1)
    await server.send()
    await server.post(replace(BETATEL_SMS, headers=headers))

    await expect(rows(page)).to_have_count(2)


async def test_the_help_lists_the_keys(page: Page, server: Served) -> None:
    await page.goto(server.page)
    await page.keyboard.press("?")

    await expect(page.get_by_role("dialog").locator("kbd")).to_have_text(
        ["j ↓", "k ↑", "Enter", "x", "c", "/", "Esc", "?", *(f"g {key}" for key in "omrckswp")]
    )
