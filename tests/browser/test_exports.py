"""*Export* saves what the list shows as a file; a browser that is given the HAR file replies from it."""

import csv
import json
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from sandbox.server.startup import Options
from tests.browser.conftest import ServerMaker
from tests.browser.served import Served
from tests.browser.sight import go, rows
from tests.servers import BETATEL_SMS, UBILL_SMS

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def save(page: Page, label: str, folder: Path) -> tuple[str, Path]:
    """Press a button that exports; return the name that the browser suggests, and the file."""
    async with page.expect_download() as begun:
        await page.get_by_role("button", name=label).click()
    download = await begun.value
    await download.save_as(folder / download.suggested_filename)
    return download.suggested_filename, folder / download.suggested_filename


async def test_messages_are_exported_as_the_filters_of_the_list_say(page: Page, server: Served, tmp_path: Path) -> None:
    await server.send()
    await server.post(UBILL_SMS)
    await page.goto(f"{server.page}#/messages?provider=ubill")
    await expect(rows(page)).to_have_count(1)
    name, table = await save(page, "Export CSV", tmp_path)
    _, lines = await save(page, "Export JSONL", tmp_path)

    with table.open(encoding="utf-8", newline="") as file:
        found = [each["provider"] for each in csv.DictReader(file)]
    assert (found, json.loads(lines.read_text(encoding="utf-8"))["provider"]) == (["ubill"], "ubill")
    assert (name[:29], name[-4:]) == ("sms-sandbox-default-messages-", ".csv")


async def test_a_browser_replies_from_an_exported_har_file(
    page: Page, server: Served, chromium: Browser, tmp_path: Path
) -> None:
    answer = await server.post(BETATEL_SMS)
    await page.goto(server.page)
    await go(page, "Requests")
    _, file = await save(page, "Export HAR", tmp_path)
    (entry,) = json.loads(file.read_text(encoding="utf-8"))["log"]["entries"]
    other = await chromium.new_page()
    await other.route_from_har(file, not_found="abort")
    replied = await other.evaluate(
        "async ({ url, body }) => (await fetch(url, { method: 'POST', body, mode: 'cors' })).text()",
        {"url": entry["request"]["url"], "body": entry["request"]["postData"]["text"]},
    )
    await other.close()

    assert replied == answer.body.decode()


async def test_an_export_carries_the_control_token(page: Page, make_server: ServerMaker, tmp_path: Path) -> None:
    server = await make_server(Options(seed=7, control_token="letmein"))
    await page.goto(server.page)
    dialog = page.get_by_role("dialog", name="Control token")
    await dialog.get_by_label("Token").fill("letmein")
    await dialog.get_by_role("button", name="Continue").click()
    await go(page, "Requests")
    _, file = await save(page, "Export HAR", tmp_path)

    assert json.loads(file.read_text(encoding="utf-8"))["log"]["entries"] == []
