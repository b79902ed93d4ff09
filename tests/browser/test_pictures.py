"""The pictures of README and the docs. UPDATE_PICTURES=1 keeps them; any run takes the steps that lead to them."""

import os
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

import sandbox
from tests.browser.served import Served
from tests.browser.sight import opened, row
from tests.servers import BETATEL_SMS, SMSBUDDY_SMS, UBILL_SMS, WHATSAPP, Receiver, Sms, says

FOLDER = Path(__file__).parent / "pictures"
DOCS = Path(sandbox.__file__).parent / "docs" / "pictures"
README = Path(__file__).parent.parent.parent / "README.md"
QUARTER = {
    "name": "quarter",
    "extends": ["default"],
    "accounts": {"betatel": {"*": {"balance": {"USD": 10}}}, "ubill": {"*": {"balance": {"sms": 400}}}},
    "rules": [
        {
            "when": {"to": "/[1-9]\\d{2,5}$/"},
            "then": {
                "outcomes": [
                    {
                        "weight": 92,
                        "lifecycle": [
                            {"sent": {"lognormal": ["400ms", 0.6]}},
                            {"delivered": {"lognormal": ["3s", 0.8]}},
                        ],
                    },
                    {
                        "weight": 8,
                        "lifecycle": [{"sent": {"lognormal": ["400ms", 0.6]}}, {"failed": {"lognormal": ["8s", 0.9]}}],
                    },
                ]
            },
        }
    ],
}
MORNING = "2030-01-01T09:41:00Z"


def betatel(to: str, text: str) -> Sms:
    return BETATEL_SMS.with_values(**{"from": "Vitrina"}, to=to, text=text)


def ubill(number: str, text: str) -> Sms:
    return UBILL_SMS.with_values(numbers=number, text=text)


def smsbuddy(to: str, text: str) -> Sms:
    return SMSBUDDY_SMS.with_values(to=to, message=text)


TRAFFIC = (  # what a shop's application sends on a morning, and how much later it sends the next
    (betatel("38761930305", "Your verification code is 120934. It expires in 10 minutes."), "26m"),
    (ubill("995599402117", "თქვენი კოდია 204618"), "14m"),
    (smsbuddy("9812345678", "Your order 7731-K has left our warehouse."), "9m"),
    (betatel("38761555012", "Poštovani, vaš termin je sutra u 14:30. Za otkazivanje odgovorite sa NE."), "8m"),
    (betatel("38762000001", "Your parcel is waiting. Please collect it by 6 pm."), "5m"),
    (ubill("995577000002", "Your table for four is booked, Friday 20:00."), "4m"),
    (betatel("38761555011", "رمز التحقق الخاص بك هو 731204"), "3m"),
    (smsbuddy("9820011223", "553027 is your one-time password. Do not share it."), "2m"),
    (betatel("38761930305", "Your verification code is 482910. It expires in 10 minutes."), "40s"),
)


async def work(server: Served, receiver: Receiver) -> str:
    """Let the application work, and its server miss the last callback at first; return the id of the last message."""
    await server.control("PUT", "clock", {"mode": "frozen", "start": MORNING})
    for provider in ("betatel", "smsbuddy", "ubill"):
        await server.control("PUT", f"targets/{provider}", {"url": receiver.url(f"/callbacks/{provider}")})
    for sms, pause in TRAFFIC:
        await server.post(sms)
        await server.advance(pause)
    receiver.answers.append(says(503, "Service Unavailable"))
    last = await server.post(WHATSAPP.with_values(to="38763204455", text="906415"))
    await server.advance("900ms")
    return str(last.value["uuid"])


async def keep(page: Page, name: str, *, folder: Path = FOLDER) -> None:
    """Take a picture, and keep it if that is asked for."""
    picture = await page.screenshot(animations="disabled")
    if os.environ.get("UPDATE_PICTURES"):
        (folder / name).write_bytes(picture)


