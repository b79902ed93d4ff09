"""What a page of another origin, or of a name that was made to lead here, gets out of a real browser: nothing."""

from collections.abc import AsyncIterator
from dataclasses import replace
from shutil import which

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, Route, async_playwright

from tests.browser.conftest import FLAGS, MISSING, NAMES, ServerMaker
from tests.browser.served import FROZEN, Served

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVIL = "evil.example"
ATTACK = """async (base) => {
    const found = [];
    for (const [method, path, mode] of [
        ["GET", "/_sandbox/messages", "cors"],
        ["POST", "/_sandbox/reset", "cors"],
        ["POST", "/_sandbox/reset", "no-cors"],
    ]) {
        try {
            const reply = await fetch(base + path, {method, mode});
            found.push(reply.type === "opaque" ? "opaque" : reply.status);
        } catch {
            found.push("refused");
        }
    }
    return found;
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def deceived() -> AsyncIterator[BrowserContext]:
    """Return a browser to which the attacker's name leads to this machine."""
    found = next(filter(None, map(which, NAMES)), None)
    if found is None:
        pytest.skip(MISSING)
    # Newer browsers have a defence of their own, which would hide whether the sandbox has one.
    own = "--disable-features=LocalNetworkAccessChecks"
    flags = (*FLAGS, own, f"--host-resolver-rules=MAP {EVIL} 127.0.0.1")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=flags)
        yield await browser.new_context()
        await browser.close()


async def attack(context: BrowserContext, origin: str, base: str) -> list[object]:
    """Return what a page of an origin gets from the sandbox at `base`."""

    async def own(route: Route) -> None:
        await route.fulfill(content_type="text/html", body="<p>harmless</p>")

    page: Page = await context.new_page()
    await page.route("**/attack.html", own)
    await page.goto(f"{origin}/attack.html")
    found: list[object] = await page.evaluate(ATTACK, base)
    return found


async def test_a_page_whose_name_was_made_to_lead_here_is_refused(deceived: BrowserContext, server: Served) -> None:
    await server.send()
    found = await attack(deceived, f"http://{EVIL}:{server.port}", "")

    assert (found, len((await server.control("GET", "messages"))["items"])) == ([403, 403, 403], 1)


async def test_a_name_that_was_allowed_reads_and_steers(deceived: BrowserContext, make_server: ServerMaker) -> None:
    server = await make_server(replace(FROZEN, allow_host=(EVIL,)))
    await server.send()
    found = await attack(deceived, f"http://{EVIL}:{server.port}", "")

    assert (found, len((await server.control("GET", "messages"))["items"])) == ([200, 200, 200], 0)


@pytest.mark.parametrize("origin", ["http://localhost:{port}", "http://127.0.0.1:9090", "http://other.test"])
async def test_a_page_of_another_origin_changes_nothing(deceived: BrowserContext, server: Served, origin: str) -> None:
    await server.send()
    found = await attack(deceived, origin.format(port=server.port), server.url)

    assert (found, len((await server.control("GET", "messages"))["items"])) == (["refused", "refused", "opaque"], 1)
