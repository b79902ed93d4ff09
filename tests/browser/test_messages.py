"""The list of messages: live, filtered, steady while it is read, and safe."""

import re

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.served import Served
from tests.browser.sight import live, opened, row, rows, scroll

MARKUP = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> hello"
HEBREW = "שלום, הקוד שלך 123-456"


def test_a_message_appears_as_it_arrives(page: Page, server: Served) -> None:
    page.goto(server.page)
    expect(page.get_by_role("heading", name="Nothing sent yet")).to_be_visible()
    server.send("Your code is 555345")

    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text(["betatel38761930305Your code is 555345555345queued"])


def test_the_newest_message_stands_on_top(page: Page, server: Served) -> None:
    server.send("first")
    page.goto(server.page)
    expect(rows(page)).to_have_count(1)
    server.send("second")
    expect(rows(page)).to_have_count(2)

    expect(rows(page).locator(".row-text")).to_have_text(["second", "first"])


def test_a_status_changes_where_it_stands(page: Page, server: Served) -> None:
    server.send()
    page.goto(server.page)
    expect(row(page, "555345")).to_contain_text("queued")
    server.control("POST", "clock/advance", {"by": "1m"})

    expect(row(page, "555345")).to_contain_text("delivered")


def test_what_is_being_read_does_not_move_when_others_arrive(page: Page, server: Served) -> None:
    server.send_many(200)
    page.goto(server.page)
    expect(page.get_by_text("200 messages", exact=True)).to_be_visible()
    scroll(page, 2100)
    reading = row(page, "995500000250")
    expect(reading).to_be_in_viewport()
    before = reading.bounding_box()
    server.send("a new one")
    server.send("and another")
    expect(page.get_by_role("button", name="2 new above")).to_be_visible()

    assert reading.bounding_box() == before


def test_the_pill_leads_to_what_is_new(page: Page, server: Served) -> None:
    server.send_many(200)
    page.goto(server.page)
    expect(page.get_by_text("200 messages", exact=True)).to_be_visible()
    scroll(page, 2100)
    expect(row(page, "995500000250")).to_be_in_viewport()
    server.send("a new one")
    page.get_by_role("button", name="1 new above").click()

    expect(row(page, "a new one")).to_be_in_viewport()


def test_ten_thousand_messages_need_few_rows(page: Page, server: Served) -> None:
    server.send_many(10_000)
    page.goto(server.page)
    expect(page.get_by_text("10,000 messages", exact=True)).to_be_visible()
    scroll(page, 1_000_000)

    expect(row(page, "995500000100")).to_be_in_viewport()
    assert rows(page).count() < 60


def test_filters_stand_in_the_address_and_a_view_can_be_shared(
    page: Page, context: BrowserContext, server: Served
) -> None:
    server.send("Your code is 111111")
    server.send("something else")
    server.send_buddy("Your code is 222222")
    page.goto(server.page)
    page.get_by_label("Provider").select_option("betatel")
    page.get_by_label("Text contains").fill("code")
    expect(rows(page)).to_have_count(1)
    other = context.new_page()
    other.goto(page.url)

    expect(rows(other)).to_contain_text(["111111"])
    expect(other.get_by_label("Provider")).to_have_value("betatel")
    expect(other.get_by_label("Text contains")).to_have_value("code")


def test_a_part_of_a_number_finds_its_messages(page: Page, server: Served) -> None:
    server.send(to="38761930305")
    server.send(to="38761555777")
    page.goto(server.page)
    page.get_by_label("Number").fill("555 77")

    expect(rows(page).locator(".row-to")).to_have_text(["38761555777"])


def test_a_filter_by_status_lets_go_of_what_has_moved_on(page: Page, server: Served) -> None:
    server.send()
    page.goto(server.page)
    page.get_by_label("Status").select_option("queued")
    expect(rows(page)).to_have_count(1)
    server.control("POST", "clock/advance", {"by": "1m"})

    expect(page.get_by_text("No message fits these filters.")).to_be_visible()


def test_markup_in_a_text_is_shown_and_never_run(page: Page, server: Served) -> None:
    message = server.send(MARKUP)
    page.goto(f"{server.page}#/messages/{message}")

    expect(opened(page).locator("blockquote")).to_have_text(MARKUP)
    expect(row(page, "hello").locator(".row-text")).to_have_text(MARKUP)
    assert page.locator("img[src=x], script:not([src])").count() == 0
    assert page.title() == "Messages · sms-sandbox"


def test_a_text_written_from_right_to_left_is_set_so(page: Page, server: Served) -> None:
    message = server.send(HEBREW)
    page.goto(f"{server.page}#/messages/{message}")
    bubble = opened(page).locator("blockquote")
    expect(bubble).to_have_text(HEBREW)

    assert bubble.evaluate("bubble => getComputedStyle(bubble).direction") == "rtl"


def test_the_keyboard_goes_through_the_list_opens_and_closes(page: Page, server: Served) -> None:
    server.send("first")
    second = server.send("second")
    server.send("third")
    page.goto(server.page)
    expect(rows(page)).to_have_count(3)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")

    expect(opened(page).locator("blockquote")).to_have_text("second")
    expect(opened(page).get_by_role("heading", level=2)).to_be_focused()
    expect(page).to_have_url(re.compile(second))
    page.keyboard.press("Escape")
    expect(opened(page).locator("blockquote")).to_have_count(0)
    expect(row(page, "second").get_by_role("link")).to_be_focused()


def test_a_slash_searches_and_a_question_mark_helps(page: Page, server: Served) -> None:
    server.send()
    page.goto(server.page)
    expect(rows(page)).to_have_count(1)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")

    expect(page.get_by_label("Text contains")).to_be_focused()


def test_a_screen_reader_is_told_how_many_there_are(page: Page, server: Served) -> None:
    page.goto(server.page)
    expect(live(page)).to_have_text("Live")
    server.send()

    expect(page.locator("[aria-live=polite]").first).to_have_text("1 message, the newest to 38761930305")


def test_it_comes_back_by_itself_when_the_server_was_started_anew(page: Page, server: Served) -> None:
    server.send("before")
    page.goto(server.page)
    expect(rows(page)).to_have_count(1)
    server.stop()
    expect(live(page)).to_have_text("Reconnecting")
    server.start()
    expect(live(page)).to_have_text("Live")
    server.send("after")

    expect(rows(page).locator(".row-text")).to_have_text(["after"])


def test_a_reset_empties_the_list(page: Page, server: Served) -> None:
    server.send()
    page.goto(server.page)
    expect(rows(page)).to_have_count(1)
    server.control("POST", "reset")

    expect(page.get_by_role("heading", name="Nothing sent yet")).to_be_visible()
