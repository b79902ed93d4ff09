"""The page of a provider of one's own, written in YAML alone and without examples."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from sandbox.server.edits import Edits
from tests.browser.conftest import ServerMaker
from tests.browser.served import FROZEN
from tests.browser.sight import go, opened
from tests.specs.manners import MANNERS, write_manners

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_request_of_every_manner_can_be_tried(page: Page, make_server: ServerMaker, tmp_path: Path) -> None:
    write_manners(tmp_path)
    server = await make_server(replace(FROZEN, specs=(tmp_path,)))
    workspace = (await server.control("POST", "workspaces", {}))["id"]
    for name in MANNERS:
        await page.goto(f"{server.page}#/providers/{name}?workspace={workspace}")
        await page.locator(".operation > summary").filter(has_text=f"{name}.send").click()
        await page.get_by_role("form", name=f"Try {name}.send").get_by_role("button", name="Send and open").click()
        await expect(opened(page).locator("blockquote")).to_have_text("Your code is 482910")
    found = await server.control("GET", f"workspaces/{workspace}/messages")

    assert {each["provider"] for each in found["items"]} == {*MANNERS}


async def test_the_page_says_how_a_request_carries_its_credentials(
    page: Page, make_server: ServerMaker, tmp_path: Path
) -> None:
    write_manners(tmp_path, "basic", "rows", "several")
    server = await make_server(replace(FROZEN, specs=(tmp_path,)))
    said = []
    for name in ("basic", "rows", "several"):
        await page.goto(f"{server.page}#/providers/{name}")
        await expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        said.append(await page.get_by_text("Credentials: ").text_content())

    assert said == [
        "Credentials: header authorization: Basic base64(username:password).",
        "Credentials: header x-id and header x-secret.",
        "Credentials: query key or header authorization: Bearer token.",
    ]


async def test_the_page_follows_an_edited_document(page: Page, make_server: ServerMaker, tmp_path: Path) -> None:
    write_manners(tmp_path, "header")
    options = replace(FROZEN, specs=(tmp_path,))
    server = await make_server(options)
    edits = Edits(server.engine, options, lambda _: None)
    await page.goto(f"{server.page}#/providers/header")
    await expect(page.get_by_text("header.send")).to_be_visible()
    (tmp_path / "header.yaml").write_text(
        (tmp_path / "header.yaml").read_text().replace("header.send", "header.submit")
    )
    edits.reload()
    await go(page, "Messages")
    await go(page, "Providers")
    await page.get_by_role("link", name="header", exact=True).click()

    await expect(page.get_by_text("header.submit")).to_be_visible()
