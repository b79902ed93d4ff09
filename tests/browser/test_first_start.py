"""A fresh start: the way to the page, and what it teaches."""

import shlex

from playwright.sync_api import Page, expect

from tests.browser.served import Served
from tests.browser.sight import live, rows


def run(server: Served, line: str) -> int:
    """Send what a curl line says and return the status."""
    words = iter(shlex.split(line.replace("\\\n", " "))[1:])
    headers, body, url = {}, "", ""
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "--data-raw":
            body = next(words)
        else:
            url = word
    return server.ask("POST", url.removeprefix(server.url), body.encode(), headers).status


def test_a_browser_is_led_to_the_page(page: Page, server: Served) -> None:
    page.goto(server.url)

    assert page.url == f"{server.page}#/messages"


def test_a_fresh_start_shows_a_line_for_each_provider_that_sends_when_it_is_run(page: Page, server: Served) -> None:
    page.goto(server.page)
    lines = page.get_by_role("group", name="A request to")
    expect(lines).to_have_count(3)
    statuses = [run(server, line) for line in lines.all_inner_texts()]

    expect(rows(page)).to_have_count(4)  # uBill's sample has two numbers
    assert statuses == [200, 200, 200]


def test_a_line_can_be_copied(page: Page, server: Served) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(server.page)
    line = page.get_by_role("group", name="A request to betatel").inner_text()
    page.get_by_role("button", name="Copy the line for betatel").click()
    expect(page.get_by_role("status")).to_have_text("Copied")

    assert page.evaluate("navigator.clipboard.readText()") == line


def test_the_page_loads_nothing_from_another_host(page: Page, server: Served) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server.page)
    expect(live(page)).to_have_text("Live")

    assert [url for url in asked if not url.startswith(server.url)] == []
