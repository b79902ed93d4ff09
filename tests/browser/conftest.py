"""What the browser tests start from: a Chromium, a page in it, and a fresh sandbox on a frozen clock."""

import os
from collections.abc import Callable, Iterator
from shutil import which

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from sandbox.serving import Options
from tests.browser.hearing import Receiver
from tests.browser.served import FROZEN, Served

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
MISSING = "no Chromium was found (looked for " + ", ".join(NAMES) + "); on Debian: apt-get install chromium"

expect.set_options(timeout=30_000)

ServerMaker = Callable[..., Served]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return a browser; without one, say so: skip on a developer's machine, fail in CI."""
    found = next(filter(None, map(which, NAMES)), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """Return a browser profile of its own, as large as a laptop's screen."""
    made = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Return an empty tab."""
    return context.new_page()


@pytest.fixture
def make_server() -> Iterator[ServerMaker]:
    """Return a function that starts a sandbox; all of them end with the test."""
    running: list[Served] = []

    def make(options: Options = FROZEN) -> Served:
        running.append(Served(options))
        running[-1].start()
        return running[-1]

    yield make
    for each in running:
        each.stop()


@pytest.fixture
def server(make_server: ServerMaker) -> Served:
    """Return a fresh sandbox whose clock stands still."""
    return make_server()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a customer's server that answers 200."""
    hearing = Receiver()
    yield hearing
    hearing.stop()