async def work_for_a_while(server: Served, receiver: Receiver) -> None:
    """Let the application work for a quarter of an hour, and leave its last messages on their way."""
    await server.control("PUT", "clock", {"mode": "frozen", "start": MORNING})
    await server.control("PUT", "scenario", QUARTER)
    await server.control("PUT", "targets/betatel", {"url": receiver.url("/callbacks/betatel")})
    for minute in range(15):
        for place in range(2 + minute % 3):
            await server.post(betatel(f"3876193{minute:02}{place:02}3", "Your verification code is 120934."))
            await server.post(WHATSAPP.with_values(to=f"3876320{minute:02}{place:02}1", text="906415"))
        numbers = [f"99557800{minute:02}{place:02}" for place in range(4 + minute * 7 % 5)]
        await server.post(UBILL_SMS.with_values(numbers=numbers))
        await server.post(smsbuddy(f"98200{minute:02}{minute:02}7", "Your order has left our warehouse."))
        if minute % 4 == 1:
            receiver.answers.append(says(503, "Service Unavailable"))
            await server.post(betatel("387x", "Your parcel is waiting."))
            await server.post(smsbuddy(f"98{minute:02}", "Your order has left our warehouse."))
        if minute % 6 == 2:
            await server.post(betatel("38761000050", "Your parcel is waiting."))
        await server.advance("1m" if minute < 14 else "400ms")


async def show_overview(page: Page, server: Served, **size: int) -> None:
    """Show the overview on a screen of a size, and wait for its numbers."""
    await page.set_viewport_size({"width": size["width"], "height": size["height"]})
    await page.emulate_media(color_scheme="light" if size["width"] > 500 else "dark", reduced_motion="reduce")
    await page.goto(f"{server.page}#/overview")
    await expect(page.locator(".sends-panel rect").first).to_be_visible()
    await expect(page.locator(".spread")).to_have_count(5)


@pytest.mark.asyncio(loop_scope="session")
async def test_a_shops_morning_is_pictured_in_the_list(page: Page, server: Served, receiver: Receiver) -> None:
    await work(server, receiver)
    await page.set_viewport_size({"width": 1280, "height": 720})
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    await page.goto(server.page)
    await row(page, "482910").click()
    await expect(opened(page).get_by_role("article", name="Callback")).to_have_count(2)
    await page.mouse.move(0, 0)
    statuses = [await each.inner_text() for each in await page.locator(".row-status").all()]
    await keep(page, "messages.png")

    assert statuses == ["sent", *["delivered"] * 3, "failed", "undelivered", *["delivered"] * 4]


@pytest.mark.asyncio(loop_scope="session")
async def test_a_callback_that_was_missed_is_pictured_with_its_message(
    page: Page, server: Served, receiver: Receiver
) -> None:
    message = await work(server, receiver)
    await page.set_viewport_size({"width": 900, "height": 720})
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    await page.goto(f"{server.page}#/messages/{message}")
    callback = opened(page).get_by_role("article", name="Callback")
    await callback.get_by_text("Response").click()
    await expect(callback).to_contain_text("Service Unavailable")
    await expect(callback.get_by_role("button")).to_have_text(["Send now", "Hold", "Cancel"])
    await expect(page.get_by_role("button", name="Advance the clock to delivered")).to_be_visible()
    await keep(page, "message.png")


@pytest.mark.asyncio(loop_scope="session")
async def test_a_quarter_of_an_hour_is_pictured_in_the_overview(page: Page, server: Served, receiver: Receiver) -> None:
    await work_for_a_while(server, receiver)
    await show_overview(page, server, width=1280, height=1080)
    await keep(page, "overview.png", folder=DOCS)
    refused = await page.locator(".reason-list .chart-number").all_inner_texts()
    await show_overview(page, server, width=390, height=1120)
    await keep(page, "overview-phone.png", folder=DOCS)

    assert refused == ["4", "4", "3"]


def test_the_pictures_of_the_docs_are_shown_there_and_weigh_less_than_300_kilobytes() -> None:
    text = (DOCS.parent / "inbox.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"!\[[^\]]+\]\((pictures/[^)]+)\)", text))

    assert shown == {f"pictures/{path.name}" for path in DOCS.iterdir()}
    assert sum(path.stat().st_size for path in DOCS.iterdir()) < 300_000


def test_readme_shows_the_pictures_and_says_what_is_on_them() -> None:
    shown = dict(re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", README.read_text(encoding="utf-8")))
    pictures = {f"tests/browser/pictures/{path.name}" for path in FOLDER.iterdir()}

    assert set(shown.values()) == pictures == {f"tests/browser/pictures/{name}.png" for name in ("message", "messages")}
    assert all(len(words.split()) > 8 for words in shown)


def test_the_pictures_together_weigh_less_than_300_kilobytes() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 300_000
