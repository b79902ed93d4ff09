"""A saved state in the inbox: the page says that it is one, and offers nothing that would change it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page, expect

from sandbox.server.app import make_app
from sandbox.server.runner import open_port
from sandbox.server.startup import Options, make_engine
from sandbox.server.state_view import load_read_only
from tests.browser.served import Served
from tests.browser.sight import opened, rows

pytestmark = pytest.mark.asyncio(loop_scope="session")

# What changes nothing: it filters, selects, copies, shows more, or checks a draft.
HARMLESS = {
    "?",
    "Clear filters",
    "Compact",
    "Copy",
    "Copy as curl",
    "Copy code",
    "← All",
    "↓ CSV",
    "↓ HAR",
    "↓ JSONL",
    "◐",
}
PLACES = (
    "messages/{message}",
    "requests/1",
    "callbacks/1",
    "overview",
    "clock",
    "scenario",
    "workspaces",
    "providers/betatel",
)


@pytest_asyncio.fixture(loop_scope="session")
async def state(server: Served, tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """Return the address of an inbox that shows a saved state, and the id of its message."""
    message = await server.send("Your code is 482910")
    await server.advance("1s")
    file = tmp_path / "state.jsonl.gz"
    file.write_bytes((await server.ask("GET", "/_sandbox/state", b"", {})).body)
    engine = make_engine(Options())
    await load_read_only(engine, file)
    runner = web.AppRunner(make_app(engine), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    listener = open_port("127.0.0.1", 0)
    await web.SockSite(runner, listener).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/_sandbox/ui/", message
    await runner.cleanup()


async def test_the_page_and_its_title_say_that_a_saved_state_is_shown(page: Page, state: tuple[str, str]) -> None:
    inbox, message = state
    await page.goto(f"{inbox}#/messages/{message}")

    await expect(page.get_by_role("note")).to_have_text("Saved state state.jsonl.gz, read-only")
    await expect(page).to_have_title("Message to 38761930305 · saved state state.jsonl.gz · sms-sandbox")


async def test_a_page_of_a_server_that_sends_says_nothing_of_a_saved_state(page: Page, server: Served) -> None:
    await server.send()
    await page.goto(server.page)
    await expect(rows(page)).to_have_count(1)

    await expect(page.get_by_role("note")).to_have_count(0)
    await expect(page.get_by_role("button", name="Delete all")).to_be_visible()


async def test_the_scenario_of_a_saved_state_can_be_read(page: Page, state: tuple[str, str]) -> None:
    await page.goto(f"{state[0]}#/scenario")
    await page.get_by_text("Source", exact=True).click()

    await expect(page.get_by_label("Source")).to_contain_text("rules:")


@pytest.mark.parametrize("place", PLACES)
async def test_nothing_that_would_change_a_saved_state_is_offered(
    page: Page, state: tuple[str, str], place: str
) -> None:
    inbox, message = state
    await page.goto(f"{inbox}#/{place.format(message=message)}")
    section = place.partition("/")[0]
    await expect(page.locator(f"main[data-section={section}]")).to_be_visible()
    if section in {"messages", "requests", "callbacks"}:
        await expect(opened(page).get_by_role("heading", level=2)).to_be_visible()
        await page.keyboard.press("x")
        await expect(page.locator("input[type=checkbox]")).to_have_count(0)
    if section == "providers":
        await page.locator("summary").first.click()
    await expect(page.get_by_title("Event stream")).to_have_text("Live")
    offered = {await each.inner_text() for each in await page.locator("button:visible").all()}

    assert offered <= HARMLESS
    await expect(page.locator("main form:visible:not([role=search])")).to_have_count(0)
