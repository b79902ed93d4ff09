from datetime import timedelta

import pytest

from tests.control.calls import Control
from tests.control.waits import begun
from tests.servers import BETATEL_SMS, SMSBUDDY_OTP, UBILL_SMS, WHATSAPP, Sandbox, Sms


def sms(text: str) -> Sms:
    return BETATEL_SMS.with_values(text=text)


async def test_the_newest_code_for_a_number_is_returned_as_soon_as_its_message_is_accepted(
    sandbox: Sandbox,
    control: Control,
) -> None:
    await sandbox.send(sms("Your code is 111111"))
    await sandbox.send(sms("Your code is 222222"))
    await sandbox.send(sms("No code in here"))

    assert await control.get("/otp", to="+387 61 930 305") == {
        "code": "222222",
        "to": "38761930305",
        "provider": "betatel",
        "message": sandbox.message(2).id,
        "at": "2026-03-02T12:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("123-456 is your code", "123456"),
        ("Code: 4821. Call 38761222333 for help", "4821"),
        ("Pay 1500 EUR with code 9911", "9911"),
        ("Ваш код 777000", "777000"),
        ("Your OTP for A/C 12345678 is 482910", "482910"),
        ("رمز التحقق ٤٨٢٩١٠", "482910"),
        ("您的验证码为482910。", "482910"),
        ("Your Acme code is E7CB7B", "E7CB7B"),
    ],
)
async def test_a_code_is_distinguished_from_a_phone_number_and_a_price(
    sandbox: Sandbox, control: Control, text: str, code: str
) -> None:
    await sandbox.send(sms(text))

    assert (await control.get("/otp", to="38761930305"))["code"] == code


@pytest.mark.parametrize("text", ["Your order 20261127 has shipped", "Balance: 150000", "See you in 2026"])
async def test_a_text_without_a_code_leaves_the_one_before(sandbox: Sandbox, control: Control, text: str) -> None:
    await sandbox.send(sms("Your code is 111111"))
    await sandbox.send(sms(text))

    assert (await control.get("/otp", to="38761930305"))["code"] == "111111"


