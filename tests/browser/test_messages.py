"""The list of messages: live, filtered, steady while it is read, and safe."""

import asyncio
import re

import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

from tests.browser.served import Served
from tests.browser.sight import live, opened, row, rows, scroll

pytestmark = pytest.mark.asyncio(loop_scope="session")

MARKUP = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> hello"
HEBREW = "שלום, הקוד שלך 123-456"

# Scrolls a list to its end, so many pixels a frame: how many rows there are each time, and whether its middle is blank.
WALK = """async (list, pixels) => {
    const looks = [];
    const { left, top, height } = list.getBoundingClientRect();
    const end = list.scrollHeight - list.clientHeight;
    for (let place = 0; place < end + pixels; place += pixels) {
        list.scrollTop = place;
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        const middle = document.elementFromPoint(left + 40, top + height / 2);
        looks.push({ rows: list.querySelectorAll('li').length, blank: !middle?.closest('li') });
    }
    return looks;
}"""


async def test_a_message_appears_as_it_arrives(page: Page, server: Served) -> None:
    await page.goto(server.page)
    await expect(page.get_by_role("heading", name="No messages yet")).to_be_visible()
    await server.send("Your code is 555345")

    await expect(rows(page)).to_have_count(1)
    await expect(rows(page)).to_contain_text(["betatelsmsFACEBOOK38761930305Your code is 555345555345queued"])


async def test_the_newest_message_stands_on_top(page: Page, server: Served) -> None:
    await server.send("first")
    await page.goto(server.page)
    await expect(rows(page)).to_have_count(1)
    await server.send("second")
    await expect(rows(page)).to_have_count(2)

    await expect(rows(page).locator(".row-text")).to_have_text(["second", "first"])


async def test_a_status_changes_where_it_stands(page: Page, server: Served) -> None:
    await server.send()
    await page.goto(server.page)
    await expect(row(page, "555345")).to_contain_text("queued")
    await server.advance()

    await expect(row(page, "555345")).to_contain_text("delivered")


async def test_what_is_being_read_does_not_move_when_others_arrive(page: Page, server: Served) -> None:
    await server.send_many(200)
    await page.goto(server.page)
    await expect(page.get_by_text("200 messages", exact=True)).to_be_visible()
    await scroll(page, 1320)
    reading = row(page, "995500000250")
    await expect(reading).to_be_in_viewport()
    before = await reading.bounding_box()
    await server.send("a new one")
    await server.send("and another")
    await expect(page.get_by_role("button", name="2 new")).to_be_visible()

    assert await reading.bounding_box() == before


async def test_the_pill_leads_to_what_is_new(page: Page, server: Served) -> None:
    await server.send_many(200)
    await page.goto(server.page)
    await expect(page.get_by_text("200 messages", exact=True)).to_be_visible()
    await scroll(page, 1320)
    await expect(row(page, "995500000250")).to_be_in_viewport()
    await server.send("a new one")
    await page.get_by_role("button", name="1 new").click()

    await expect(row(page, "a new one")).to_be_in_viewport()


async def test_what_happens_to_messages_on_a_page_that_is_still_to_come_does_not_bring_them_to_the_top(
    page: Page, server: Served
) -> None:
    await server.send_many(300)
    wanted = asyncio.Event()

    async def hold(route: Route) -> None:
        await wanted.wait()
        await route.continue_()

    await page.route("**/messages?*cursor=*", hold)
    await page.goto(server.page)
    await expect(page.get_by_text("100+ messages")).to_be_visible()
    await server.advance()
    await expect(rows(page).first).to_contain_text("delivered")
    wanted.set()
    await expect(page.get_by_text("300 messages", exact=True)).to_be_visible()

    await expect(rows(page).first).to_contain_text("995500000399messagedelivered○ collected")


async def test_ten_thousand_messages_need_few_rows(page: Page, server: Served) -> None:
    await server.send_many(10_000)
    await page.goto(server.page)
    await expect(page.get_by_text("10,000 messages", exact=True)).to_be_visible()
    looks = await page.locator(".rows-scroller").evaluate(WALK, 12_000)

    await expect(row(page, "995500000100")).to_be_in_viewport()
    assert len(looks) > 20
    assert max(look["rows"] for look in looks) < 60
    assert [look for look in looks if look["blank"]] == []


async def test_filters_stand_in_the_address_and_a_view_can_be_shared(
    page: Page, context: BrowserContext, server: Served
) -> None:
    await server.send("Your code is 111111")
    await server.send("something else")
    await server.send_buddy("Your code is 222222")
    await page.goto(server.page)
    await page.get_by_label("Provider").select_option("betatel")
    await page.get_by_label("Search").fill("CODE")
    await expect(rows(page)).to_have_count(1)
    other = await context.new_page()
    await other.goto(page.url)

    await expect(rows(other)).to_contain_text(["111111"])
    await expect(other.get_by_label("Provider")).to_have_value("betatel")
    await expect(other.get_by_label("Search")).to_have_value("CODE")


