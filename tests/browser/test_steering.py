"""Steering from the page: clock, scenario, workspaces, providers."""

import re

import pytest
from playwright.async_api import Page, expect

from sandbox.server.startup import Options
from tests.browser.conftest import ServerMaker
from tests.browser.served import Served
from tests.browser.sight import go, live, opened, rows

pytestmark = pytest.mark.asyncio(loop_scope="session")

MISTAKEN = """\
name: broken
rules:
  - name: typo
    when: {operation: betatel.sms.send}
    then: {lifecycle: [deliverd: 2s]}
"""
MENDED = MISTAKEN.replace("deliverd: 2s", "sent: 1s, delivered: 2s")


async def test_an_advance_shows_what_happened(page: Page, server: Served) -> None:
    message = await server.send()
    await page.goto(f"{server.page}#/clock")
    await page.get_by_role("button", name="+10 s").click()
    happenings = page.get_by_role("region", name="Result")

    await expect(happenings.get_by_role("heading")).to_have_text("4 events")
    await expect(happenings.get_by_role("listitem")).to_contain_text(
        [
            "sentto 38761930305",
            "callbackto 38761930305collected",
            "deliveredto 38761930305",
            "callbackto 38761930305collected",
        ]
    )
    await expect(happenings.locator(f"a[href$='{message}']")).to_have_count(4)


async def test_an_advance_until_idle_ends_when_nothing_is_pending(page: Page, server: Served) -> None:
    message = await server.send()
    await page.goto(f"{server.page}#/clock")
    await page.get_by_role("button", name="Until idle").click()
    await page.get_by_role("region", name="Result").get_by_title(message).last.click()

    await expect(opened(page).get_by_role("heading", level=2)).to_have_text("To 38761930305 delivered")


async def test_the_clock_freezes_and_runs(page: Page, make_server: ServerMaker) -> None:
    server = await make_server(Options())
    await page.goto(f"{server.page}#/clock")
    await expect(page.get_by_text("The clock runs in real time.")).to_be_visible()
    await page.get_by_role("button", name="Freeze").click()
    await expect(page.get_by_text("The clock is frozen until you advance it.")).to_be_visible()
    await page.get_by_label("Speed").select_option("60x real time")
    await page.get_by_role("button", name="Run").click()

    await expect(page.get_by_text("The clock runs at 60x real time.")).to_be_visible()


