"""Steering from the page: clock, scenario, workspaces, providers."""

import re

from playwright.sync_api import Page, expect

from sandbox.serving import Options
from tests.browser.conftest import ServerMaker
from tests.browser.served import Served
from tests.browser.sight import go, live, opened, rows

MISTAKEN = """\
name: broken
rules:
  - name: typo
    when: {operation: betatel.sms.send}
    then: {lifecycle: [deliverd: 2s]}
"""
MENDED = MISTAKEN.replace("deliverd: 2s", "sent: 1s, delivered: 2s")


def test_an_advance_shows_what_happened(page: Page, server: Served) -> None:
    message = server.send()
    page.goto(f"{server.page}#/clock")
    page.get_by_role("button", name="+10 s").click()
    happenings = page.get_by_role("region", name="What happened")

    expect(happenings.get_by_role("heading")).to_have_text("4 things happened")
    expect(happenings.get_by_role("listitem")).to_contain_text(["sent", "callback kept", "delivered", "callback kept"])
    expect(happenings.get_by_role("link", name=message)).to_have_count(4)


def test_an_advance_until_idle_ends_when_nothing_is_pending(page: Page, server: Served) -> None:
    message = server.send()
    page.goto(f"{server.page}#/clock")
    page.get_by_role("button", name="Until idle").click()
    page.get_by_role("region", name="What happened").get_by_role("link", name=message).last.click()

    expect(opened(page).get_by_role("heading", level=2)).to_have_text("To 38761930305 delivered")


def test_the_clock_freezes_and_runs(page: Page, make_server: ServerMaker) -> None:
    server = make_server(Options())
    page.goto(f"{server.page}#/clock")
    expect(page.get_by_text("It runs as real time does.")).to_be_visible()
    page.get_by_role("button", name="Freeze").click()
    expect(page.get_by_text("It stands still until it is advanced.")).to_be_visible()
    page.get_by_label("How fast").select_option("60 times as fast")
    page.get_by_role("button", name="Run").click()

    expect(page.get_by_text("It runs 60 times as fast as real time.")).to_be_visible()


def test_a_goal_in_the_past_is_refused_in_words(page: Page, server: Served) -> None:
    page.goto(f"{server.page}#/clock")
    page.get_by_label("How far").fill("5000000d")
    page.get_by_role("button", name="Advance", exact=True).click()

    expect(page.get_by_role("alert")).not_to_be_empty()


def test_a_mistake_in_a_scenario_stands_at_its_line(page: Page, server: Served) -> None:
    page.goto(f"{server.page}#/scenario")
    page.get_by_label("Scenario as YAML").fill(MISTAKEN)
    page.get_by_role("button", name="Use it").click()

    expect(page.locator("#mistakes li")).to_have_text(
        re.compile(r"Line 5, column \d+ no status is called 'deliverd' for betatel\.sms\. Did you mean 'delivered'\?")
    )
    expect(page.locator(".editor-lines .wrong")).to_have_text("5")
    expect(page.get_by_role("heading", name="On: default")).to_be_visible()


def test_a_mended_scenario_is_used_and_counts_its_hits(page: Page, server: Served) -> None:
    page.goto(f"{server.page}#/scenario")
    page.get_by_label("Scenario as YAML").fill(MENDED)
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_role("heading", name="On: broken")).to_be_visible()
    expect(page.get_by_text("0 hits")).to_be_visible()
    server.send()

    expect(page.get_by_text("1 hit", exact=True)).to_be_visible()


def test_another_scenario_is_switched_to_by_name(page: Page, server: Served) -> None:
    server.ask("PUT", "/_sandbox/scenario", MENDED.encode(), {"Content-Type": "application/yaml"})
    page.goto(f"{server.page}#/scenario")
    expect(page.get_by_role("heading", name="On: broken")).to_be_visible()
    page.get_by_role("button", name="Use default", exact=True).click()

    expect(page.get_by_role("heading", name="On: default")).to_be_visible()


