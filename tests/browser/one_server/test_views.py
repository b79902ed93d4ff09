"""Scenario, clock and workspaces, and what all views have in common: titles, buttons, the way on a phone."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.served import Served
from tests.browser.sight import go, live, opened
from tests.servers import Receiver, says

pytestmark = pytest.mark.asyncio(loop_scope="session")

DRAFT = "name: mine\nrules:\n  - when: {to: '*1'}\n    then: {lifecycle: [sent: 1s]}\n"
MISTAKEN = DRAFT.replace("sent: 1s", "snet: 1s")
SECTIONS = ("Overview", "Messages", "Requests", "Callbacks", "Clock", "Scenario", "Workspaces", "Providers")
# Everything in view that reaches beyond the card that it stands in.
OUTSIDE = """() => [...document.querySelectorAll('.panel > *')].filter((each) =>
    each.getBoundingClientRect().bottom > each.parentElement.getBoundingClientRect().bottom + 1).length"""
SCROLLS = """() => [...document.querySelectorAll('main *')].filter((each) =>
    each.scrollHeight > each.clientHeight + 1 && ['auto', 'scroll'].includes(getComputedStyle(each).overflowY))
    .map((each) => each.className)"""


async def test_the_scenario_page_scrolls_as_one_page(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/scenario")
    await page.get_by_label("Scenario as YAML").fill(DRAFT * 20)
    await expect(page.locator(".available .card-row").first).to_be_visible()
    scrolling, outside = await page.evaluate(SCROLLS), await page.evaluate(OUTSIDE)
    last = page.locator(".available .card-row").last
    await last.scroll_into_view_if_needed()

    await expect(last).to_be_in_viewport(ratio=1)
    assert (scrolling, outside) == (["panels scenarios"], 0)


async def test_the_editor_stands_before_the_list_of_scenarios(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/scenario")
    await expect(page.locator(".available .card-row").first).to_be_visible()
    await expect(page.get_by_label("Scenario as YAML")).to_be_in_viewport(ratio=1)

    await expect(page.locator(".scenarios h2")).to_have_text(
        ["Edit a scenario", "Active: default", "Available scenarios"]
    )


async def test_a_draft_survives_a_change_of_view_and_a_reload_until_it_is_discarded(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/scenario")
    text = page.get_by_label("Scenario as YAML")
    await text.fill(DRAFT)
    await go(page, "Clock")
    await go(page, "Scenario")
    await expect(text).to_have_value(DRAFT)
    await page.reload()
    await expect(text).to_have_value(DRAFT)
    await page.get_by_role("button", name="Discard draft").click()
    await page.reload()

    await expect(text).to_have_value("")


async def test_mistakes_show_while_one_types_and_change_nothing(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/scenario")
    text = page.get_by_label("Scenario as YAML")
    await text.fill(MISTAKEN)
    await expect(page.locator("#mistakes")).to_contain_text("1 mistake. Line 4, column")
    await expect(page.locator(".editor-lines .wrong")).to_have_text("4")
    await text.fill(DRAFT)
    await expect(page.locator("#mistakes")).to_contain_text("No mistakes.")

    await expect(page.get_by_role("heading", name="Active: default")).to_be_visible()


async def test_the_scenario_in_use_offers_no_use(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/scenario")
    cards = page.locator(".available .card-row")
    active = cards.filter(has=page.get_by_role("heading", name="default", exact=True))
    await expect(active).to_contain_text("in use")
    await expect(active.get_by_role("button")).to_have_count(0)
    await page.get_by_role("button", name="Use carrier-outage").click()
    await expect(page.get_by_role("heading", name="Active: carrier-outage")).to_be_visible()

    await expect(page.get_by_role("button", name="Use carrier-outage")).to_be_hidden()
    await expect(active.get_by_role("button", name="Use default")).to_be_visible()


async def test_the_clock_page_tells_what_is_due_next_and_steps_to_it(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/clock")
    await expect(page.get_by_text("Nothing is due.")).to_be_visible()
    await server.send()
    due = page.get_by_role("list", name="Due next").get_by_role("listitem")
    await expect(due).to_have_text(["in 200 mssentto 38761930305Advance to here"])
    await page.get_by_role("button", name="Step").click()
    await expect(due).to_have_text(
        ["in 2 sdeliveredto 38761930305Advance to here", "in 5 scallback, attempt 2to 38761930305Advance to here"]
    )
    await due.nth(1).get_by_role("button", name="Advance to here").click()

    await expect(due.first).to_contain_text("callback, attempt 2")
    await expect(page.get_by_role("region", name="Result").get_by_role("heading")).to_have_text("3 events")


async def test_the_rows_of_an_advance_tell_recipient_and_outcome(
    page: Page, server: Served, receiver: Receiver
) -> None:
    receiver.answers.append(says(200))
    await server.send()
    await page.goto(f"{server.page}#/clock")
    await page.get_by_role("button", name="+10 s").click()
    result = page.get_by_role("region", name="Result").get_by_role("listitem")

    await expect(result.locator(":scope > :not(time)")).to_have_text(
        [
            *("sent", "to 38761930305"),
            *("callback, attempt 1", "to 38761930305", "delivered: 200"),
            *("delivered", "to 38761930305"),
            *("callback, attempt 1", "to 38761930305", "failed: 501"),
            *("callback, attempt 2", "to 38761930305", "failed: 501"),
        ]
    )


async def test_a_duration_of_several_units_is_taken(page: Page, server: Served) -> None:
    await server.control("PUT", "clock", {"start": "2100-01-01T12:00:00Z"})
    await page.goto(f"{server.page}#/clock")
    await page.get_by_label("Duration").fill("1h30m")
    await page.get_by_role("button", name="Advance", exact=True).click()

    await expect(page.locator(".now-time")).to_have_text("13:30:00")


async def test_a_workspace_is_created_with_a_name_that_stands_wherever_its_id_does(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/workspaces")
    await page.get_by_label("Name", exact=True).fill("checkout tests")
    await page.get_by_role("button", name="Create").click()
    made = (await server.control("GET", "workspaces"))["items"][0]
    title = f"checkout tests ({made['id']})"
    await expect(page.get_by_role("heading", name=f"Created {title}")).to_be_visible()
    await expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    await page.get_by_role("link", name="Open workspace").click()
    await expect(page.locator(".workspace-chip")).to_have_text(f"workspace {title}")
    await go(page, "Workspaces")
    await page.get_by_label(f"Name of {made['id']}", exact=True).fill("renamed")
    await page.get_by_role("button", name=f"Save the name of {made['id']}").click()
    await expect(page.locator(".workspace-chip")).to_have_text(f"workspace renamed ({made['id']})")
    await server.control("DELETE", f"workspaces/{made['id']}")

    assert made["name"] == "checkout tests"


async def test_secondary_actions_look_like_buttons(page: Page, server: Served) -> None:
    message = await server.send()
    plain = []
    for place in (f"messages/{message}?search=code", "scenario", "workspaces", "providers"):
        await page.goto(f"{server.page}#/{place}")
        await page.reload()
        await expect(live(page)).to_have_text("Live")
        plain += await page.get_by_role("button").evaluate_all(
            """buttons => buttons.filter((each) => each.checkVisibility() && !each.closest('summary'))
                .filter((each) => /transparent|, 0\\)/.test(getComputedStyle(each).borderTopColor))
                .map((each) => each.textContent)"""
        )

    assert plain == []


async def test_an_address_that_names_no_page_says_so(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/nope")
    await expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    await expect(page.get_by_text("#/nope is not an address of the inbox.")).to_be_visible()
    await page.locator("main").get_by_role("link", name="Callbacks").click()

    await expect(page).to_have_title("Callbacks · sms-sandbox")


async def test_the_title_of_the_tab_names_what_is_open(page: Page, server: Served) -> None:
    message = await server.send()
    titles = []
    for place, title in (
        ("messages", "Messages · sms-sandbox"),
        (f"messages/{message}", "Message to 38761930305 · sms-sandbox"),
        ("requests/1", "Request 1 · POST /api/smpp/client/send · sms-sandbox"),
        ("requests", "Requests · sms-sandbox"),
        ("clock", "Clock · sms-sandbox"),
    ):
        await page.goto(f"{server.page}#/{place}")
        await expect(page).to_have_title(title)
        titles.append(title)

    assert len(titles) == len(set(titles))


async def test_the_empty_state_mentions_demo(page: Page, server: Served) -> None:
    await page.goto(server.page)

    await expect(page.get_by_role("group", name="Sample traffic")).to_have_text(f"sms-sandbox demo --url {server.url}")


async def test_on_a_phone_all_views_can_be_reached_and_the_name_of_the_scenario_stays(
    page: Page, server: Served
) -> None:
    await server.send()
    await server.advance("1s")
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(server.page)
    for section in SECTIONS:
        link = page.get_by_role("navigation", name="Sections").get_by_role("link", name=section)
        await expect(link).to_be_in_viewport(ratio=1)
        await link.click()
        await expect(page).to_have_title(f"{section} · sms-sandbox")
        await expect(page.locator(".scenario-chip")).to_be_in_viewport(ratio=1)

    await expect(page.locator(".scenario-chip")).to_have_text("scenario default")
    await expect(page.locator(".failing-chip")).to_be_in_viewport(ratio=1)


async def test_what_is_open_on_a_phone_can_be_left(page: Page, server: Served) -> None:
    message = await server.send()
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(f"{server.page}#/messages/{message}")
    await opened(page).get_by_role("button", name="← All").click()

    await expect(opened(page)).to_be_hidden()
