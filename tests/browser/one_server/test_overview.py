"""The overview: its numbers and charts, the tables behind them, and the clock that is advanced along an axis."""

from pathlib import Path

import pytest
import yaml
from playwright.async_api import Locator, Page, expect

from sandbox.control.overview import BOUNDS
from tests.browser.served import Served
from tests.browser.sight import go, row, rows
from tests.servers import BETATEL_SMS, UBILL_SMS, Receiver, says

pytestmark = pytest.mark.asyncio(loop_scope="session")

REASONS = yaml.safe_load((Path(__file__).parents[2] / "data" / "reasons.yaml").read_text(encoding="utf-8"))
BAD = BETATEL_SMS.with_values(to="387x")


def panel(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def numbers(page: Page) -> Locator:
    """Return the numbers in the key of the chart of sends."""
    return panel(page, "Sends").locator(".chart-key li")


async def at_noon(server: Served) -> None:
    """Set the clock."""
    await server.control("PUT", "clock", {"mode": "frozen", "start": "2030-01-01T12:00:00Z"})


async def traffic(server: Served) -> None:
    """Send over two minutes: one delivered, one refused, two on the way."""
    await server.send()
    await server.post(BAD)
    await server.advance("1m")
    await server.post(UBILL_SMS.with_values(numbers=["995511194242", "995511194243"]))


async def test_the_numbers_are_told_and_follow_what_happens(page: Page, server: Served) -> None:
    await traffic(server)
    await page.goto(f"{server.page}#/overview")
    await expect(page.locator(".tile-number")).to_have_text(["3", "100 %", "1", "2", "4"])
    await expect(numbers(page)).to_have_text(["delivered1", "on the way2", "not delivered0", "refused1"])
    await server.send()

    await expect(numbers(page)).to_have_text(["delivered1", "on the way3", "not delivered0", "refused1"])


async def test_arrow_keys_read_a_chart_column_by_column(page: Page, server: Served) -> None:
    await traffic(server)
    await page.goto(f"{server.page}#/overview")
    chart = page.get_by_role("group", name="Sends by outcome", exact=True)
    await expect(chart.locator("rect")).to_have_count(3)
    await chart.focus()
    told = []
    for key in ("ArrowLeft", "ArrowLeft", "Home"):
        await page.keyboard.press(key)
        told.append(await chart.get_by_role("status").inner_text())

    assert [each.partition(": ")[2] for each in told] == ["2 on the way", "1 delivered, 1 refused", "none"]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Sends", ["1", "0", "0", "1", "0", "2", "0", "0"]),
        ("Time to final status", ["1", "2.2 s", "2.2 s", "2.2 s", "1"]),
        ("Pending", ["2", "0", "0"]),
        ("Callbacks", ["2", "0 ms", "0 ms", "0 ms", "2"]),
    ],
)
async def test_behind_each_chart_is_a_table(
    page: Page, server: Served, receiver: Receiver, name: str, cells: list[str]
) -> None:
    receiver.otherwise = says(200)
    await at_noon(server)
    await server.send()
    await server.post(BAD)
    await server.advance("2m")
    await server.post(UBILL_SMS.with_values(numbers=["995511194242", "995511194243"]))
    await page.goto(f"{server.page}#/overview")
    await expect(panel(page, name).locator("rect").first).to_be_visible()
    await panel(page, name).locator("summary", has_text="Table").click()

    await expect(panel(page, name).locator("td")).to_have_text(cells)


async def test_a_reason_leads_to_its_requests_and_further_ones_arrive_there(page: Page, server: Served) -> None:
    for to in ("387x", "+38761", "38761000050"):
        await server.post(BETATEL_SMS.with_values(to=to))
    await page.goto(f"{server.page}#/overview")
    reasons = panel(page, "Refusals by reason").get_by_role("listitem")
    await expect(reasons.locator(".chart-number")).to_have_text(["2", "1"])
    await reasons.first.get_by_role("link").click()
    await expect(rows(page)).to_have_count(2)
    await server.post(BETATEL_SMS.with_values(to="38761000050"))
    await server.post(BETATEL_SMS.with_values(to="98765x"))

    await expect(rows(page)).to_have_count(3)
    await expect(row(page, "98765x")).to_be_visible()


async def test_the_clock_is_advanced_along_what_is_pending_by_the_keyboard(page: Page, server: Served) -> None:
    await at_noon(server)
    await server.send()
    await page.goto(f"{server.page}#/overview")
    pending = panel(page, "Pending")
    slider = pending.get_by_role("slider", name="Advance the clock to")
    await expect(pending.locator("output")).to_have_text("to 12:00:00.200, in 200 ms: 1 event")
    await slider.focus()
    await page.keyboard.press("ArrowRight")
    await expect(slider).to_have_attribute("aria-valuetext", "to 12:00:00.300, in 300 ms: 1 event")
    await page.keyboard.press("Enter")
    await expect(pending.get_by_role("status").last).to_contain_text("2 events.")
    await expect(pending.locator("output")).to_have_text("to 12:00:02.300, in 2 s: 1 event")

    assert (await server.control("GET", "clock"))["now"].endswith("00.300Z")