async def test_a_pace_that_is_being_chosen_stays_while_the_clock_moves(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/clock")
    time = page.locator(".now-time")
    await expect(time).not_to_be_empty()
    before = await time.inner_text()
    await page.get_by_label("Speed").select_option("60x real time")
    await server.advance("1h")
    await expect(time).not_to_have_text(before)

    await expect(page.get_by_label("Speed")).to_have_value("60")


async def test_a_goal_that_cannot_be_reached_is_refused_in_words(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/clock")
    await page.get_by_label("Duration").fill("5000000d")
    await page.get_by_role("button", name="Advance", exact=True).click()

    await expect(page.get_by_role("alert")).to_contain_text("5000000d")


async def test_a_mistake_in_a_scenario_stands_at_its_line(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/scenario")
    await page.get_by_label("Scenario as YAML").fill(MISTAKEN)
    await page.get_by_role("button", name="Apply").click()

    await expect(page.locator("#mistakes li")).to_have_text(
        re.compile(r"Line 5, column \d+ no status is called 'deliverd' for betatel\.sms\. Did you mean 'delivered'\?")
    )
    await expect(page.locator(".editor-lines .wrong")).to_have_text("5")
    await expect(page.get_by_role("heading", name="Active: default")).to_be_visible()


async def test_a_mended_scenario_is_used_and_counts_its_hits(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/scenario")
    await page.get_by_label("Scenario as YAML").fill(MENDED)
    await page.get_by_role("button", name="Apply").click()
    await expect(page.get_by_role("heading", name="Active: broken")).to_be_visible()
    await expect(page.get_by_text("0 hits")).to_be_visible()
    await server.send()

    await expect(page.get_by_text("1 hit", exact=True)).to_be_visible()


async def test_another_scenario_is_switched_to_by_name(page: Page, server: Served) -> None:
    await server.ask("PUT", "/_sandbox/scenario", MENDED.encode(), {"Content-Type": "application/yaml"})
    await page.goto(f"{server.page}#/scenario")
    await expect(page.get_by_role("heading", name="Active: broken")).to_be_visible()
    await page.get_by_role("button", name="Use default", exact=True).click()

    await expect(page.get_by_role("heading", name="Active: default")).to_be_visible()


async def test_a_new_workspace_has_keys_that_lead_into_it_alone(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/workspaces")
    await page.get_by_role("button", name="Create").click()
    variables = page.get_by_role("group", name="Environment variables").first
    await expect(variables).to_contain_text("BETATEL_API_KEY=")
    keys = dict(line.split("=", 1) for line in (await variables.inner_text()).splitlines())
    await server.send("to the new one", key=keys["BETATEL_API_KEY"])
    await page.get_by_role("link", name="Open workspace").click()

    await expect(rows(page).locator(".row-text")).to_have_text(["to the new one"])
    await page.goto(f"{server.page}#/messages")
    await expect(page.get_by_role("heading", name="No messages yet")).to_be_visible()


async def test_a_workspace_is_deleted_at_the_second_press(page: Page, server: Served) -> None:
    made = (await server.control("POST", "workspaces", {}))["id"]
    await page.goto(f"{server.page}#/workspaces")
    await page.get_by_role("button", name=f"Delete {made}").click()
    await expect(page.get_by_role("heading", name=made)).to_be_visible()
    await page.get_by_role("button", name=f"Delete {made}").click()

    await expect(page.get_by_role("heading", name=made)).to_have_count(0)


async def test_a_workspace_that_was_deleted_while_it_was_in_view_is_said_to_be_gone(page: Page, server: Served) -> None:
    made = (await server.control("POST", "workspaces", {}))["id"]
    await page.goto(f"{server.page}#/messages?workspace={made}")
    await expect(live(page)).to_have_text("Live")
    await server.control("DELETE", f"workspaces/{made}")

    await expect(page.get_by_role("alert")).to_contain_text(made)
    await expect(live(page)).to_have_text("Not found")


async def test_operations_say_whose_word_they_are(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/providers/betatel")
    operations = page.locator(".operation > summary")

    await expect(operations.filter(has_text="betatel.whatsapp.otp")).to_contain_text("documented")
    await expect(operations.filter(has_text="betatel.balance")).to_contain_text("published")


async def test_trying_an_operation_opens_the_message(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/providers/ubill")
    await page.locator(".operation > summary").filter(has_text="ubill.sms.send").first.click()
    await page.get_by_role("form", name="Try ubill.sms.send").get_by_role("button", name="Send and open").click()

    await expect(opened(page).locator("blockquote")).to_have_text("message")


async def test_a_try_that_is_refused_says_why(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/providers/betatel")
    await page.locator(".operation > summary").filter(has_text="betatel.sms.send").click()
    form = page.get_by_role("form", name="Try betatel.sms.send")
    await form.get_by_label("Body").fill('{"from": "FACEBOOK", "to": "387x", "text": "hi"}')
    await form.get_by_role("button", name="Send and open").click()

    await expect(form.get_by_role("heading", name="Reply 400")).to_be_visible()
    await expect(form).to_contain_text("body.to: '387x' does not match")


async def test_a_try_that_needs_an_id_asks_for_it(page: Page, server: Served) -> None:
    message = await server.send_whatsapp()
    await page.goto(f"{server.page}#/providers/betatel")
    await page.locator(".operation > summary").filter(has_text="betatel.whatsapp.wdr.get").click()
    form = page.get_by_role("form", name="Try betatel.whatsapp.wdr.get")
    uuid = form.get_by_label("uuid (path)")
    await form.get_by_role("button", name="Send").click()
    await expect(uuid).to_be_focused()
    await uuid.fill(message)
    await form.get_by_label("x-api-key").fill("k1")
    await form.get_by_role("button", name="Send").click()

    await expect(form.get_by_role("heading", name="Reply 200")).to_be_visible()
    await expect(form.get_by_role("group", name="Reply")).to_contain_text(message)


async def test_a_target_is_set_where_the_provider_stands(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/providers/betatel")
    await page.get_by_label("Callback URL").fill("http://127.0.0.1:9000/dlr")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Saved: callbacks are now sent to this URL.")).to_be_visible()

    assert (await server.control("GET", "targets"))["betatel"]["url"] == "http://127.0.0.1:9000/dlr"


async def test_the_control_token_is_asked_for_once_and_kept_for_the_tab(page: Page, make_server: ServerMaker) -> None:
    server = await make_server(Options(control_token="open-sesame"))
    await page.goto(server.page)
    dialog = page.get_by_role("dialog", name="Control token")
    await dialog.get_by_label("Token").fill("wrong")
    await dialog.get_by_role("button", name="Continue").click()
    await expect(dialog.get_by_role("alert")).to_have_text("This token is not valid.")
    await dialog.get_by_label("Token").fill("open-sesame")
    await dialog.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", name="No messages yet")).to_be_visible()
    await page.reload()

    await expect(live(page)).to_have_text("Live")
    await expect(dialog).to_have_count(0)
    await go(page, "Clock")
    await expect(page.get_by_role("button", name="Freeze")).to_be_visible()