async def test_the_code_that_a_provider_made_comes_first(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(SMSBUDDY_OTP.with_values(message="Order 7788: your code is {#otp#}."))

    assert (await control.get("/otp", to="919812345678"))["code"] == sandbox.message().code


async def test_a_provider_can_be_chosen(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(WHATSAPP.with_values(to="995511194242"))
    await sandbox.send(UBILL_SMS.with_values(text="Your code is 123456"))
    found = [(await control.get("/otp", to="995511194242", provider=each))["code"] for each in ("betatel", "ubill")]

    assert found == ["482910", "123456"]


async def test_since_a_message_only_a_later_code_counts(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(sms("Your code is 111111"))
    since = sandbox.message().id
    waiting = await begun(sandbox.world, control.get("/otp", to="38761930305", since=since, wait="30s"))
    await sandbox.send(sms("Your code is 222222"))

    assert (await waiting)["code"] == "222222"


async def test_a_scheduled_code_can_be_read_when_its_time_comes(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(UBILL_SMS.with_values(text="Your code is 123456", sendTime="2026-03-02 17:00"))
    before = await control.refused("GET", "/otp", to="995511194242")
    waiting = await begun(sandbox.world, control.get("/otp", to="995511194242", wait="30s"))
    await sandbox.advance(timedelta(hours=1))
    found = await waiting

    assert (before, found["code"], found["at"]) == (
        (404, [("/to", "no message to '995511194242' has a one-time code")]),
        "123456",
        "2026-03-02T13:00:00.000Z",
    )


async def test_a_scheduled_code_is_newer_than_one_that_was_sent_while_it_waited(
    sandbox: Sandbox, control: Control
) -> None:
    await sandbox.send(UBILL_SMS.with_values(text="Your code is 111111", sendTime="2026-03-02 17:00"))
    await sandbox.advance(timedelta(minutes=1))
    await sandbox.send(UBILL_SMS.with_values(text="Your code is 222222"))
    before = (await control.get("/otp", to="995511194242"))["code"]
    await sandbox.advance(timedelta(hours=1))

    assert (before, (await control.get("/otp", to="995511194242"))["code"]) == ("222222", "111111")


async def test_when_the_wait_is_over_there_is_none(control: Control) -> None:
    assert await control.refused("GET", "/otp", to="1", wait="10ms") == (
        404,
        [("/to", "no message to '1' has a one-time code")],
    )


@pytest.mark.parametrize("query", [{}, {"to": "38761930305", "to_contains": "305"}], ids=str)
async def test_a_number_or_a_part_of_one_must_be_given(control: Control, query: dict[str, str]) -> None:
    problem = "give either to, the number of the recipient, or to_contains, a part of it"

    assert await control.refused("GET", "/otp", **query) == (400, [("/to", problem)])


@pytest.mark.parametrize("part", ["305", "+387 61 930 305", "0038761930305"])
async def test_a_part_of_a_number_finds_its_code(sandbox: Sandbox, control: Control, part: str) -> None:
    await sandbox.send(sms("Your code is 111111"))
    await sandbox.send(sms("Your code is 222222").with_values(to="38761930306"))

    assert (await control.get("/otp", to_contains=part))["code"] == "111111"


async def test_a_part_of_several_numbers_is_refused_and_names_them(sandbox: Sandbox, control: Control) -> None:
    for end in range(300, 307):
        await sandbox.send(sms(f"Your code is {end}{end}").with_values(to=f"38761930{end}"))
    shown = ", ".join(f"38761930{end}" for end in (306, 305, 304, 303, 302))
    problem = f"messages to 7 numbers contain '930': {shown} and 2 more"

    assert await control.refused("GET", "/otp", to_contains="930") == (409, [("/to_contains", problem)])


async def test_a_whole_number_is_meant_though_others_contain_it(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(sms("Your code is 111111").with_values(to="3876193030"))
    await sandbox.send(sms("Your code is 222222"))

    assert (await control.get("/otp", to_contains="3876193030"))["code"] == "111111"


async def test_a_number_with_and_without_its_country_code_is_one(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(SMSBUDDY_OTP)
    await sandbox.send(SMSBUDDY_OTP.with_values(to="919812345678"))

    assert (await control.get("/otp", to_contains="2345678"))["code"] == sandbox.message(2).code


async def test_a_part_that_nothing_contains_has_no_code(control: Control) -> None:
    assert await control.refused("GET", "/otp", to_contains="305") == (
        404,
        [("/to_contains", "no message to '305' has a one-time code")],
    )


@pytest.mark.parametrize("code", ["111111", "222222"])
async def test_a_code_can_be_asked_for_by_itself(sandbox: Sandbox, control: Control, code: str) -> None:
    await sandbox.send(sms("Your code is 111111"))
    await sandbox.send(sms("Your code is 222222"))
    found = await control.get("/otp", to="38761930305", code=code)

    assert (found["code"], found["message"]) == (code, sandbox.message(int(code[0])).id)


async def test_a_code_that_was_not_sent_is_a_404_that_names_it(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(sms("Your code is 111111"))

    assert await control.refused("GET", "/otp", to="38761930305", code="999999") == (
        404,
        [("/code", "no message to '38761930305' has the one-time code '999999'")],
    )


async def test_a_code_for_a_number_without_any_code_is_a_404_that_names_the_number(control: Control) -> None:
    assert await control.refused("GET", "/otp", to="38761930305", code="999999") == (
        404,
        [("/to", "no message to '38761930305' has the one-time code '999999'")],
    )


async def test_a_wait_for_one_code_passes_over_others(sandbox: Sandbox, control: Control) -> None:
    waiting = await begun(sandbox.world, control.get("/otp", to="38761930305", code="222222", wait="30s"))
    await sandbox.send(sms("Your code is 111111"))
    await sandbox.send(sms("Your code is 222222"))

    assert (await waiting)["message"] == sandbox.message(2).id