async def test_a_part_of_a_number_finds_its_messages(page: Page, server: Served) -> None:
    await server.send(to="38761930305")
    await server.send(to="38761555777")
    await page.goto(server.page)
    await page.get_by_label("Search").fill("555 77")

    await expect(rows(page).locator(".row-to")).to_have_text(["38761555777"])


async def test_a_filter_by_status_lets_go_of_what_has_moved_on(page: Page, server: Served) -> None:
    await server.send()
    await page.goto(server.page)
    await page.get_by_label("Status", exact=True).select_option("queued")
    await expect(rows(page)).to_have_count(1)
    await server.advance()

    await expect(page.get_by_text("No messages match these filters.")).to_be_visible()


async def test_markup_in_a_text_is_shown_and_never_run(page: Page, server: Served) -> None:
    message = await server.send(MARKUP)
    await page.goto(f"{server.page}#/messages/{message}")

    await expect(opened(page).locator("blockquote")).to_have_text(MARKUP)
    await expect(row(page, "hello").locator(".row-text")).to_have_text(MARKUP)
    assert await page.locator("img[src=x], script:not([src])").count() == 0
    assert await page.title() == "Message to 38761930305 · sms-sandbox"


async def test_a_text_written_from_right_to_left_is_set_so(page: Page, server: Served) -> None:
    message = await server.send(HEBREW)
    await page.goto(f"{server.page}#/messages/{message}")
    bubble = opened(page).locator("blockquote")
    await expect(bubble).to_have_text(HEBREW)

    assert await bubble.evaluate("bubble => getComputedStyle(bubble).direction") == "rtl"


async def test_the_keyboard_goes_through_the_list_opens_and_closes(page: Page, server: Served) -> None:
    await server.send("first")
    second = await server.send("second")
    await server.send("third")
    await page.goto(server.page)
    await expect(rows(page)).to_have_count(3)
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("k")
    await page.keyboard.press("Enter")

    await expect(opened(page).locator("blockquote")).to_have_text("second")
    await expect(opened(page).get_by_role("heading", level=2)).to_be_focused()
    await expect(page).to_have_url(re.compile(second))
    await page.keyboard.press("Escape")
    await expect(opened(page).locator("blockquote")).to_have_count(0)
    await expect(row(page, "second").get_by_role("link")).to_be_focused()


async def test_a_slash_searches_and_a_question_mark_helps(page: Page, server: Served) -> None:
    await server.send()
    await page.goto(server.page)
    await expect(rows(page)).to_have_count(1)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")

    await expect(page.get_by_label("Search")).to_be_focused()


async def test_a_screen_reader_is_told_how_many_there_are(page: Page, server: Served) -> None:
    await page.goto(server.page)
    await expect(live(page)).to_have_text("Live")
    await server.send()

    await expect(page.locator("[aria-live=polite]").first).to_have_text("1 message, newest to 38761930305")


async def test_it_comes_back_by_itself_when_the_server_was_started_anew(page: Page, server: Served) -> None:
    await server.send("before")
    await page.goto(server.page)
    await expect(rows(page)).to_have_count(1)
    await server.stop()
    await expect(live(page)).to_have_text("Reconnecting")
    await server.start()
    await expect(live(page)).to_have_text("Live")
    await server.send("after")

    await expect(rows(page).locator(".row-text")).to_have_text(["after"])


async def test_what_a_new_server_calls_by_the_same_ids_takes_the_place_of_the_old(page: Page, server: Served) -> None:
    await server.advance("1h")
    message = await server.send("before")
    await server.advance()
    await page.goto(f"{server.page}#/messages/{message}")
    await expect(row(page, "before")).to_contain_text("delivered")
    await expect(opened(page).locator(".lifecycle-word")).to_have_text(["queued", "sent", "delivered"])
    await server.stop()
    await expect(live(page)).to_have_text("Reconnecting")
    await server.start()
    again = await server.send("after")
    await expect(live(page)).to_have_text("Live")

    assert again == message
    await expect(rows(page).locator(".row-text")).to_have_text(["after"])
    await expect(opened(page).locator("blockquote")).to_have_text("after")
    await expect(opened(page).locator(".lifecycle-word")).to_have_text(["queued", "planned", "planned"])


async def test_a_reset_empties_the_list(page: Page, server: Served) -> None:
    await server.send()
    await page.goto(server.page)
    await expect(rows(page)).to_have_count(1)
    await server.control("POST", "reset")

    await expect(page.get_by_role("heading", name="No messages yet")).to_be_visible()