async def test_the_clock_is_advanced_by_a_drag_over_the_chart(page: Page, server: Served) -> None:
    await at_noon(server)
    await server.send()
    await page.goto(f"{server.page}#/overview")
    pending = panel(page, "Pending")
    await expect(pending.locator("rect").first).to_be_visible()
    box = await pending.locator(".chart > svg").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 60, box["y"] + 60)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 60, steps=3)
    await page.mouse.up()
    await pending.get_by_role("button", name="Advance").click()

    await expect(pending.get_by_role("status").last).to_contain_text("events.")
    assert (await server.control("GET", "clock"))["now"][14:19] == "01:00"


async def test_a_running_clock_is_advanced_by_a_distance(page: Page, server: Served) -> None:
    await server.control("PUT", "scenario", {"name": "slow", "rules": [{"then": {"lifecycle": [{"sent": "1h"}]}}]})
    await server.control("PUT", "clock", {"mode": "real"})
    await server.send()
    await page.goto(f"{server.page}#/overview")
    pending = panel(page, "Pending")
    await expect(pending.locator("output")).to_have_text("by 1 h: 1 event")
    await pending.get_by_role("button", name="Advance").click()
    await expect(pending.get_by_role("status").last).to_contain_text("2 events.")

    assert (await server.control("GET", "messages/latest"))["status"] == "sent"


async def test_a_window_is_chosen_and_stands_in_the_address(page: Page, server: Served) -> None:
    await traffic(server)
    await server.advance("10m")
    await page.goto(f"{server.page}#/overview")
    await expect(page.locator(".tile-number").first).to_have_text("3")
    await page.get_by_role("navigation", name="Window").get_by_role("link", name="5 min", exact=True).click()
    await expect(page.locator(".tile-number").first).to_have_text("0")

    await expect(page).to_have_url(f"{server.page}#/overview?window=5m")


async def test_a_window_that_cannot_be_is_refused_in_words(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/overview?window=1y")

    await expect(page.get_by_role("alert")).to_contain_text("'1y' is not a duration")


async def test_an_empty_overview_says_that_there_is_nothing(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/overview")

    await expect(page.locator(".overview .panel .hint:visible")).to_contain_text(
        [
            "a minute, by outcome",
            "from now on",
            "Nothing is pending",
            "No request of this window was refused",
            "No message of this window has its final status yet",
            "No status changes of this window are reported",
            "No account was used",
        ]
    )


async def test_a_burst_of_events_is_read_in_a_few_calls(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/overview")
    await expect(numbers(page).first).to_be_visible()
    calls: list[str] = []
    page.on("request", lambda request: calls.append(request.url) if "/overview" in request.url else None)
    for _ in range(30):
        await server.send()
    await expect(numbers(page).nth(1)).to_have_text("on the way30")

    assert len(calls) < 10


async def test_leaving_the_overview_ends_its_calls(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/overview")
    await expect(numbers(page).first).to_be_visible()
    await go(page, "Messages")
    await expect(page).to_have_title("Messages · sms-sandbox")
    calls: list[str] = []
    page.on("request", lambda request: calls.append(request.url) if "/overview" in request.url else None)
    await server.send()
    await expect(rows(page)).to_have_count(1)

    assert calls == []


async def test_a_reason_is_worded_as_the_api_does(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/overview")
    worded = await page.evaluate(
        """async (all) => {
            const { reasonOf } = await import('/_sandbox/ui/js/reasons.js');
            return all.map((says) => reasonOf({ why: [says], rule: null, operation: 'betatel.sms.send' }));
        }""",
        [each["says"] for each in REASONS],
    )

    assert worded == [each["reason"] for each in REASONS]


async def test_the_axis_of_durations_has_the_buckets_of_the_api(page: Page, server: Served) -> None:
    await page.goto(f"{server.page}#/overview")
    bounds = await page.evaluate("import('/_sandbox/ui/js/ladder.js').then(({ BOUNDS }) => BOUNDS)")

    assert [each / 1000 for each in bounds] == pytest.approx(BOUNDS)


async def test_callbacks_without_a_target_are_said_to_be_collected(page: Page, server: Served) -> None:
    await server.control("PUT", "targets", {})
    await server.send()
    await server.advance("1m")
    await page.goto(f"{server.page}#/overview")
    callbacks = panel(page, "Callbacks")
    await expect(callbacks.get_by_role("listitem")).to_have_text(["collected2"])
    await expect(callbacks.get_by_text("None was sent: without a target, callbacks are collected.")).to_be_visible()

    await expect(callbacks.locator("summary")).to_be_hidden()
