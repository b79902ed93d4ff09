"""Which numbers are taken."""

import phonenumbers
from hypothesis import assume, given
from hypothesis import strategies as st
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from sandbox.providers.smsbuddy.parameters import find_mobile


def is_possible(digits: str) -> bool | None:
    """Return what the library says of a number; None where it reads another one, without what it calls a prefix."""
    try:
        number = phonenumbers.parse(f"+{digits}")
    except NumberParseException:
        return None
    if phonenumbers.format_number(number, PhoneNumberFormat.E164) != f"+{digits}":
        return None
    return phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE


@given(st.from_regex(r"[1-8][0-9]{6,14}", fullmatch=True))
def test_a_foreign_number_is_taken_where_the_library_finds_its_length_possible(digits: str) -> None:
    possible = is_possible(digits)
    assume(possible is not None)

    assert (find_mobile(f"+{digits}") == digits) == possible


@given(st.text(max_size=20))
def test_a_number_comes_back_as_digits_or_not_at_all(text: str) -> None:
    mobile = find_mobile(text)

    assert mobile is None or (mobile.isascii() and mobile.isdecimal() and 7 <= len(mobile) <= 15)
