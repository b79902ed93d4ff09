"""What the page may do, and what its policy keeps from it."""

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.served import Served
from tests.browser.sight import go, live
from tests.servers import Receiver

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_page_loads_nothing_from_another_host(page: Page, server: Served) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(server.page)
    await expect(live(page)).to_have_text("Live")
    for section in ("Requests", "Callbacks", "Clock", "Scenario", "Workspaces", "Providers", "Messages"):
        await go(page, section)
    await expect(page.get_by_role("heading", name="No messages yet")).to_be_visible()

    assert len(asked) > 20
    assert [url for url in asked if not url.startswith(server.url)] == []


async def test_the_page_may_reach_no_other_host_and_run_nothing_that_was_written_into_it(
    context: BrowserContext, server: Served, receiver: Receiver
) -> None:
    page = await context.new_page()
    await page.goto(server.page)
    tried = await page.evaluate(
        """async (elsewhere) => {
            const outcome = (act) => Promise.resolve().then(act).then(() => 'done', (error) => error.name);
            return [
                await outcome(() => fetch(elsewhere, { method: 'POST', mode: 'no-cors' })),
                await outcome(() => { document.createElement('script').textContent = "document.title = 'owned'"; }),
                await outcome(() => { document.body.innerHTML = '<b>owned</b>'; }),
            ];
        }""",
        receiver.url(),
    )

    assert tried == ["TypeError", "TypeError", "TypeError"]
    assert receiver.calls == []
