"""One sandbox on a frozen clock, one receiver and one tab for all tests of this folder; each test finds them as new."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Page

from sandbox.core.clock import ClockMode
from sandbox.server.startup import Options
from tests.browser.served import Served
from tests.servers import Receiver, says

REFUSES = says(501, "Unsupported method ('GET')")
OPTIONS = Options(seed=7, clock=(ClockMode.FROZEN, 1.0))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_receiver() -> AsyncIterator[Receiver]:
    listening = Receiver()
    await listening.start()
    yield listening
    await listening.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_server() -> AsyncIterator[Served]:
    served = Served(OPTIONS)
    await served.start()
    yield served
    await served.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tab(chromium: Browser) -> AsyncIterator[tuple[Page, list[str]]]:
    """Return a tab as large as a laptop's screen, and what went wrong in it."""
    context = await chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    page, mistakes = await context.new_page(), list[str]()
    page.on("pageerror", lambda error: mistakes.append(str(error)))
    page.on("console", lambda message: mistakes.append(message.text) if "Policy" in message.text else None)
    yield page, mistakes
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def receiver(shared_receiver: Receiver) -> Receiver:
    """Return the customer's server, which refuses every callback."""
    shared_receiver.calls.clear()
    shared_receiver.answers.clear()
    shared_receiver.otherwise = REFUSES
    return shared_receiver


@pytest_asyncio.fixture(loop_scope="session")
async def server(shared_server: Served, receiver: Receiver) -> Served:
    """Return the sandbox, emptied; the callbacks of Betatel and uBill go to the receiver."""
    await shared_server.control("POST", "reset")
    await shared_server.control("PUT", "scenario", {"use": "default"})
    for provider in ("betatel", "ubill"):
        await shared_server.control("PUT", f"targets/{provider}", {"url": receiver.url()})
    return shared_server


@pytest_asyncio.fixture(loop_scope="session")
async def page(tab: tuple[Page, list[str]]) -> AsyncIterator[Page]:
    """Return the tab, empty and without what the page kept in it; in no test may a script fail in it."""
    found, mistakes = tab
    await found.evaluate("if (location.protocol !== 'about:') { localStorage.clear(); sessionStorage.clear(); }")
    await found.goto("about:blank")
    await found.set_viewport_size({"width": 1440, "height": 900})
    mistakes.clear()
    yield found
    assert mistakes == []
