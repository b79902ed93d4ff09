"""How the page looks: from a narrow phone to a wide screen, light and dark, for every eye and without one."""

import os
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.hearing import Receiver
from tests.browser.served import Served
from tests.browser.sight import live, opened, rows

SECTIONS = ["messages", "requests", "clock", "scenario", "workspaces", "providers"]
PICTURES = "SANDBOX_SCREENSHOTS"  # names the folder that pictures go to; README's are kept beside this file
CONVERSATION = (
    ("38761930305", "Your verification code is 482910. It expires in 10 minutes."),
    ("38761555010", "Paket je stigao 📦 Preuzmite ga do 18 h."),
    ("38761555011", "رمز التحقق الخاص بك هو 731204"),
    ("38761555012", "Poštovani, vaš termin je sutra u 14:30. Za otkazivanje odgovorite sa NE."),
    ("38761000001", "Your verification code is 120934."),
)


def fill(server: Served) -> str:
    """Send what a small application would; return the id of a message that is on its way."""
    for to, text in CONVERSATION:
        server.send(text, to)
    server.send_buddy("Your order 4711 was shipped.")
    server.send_many(2)
    server.ask("POST", "/api/smpp/client/send", b'{"to": "387x"}', {"x-api-key": "k1"})
    server.control("POST", "clock/advance", {"by": "1m"})
    return server.send("Your verification code is 555345.")


def visit(page: Page, server: Served, place: str) -> None:
    """Go to a place of the page, and open what can be unfolded there."""
    page.goto(server.url)
    page.goto(f"{server.page}#/{place}")
    expect(live(page)).to_have_attribute("data-link", "live")
    expect(page.get_by_text("Reading…")).to_have_count(0)
    for fold in page.locator("details.operation > summary").all()[:2]:
        fold.click()


def serious(page: Page) -> list[tuple[str, str]]:
    """Return rule and element of everything that axe-core calls serious or critical."""
    violations = Axe().run(page).response["violations"]
    grave = [each for each in violations if each["impact"] in {"serious", "critical"}]
    return [(each["id"], node["html"]) for each in grave for node in each["nodes"]]


@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_nothing_reaches_beyond_the_screen(page: Page, server: Served, width: int) -> None:
    message = fill(server)
    page.set_viewport_size({"width": width, "height": 800})
    widths = {}
    for place in (*SECTIONS, f"messages/{message}", "requests/8"):
        visit(page, server, place)
        widths[place] = page.evaluate("document.documentElement.scrollWidth")

    assert {place: reach for place, reach in widths.items() if reach > width} == {}


def test_at_360_pixels_a_message_takes_the_place_of_the_list(page: Page, server: Served) -> None:
    fill(server)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(server.page)
    rows(page).first.click()
    expect(opened(page).locator("blockquote")).to_be_in_viewport()
    expect(rows(page).first).to_be_hidden()
    page.get_by_role("button", name="← All").click()

    expect(rows(page).first).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Page, server: Served, scheme: Literal["light", "dark"]) -> None:
    message = fill(server)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = {}
    for place in (*SECTIONS, f"messages/{message}", "requests/8"):
        visit(page, server, place)
        found[place] = serious(page)

    assert {place: mistakes for place, mistakes in found.items() if mistakes} == {}


def test_the_first_start_has_nothing_serious_either(page: Page, server: Served) -> None:
    page.goto(server.page)
    expect(page.get_by_role("group", name="A request to betatel")).to_be_visible()

    assert Axe().run(page).response["violations"] == []


def test_pictures_for_the_readme_can_be_made(
    chromium: Browser, server: Served, receiver: Receiver, tmp_path: Path
) -> None:
    folder = Path(os.environ.get(PICTURES, tmp_path))
    server.control("PUT", "targets/betatel", {"url": receiver.url})
    fill(server)
    server.control("POST", "clock/advance", {"by": "1m"})
    receiver.answers.append(503)
    message = server.send_whatsapp()
    server.control("POST", "clock/advance", {"by": "800ms"})
    page = chromium.new_page(color_scheme="light", viewport={"width": 1440, "height": 860})
    page.goto(f"{server.page}#/messages/{message}")
    expect(opened(page).locator("blockquote")).to_have_text("482910")
    page.screenshot(path=folder / "inbox-message.png")
    page.close()
    page = chromium.new_page(color_scheme="dark", viewport={"width": 1440, "height": 860})
    page.goto(f"{server.page}#/requests/8")
    expect(page.get_by_role("region", name="Why it was refused")).to_be_visible()
    page.screenshot(path=folder / "inbox-request.png")
    page.close()

    assert sorted(path.name for path in folder.glob("inbox-*.png")) == ["inbox-message.png", "inbox-request.png"]
