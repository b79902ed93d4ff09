"""What the browser tests start from: a Chromium, a page in it, and a fresh sandbox on a frozen clock.

All of them share one loop, as the browser lives as long as the session; so their modules ask for the session's.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from shutil import which

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from sandbox.server.startup import Options
from tests.browser.served import FROZEN, Served
from tests.servers import Receiver

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
MISSING = "no Chromium was found (looked for " + ", ".join(NAMES) + "); on Debian: apt-get install chromium"

expect.set_options(timeout=30_000)

ServerMaker = Callable[..., Awaitable[Served]]


def chromium_path() -> str:
    """Return the program of a browser; without one, say so: skip on a developer's machine, fail in CI."""
    found = next(filter(None, map(which, NAMES)), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Return a browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """Return a browser profile of its own, as large as a laptop's screen."""
    made = await chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    await made.grant_permissions(["clipboard-read", "clipboard-write"])
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """Return an empty tab; in no test may a script fail in it, or something be stopped by the page's policy."""
    tab = await context.new_page()
    mistakes: list[str] = []
    tab.on("pageerror", lambda error: mistakes.append(str(error)))
    tab.on("console", lambda message: mistakes.append(message.text) if "Policy" in message.text else None)
    yield tab
    assert mistakes == []


@pytest_asyncio.fixture(loop_scope="session")
async def make_server() -> AsyncIterator[ServerMaker]:
    """Return a function that starts a sandbox; all of them end with the test."""
    running: list[Served] = []

    async def make(options: Options = FROZEN) -> Served:
        running.append(Served(options))
        await running[-1].start()
        return running[-1]

    yield make
    for each in running:
        await each.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def server(make_server: ServerMaker) -> Served:
    """Return a fresh sandbox whose clock stands still."""
    return await make_server()


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    """Return a customer's server that answers 200."""
    listening = Receiver()
    await listening.start()
    yield listening
    await listening.stop()
