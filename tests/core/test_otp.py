"""One-time codes: found in texts, and checked as a provider checks its own."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.account import CheckResult, Otp, check_code
from sandbox.core.code_detection import find_code
from tests.builders import NOON

SENTENCES = [
    "{}",
    "Your code is {}",
    "Your Verification code is {}.",
    "{} is your OTP",
    "{} is your code. Do not share it.",
    "Code: {}",
    "Code:{}",
    "OTP={} expires in 10 minutes",
    "G-{} is your verification code.",
    "<#> Your code is: {}\nFA+9qCX9VSu",
    "Use {} to sign in.",
    "Your code ({}) is good for 5 min",
    "Ваш код {}",
    "თქვენი კოდია: {}",
    "კოდი: {}",
    "Kod {}!",
    "Your code is {}.\n\n@www.example.com #{}",
    "Your code is {}. Questions? Call +38761930305",
    "Your code is {}. Questions? +387 61 930 305",
    "Your code is {}, sent to 9812345678",
    "Order of $1500.00: code {}",
    "Pay 1500 EUR with code {}",
    "Pay Rs. 1500 with code {}",
    "Order 1234567, code {}",
    "Your PIN: {}. See https://example.com/t?id=99999999",
]
PHONES = [
    "+38761930305",
    "+387 61 930 305",
    "+387-61-930-305",
    "00387 61 930 305",
    "38761930305",
    "995511194242",
    "+1 (555) 123-4567",
    "(061) 930-305",
    "061/930-305",
    "061-930-305",
    "061 930 305",
    "98123 45678",
    "9812345678",
    "555-1234",
    "6123 4567",
    "+49 30 1234567",
    "tel:+38761930305",
]
AROUND_PHONES = [
    "{}",
    "Call {}",
    "Call {} now",
    "Your code was sent to {}",
    "Your code was sent to {}.",
    "{}: no code here",
]
PRICES = [
    "$1500",
    "$ 1500",
    "1500$",
    "1500 $",
    "€1500",
    "1500 €",
    "₾1500",
    "₹1500",
    "1500 USD",
    "USD 1500",
    "usd 1500",
    "1500 GEL",
    "GEL 1500",
    "Rs 1500",
    "Rs. 1500",
    "Rs.1500",
    "INR 15000",
    "1500 Rs",
    "1500.00",
    "1,500.00",
    "1500,00",
    "12500.50",
]
AROUND_PRICES = ["{}", "You paid {}", "You paid {} today", "Your code was used to pay {}"]

codes = st.text("0123456789", min_size=4, max_size=8)


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("code", ["4821", "482910", "00482910"])
def test_the_code_of_a_sentence_is_found(sentence: str, code: str) -> None:
    assert find_code(sentence.format(code, code)) == code


@pytest.mark.parametrize("text", ["Your code is 482-910", "482 910 is your code", "code: 482 910."])
def test_a_code_may_be_written_in_two_halves(text: str) -> None:
    assert find_code(text) == "482910"


@pytest.mark.parametrize("text", ["Your code is 1234567890", "OTP: 1234567890", "OTP:1234567890.", "code=1234567890"])
def test_a_code_of_ten_digits_stands_right_behind_its_word(text: str) -> None:
    assert find_code(text) == "1234567890"


@pytest.mark.parametrize("phone", PHONES)
@pytest.mark.parametrize("around", AROUND_PHONES)
def test_a_phone_number_is_no_code(around: str, phone: str) -> None:
    assert find_code(around.format(phone)) is None


@pytest.mark.parametrize("price", PRICES)
@pytest.mark.parametrize("around", AROUND_PRICES)
def test_a_price_is_no_code(around: str, price: str) -> None:
    assert find_code(around.format(price)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no digits",
        "123",
        "at 12:30",
        "2026-02-01 23:30",
        "01.02.2026",
        "https://a.b/123456",
        "www.a.b/?c=1234",
        "a1234",
        "1234b",
        "a_1234",
    ],
)
def test_what_is_part_of_something_else_is_no_code(text: str) -> None:
    assert find_code(text) is None


@pytest.mark.parametrize("text", ["code ٤٨٢٩١٠", "code ४८२९१०", "code \uff14\uff18\uff12\uff19\uff11\uff10"])
def test_digits_of_other_scripts_are_found_and_given_in_ascii(text: str) -> None:
    assert find_code(text) == "482910"


@given(st.sampled_from(SENTENCES), codes)
def test_any_code_is_found_in_any_sentence(sentence: str, code: str) -> None:
    assert find_code(sentence.format(code, code)) == code


@given(
    st.integers(1, 999),
    st.lists(st.integers(10, 999), min_size=3, max_size=4),
    st.sampled_from(" -"),
    st.sampled_from(AROUND_PHONES),
)
def test_no_group_of_a_phone_number_is_taken_for_a_code(
    country: int, groups: list[int], between: str, around: str
) -> None:
    phone = between.join([f"+{country}", *map(str, groups)])

    assert find_code(around.format(phone)) is None


@given(st.integers(10**10, 10**15 - 1), st.sampled_from(["", "+", "00"]), st.sampled_from(AROUND_PHONES))
def test_no_international_number_is_taken_for_a_code(number: int, prefix: str, around: str) -> None:
    assert find_code(around.format(f"{prefix}{number}")) is None


@given(
    st.integers(1000, 99_999_999),
    st.sampled_from(["${}", "{}$", "€ {}", "{} €", "USD {}", "{} USD", "{} gel", "Rs. {}", "₹{}", "{}.00", "{},50"]),
    st.sampled_from(AROUND_PRICES),
)
def test_no_amount_of_money_is_taken_for_a_code(amount: int, written: str, around: str) -> None:
    assert find_code(around.format(written.format(amount))) is None


@given(st.text(max_size=120) | st.text("0123456789 -+.,:$#()codeOTPisXx*@/_£मَ為", max_size=120))
def test_what_is_found_is_four_to_ten_letters_and_digits(text: str) -> None:
    code = find_code(text)

    assert code is None or (code.isascii() and code.isalnum() and 4 <= len(code) <= 10 and not code.isalpha())


MADE = Otp("smsbuddy", "k1", "919812345678", "4821", NOON + timedelta(minutes=2), message=1)
LATE = MADE.expires_at


@pytest.mark.parametrize(
    ("otp", "code", "late", "found"),
    [
        (MADE, "4821", False, CheckResult.RIGHT),
        (MADE, "4822", False, CheckResult.WRONG),
        (MADE, "4821", True, CheckResult.EXPIRED),
        (MADE, "4822", True, CheckResult.EXPIRED),
    ],
)
def test_a_code_is_right_until_it_expires(otp: Otp, code: str, *, late: bool, found: CheckResult) -> None:
    assert check_code(otp, code, at=LATE if late else LATE - timedelta(microseconds=1), tries=5)[0] is found


def test_a_code_works_once() -> None:
    found, after = check_code(MADE, "4821", at=NOON, tries=5)

    assert (found, check_code(after, "4821", at=NOON, tries=5)[0]) == (CheckResult.RIGHT, CheckResult.USED)


def test_wrong_tries_end_a_code() -> None:
    otp, found = MADE, []
    for code in ["1", "2", "3", "4821"]:
        outcome, otp = check_code(otp, code, at=NOON, tries=3)
        found.append(outcome)

    assert found == [CheckResult.WRONG, CheckResult.WRONG, CheckResult.WRONG, CheckResult.EXHAUSTED]


@given(st.lists(st.sampled_from(["4821", "0000", "1111"]), max_size=12), st.integers(1, 6))
def test_a_code_is_right_at_most_once_and_never_after_its_tries(entered: list[str], tries: int) -> None:
    otp, found = MADE, []
    for code in entered:
        outcome, otp = check_code(otp, code, at=NOON, tries=tries)
        found.append(outcome)

    wrong = found.count(CheckResult.WRONG)
    assert (
        found.count(CheckResult.RIGHT) <= 1,
        wrong <= tries,
        wrong < tries or CheckResult.EXHAUSTED in {*found, CheckResult.EXHAUSTED},
    ) == (
        True,
        True,
        True,
    )