def test_a_new_workspace_has_keys_that_lead_into_it_alone(page: Page, server: Served) -> None:
    page.goto(f"{server.page}#/workspaces")
    page.get_by_role("button", name="Make it").click()
    variables = page.get_by_role("group", name="Environment variables").first
    expect(variables).to_contain_text("BETATEL_API_KEY=")
    keys = dict(line.split("=", 1) for line in variables.inner_text().splitlines())
    server.send("to the new one", x_api_key=keys["BETATEL_API_KEY"])
    page.get_by_role("link", name="Open it").click()

    expect(rows(page).locator(".row-text")).to_have_text(["to the new one"])
    page.goto(f"{server.page}#/messages")
    expect(page.get_by_role("heading", name="Nothing sent yet")).to_be_visible()


def test_a_workspace_is_deleted_at_the_second_press(page: Page, server: Served) -> None:
    made = server.control("POST", "workspaces", {})["id"]
    page.goto(f"{server.page}#/workspaces")
    page.get_by_role("button", name=f"Delete {made}").click()
    expect(page.get_by_role("heading", name=made)).to_be_visible()
    page.get_by_role("button", name=f"Delete {made}").click()

    expect(page.get_by_role("heading", name=made)).to_have_count(0)


def test_a_workspace_that_was_deleted_while_it_was_in_view_is_said_to_be_gone(page: Page, server: Served) -> None:
    made = server.control("POST", "workspaces", {})["id"]
    page.goto(f"{server.page}#/messages?workspace={made}")
    expect(live(page)).to_have_text("Live")
    server.control("DELETE", f"workspaces/{made}")

    expect(page.get_by_role("alert")).to_contain_text(made)
    expect(live(page)).to_have_text("Gone")


def test_operations_say_whose_word_they_are(page: Page, server: Served) -> None:
    page.goto(f"{server.page}#/providers/betatel")
    operations = page.locator(".operation > summary")

    expect(operations.filter(has_text="betatel.whatsapp.otp")).to_contain_text("documented")
    expect(operations.filter(has_text="betatel.balance")).to_contain_text("published")


def test_trying_an_operation_opens_the_message(page: Page, server: Served) -> None:
    page.goto(f"{server.page}#/providers/ubill")
    page.locator(".operation > summary").filter(has_text="ubill.sms.send").first.click()
    page.get_by_role("form", name="Try ubill.sms.send").get_by_role("button", name="Send and open").click()

    expect(opened(page).locator("blockquote")).to_have_text("message")


def test_a_try_that_is_refused_says_why(page: Page, server: Served) -> None:
    page.goto(f"{server.page}#/providers/betatel")
    page.locator(".operation > summary").filter(has_text="betatel.sms.send").click()
    form = page.get_by_role("form", name="Try betatel.sms.send")
    form.get_by_label("Body").fill('{"from": "FACEBOOK", "to": "387x", "text": "hi"}')
    form.get_by_role("button", name="Send and open").click()

    expect(form.get_by_role("heading", name="Reply 400")).to_be_visible()
    expect(form).to_contain_text("body.to: '387x' does not match")


def test_a_target_is_set_where_the_provider_stands(page: Page, server: Served) -> None:
    page.goto(f"{server.page}#/providers/betatel")
    page.get_by_label("Callbacks go to").fill("http://127.0.0.1:9000/dlr")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_text("Set: the next callback goes there.")).to_be_visible()

    assert server.control("GET", "targets")["betatel"]["url"] == "http://127.0.0.1:9000/dlr"


def test_the_control_token_is_asked_for_once_and_kept_for_the_tab(page: Page, make_server: ServerMaker) -> None:
    server = make_server(Options(control_token="open-sesame"))
    page.goto(server.page)
    dialog = page.get_by_role("dialog", name="Control token")
    dialog.get_by_label("Token").fill("wrong")
    dialog.get_by_role("button", name="Go on").click()
    expect(dialog.get_by_role("alert")).to_have_text("That token was not taken.")
    dialog.get_by_label("Token").fill("open-sesame")
    dialog.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Nothing sent yet")).to_be_visible()
    page.reload()

    expect(live(page)).to_have_text("Live")
    expect(dialog).to_have_count(0)
    go(page, "Clock")
    expect(page.get_by_role("button", name="Freeze")).to_be_visible()
