"""How the page looks: from a narrow phone to a wide screen, light and dark, for every eye and without one."""

from collections.abc import AsyncIterator
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.browser.served import Served
from tests.browser.sight import opened, rows
from tests.servers import BETATEL_SMS

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECTIONS = {  # and what stands there once everything was read
    "overview": ".sends-panel rect",
    "messages": ".row",
    "requests": ".row",
    "callbacks": ".row",
    "clock": ".now-time:not(:empty)",
    "scenario": ".available .card-row",
    "workspaces": ".card-row",
    "providers": ".operation",
}
# Everything in view that reaches beyond the screen, but for what scrolls by itself and what no eye is to see.
BEYOND = """() => [...document.querySelectorAll('body *')]
    .filter((each) => each.checkVisibility() && !each.closest('#sections, pre, .table-scroll, .unseen, .skip'))
    .filter((each) => {
        const { left, right } = each.getBoundingClientRect();
        return right > innerWidth + 0.5 || left < -0.5;
    })
    .map((each) => each.outerHTML.slice(0, 120))"""
CONVERSATION = (
    ("38761930305", "Your verification code is 482910. It expires in 10 minutes."),
    ("38761555010", "Paket je stigao 📦 Preuzmite ga do 18 h."),
    ("38761555011", "رمز التحقق الخاص بك هو 731204"),
    ("38761555012", "Poštovani, vaš termin je sutra u 14:30. Za otkazivanje odgovorite sa NE."),
    ("38761000001", "Your verification code is 120934."),
)


async def fill(server: Served) -> str:
    """Send what a small application would; return the id of a message that is on its way."""
    for to, text in CONVERSATION:
        await server.send(text, to)
    await server.send_buddy("Your order 4711 was shipped.")
    await server.send_many(2)
    await server.post(BETATEL_SMS.with_values(to="387x"))
    await server.advance()
    message = await server.send("Your verification code is 555345.")
    await server.advance("500ms")
    return message


async def tour(page: Page, server: Served) -> AsyncIterator[str]:
    """Go from place to place, open what can be unfolded there, and yield its address."""
    message = await fill(server)
    for place, there in {**SECTIONS, f"messages/{message}": ".callback", "requests/8": ".half"}.items():
        await page.goto(f"{server.page}#/{place}")
        await expect(page.locator(there).first).to_be_visible()
        for fold in (await page.locator("details:is(.operation, .chart-table) > summary").all())[:2]:
            await fold.click()
        yield place


async def serious(page: Page) -> list[tuple[str, str]]:
    """Return rule and element of everything that axe-core calls serious or critical."""
    violations = (await Axe().run(page)).response["violations"]
    grave = [each for each in violations if each["impact"] in {"serious", "critical"}]
    return [(each["id"], node["html"]) for each in grave for node in each["nodes"]]


@pytest.mark.parametrize("width", [360, 1280, 2560])
async def test_nothing_reaches_beyond_the_screen(page: Page, server: Served, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    beyond = {place: await page.evaluate(BEYOND) async for place in tour(page, server)}

    assert len(beyond) == 10
    assert {place: found for place, found in beyond.items() if found} == {}


async def test_at_360_pixels_a_message_takes_the_place_of_the_list(page: Page, server: Served) -> None:
    await fill(server)
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(server.page)
    await rows(page).first.click()
    await expect(opened(page).locator("blockquote")).to_be_in_viewport()
    await expect(rows(page).first).to_be_hidden()
    await page.get_by_role("button", name="← All").click()

    await expect(rows(page).first).to_be_in_viewport()


async def test_at_2560_pixels_a_message_stands_beside_the_list_with_its_life_beside_its_text(
    page: Page, server: Served
) -> None:
    message = await fill(server)
    await page.set_viewport_size({"width": 2560, "height": 1300})
    await page.goto(f"{server.page}#/messages/{message}")
    parts = (rows(page).first, opened(page).locator("figure"), page.get_by_role("region", name="Lifecycle"))
    for part in parts:
        await expect(part).to_be_in_viewport(ratio=1)
    edges = [await part.evaluate("part => part.getBoundingClientRect().left") for part in parts]

    assert edges == sorted(set(edges))


@pytest.mark.parametrize("width", [360, 700, 1280])
@pytest.mark.parametrize(("section", "count"), [("messages", 9), ("requests", 9), ("callbacks", 17)])
async def test_in_a_row_a_text_alone_is_cut_short(
    page: Page, server: Served, width: int, section: str, count: int
) -> None:
    await fill(server)
    await server.advance("39m")
    await page.set_viewport_size({"width": width, "height": 1000})
    await page.goto(f"{server.page}#/{section}")
    await expect(rows(page)).to_have_count(count)
    cut = (
        await rows(page)
        .locator("a > span")
        .evaluate_all("parts => parts.filter(part => part.scrollWidth > part.clientWidth).map(part => part.className)")
    )

    assert set(cut) <= {"row-text", "row-path", "row-why", "row-answer"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious(page: Page, server: Served, scheme: Literal["light", "dark"]) -> None:
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = {place: await serious(page) async for place in tour(page, server)}

    assert len(found) == 10
    assert {place: mistakes for place, mistakes in found.items() if mistakes} == {}


async def test_the_first_start_has_nothing_serious_either(page: Page, server: Served) -> None:
    await page.goto(server.page)
    await expect(page.get_by_role("group", name="A request to betatel")).to_be_visible()

    assert (await Axe().run(page)).response["violations"] == []
