"""Which recipients SMS Buddy takes, and how it writes them: digits alone, India's ten with 91 in front."""

import re

from sandbox.specs.characters import why_no_digits

GIVEN = re.compile(r"(\+|00)?([1-9][0-9]{6,14})")
INDIA = "91"
INDIAN_MOBILE = re.compile(r"91[6-9][0-9]{9}")
INDIAN_DIGITS = 10  # of a number without its country code
LENGTHS = range(7, 16)  # digits of a number with its country code
CODE_SIZES = (1, 2, 3)  # digits of a country code; none begins with another


def find_mobile(given: str) -> str | None:
    """Return a number as the provider writes it, or None when it is none.

    Ten digits are an Indian mobile (documented); a leading + or 00 marks a number with its country code (inferred).
    Indian numbers must be mobiles, others of a length that their country has (inferred).
    """
    match = GIVEN.fullmatch(given)
    if match is None:
        return None
    prefix, digits = match.groups()
    if not prefix and len(digits) == INDIAN_DIGITS:
        digits = INDIA + digits
    if digits.startswith(INDIA):
        return digits if INDIAN_MOBILE.fullmatch(digits) else None
    return digits if is_possible(digits) else None


def why_no_mobile(given: str) -> str:
    """Return what keeps a text from being a number, in words that follow `it`."""
    digits = given.removeprefix("+") if given.startswith("+") else given.removeprefix("00")
    if not digits:
        return "has no digits" if given else "is empty"
    return why_no_digits(digits) or _why_not_these(digits, national=digits == given)


def _why_not_these(digits: str, *, national: bool) -> str:
    if digits.startswith("0"):
        return "begins with 0, as numbers within a country do"
    if len(digits) not in LENGTHS:
        return f"has too {'few' if len(digits) < LENGTHS[0] else 'many'} digits: {len(digits)}"
    if digits.startswith(INDIA) or (national and len(digits) == INDIAN_DIGITS):
        return "is no Indian mobile: ten digits, of which the first is 6 to 9"
    return f"has {len(digits)} digits, which is not what its country's numbers have"


def is_possible(digits: str) -> bool:
    """Whether some country has numbers of this length behind its code.

    The code is split off here: the library's own parser takes ten times as long, which a thousand numbers would feel.
    """
    from phonenumbers import (  # noqa: PLC0415 - 40 ms that a start need not pay
        COUNTRY_CODE_TO_REGION_CODE,
        PhoneNumber,
        ValidationResult,
        is_possible_number_with_reason,
    )

    for size in CODE_SIZES:
        code, rest = int(digits[:size]), digits[size:]
        if code in COUNTRY_CODE_TO_REGION_CODE:
            zeros = len(rest) - len(rest.lstrip("0") or "0")
            number = PhoneNumber(
                country_code=code,
                national_number=int(rest),
                italian_leading_zero=zeros > 0,
                number_of_leading_zeros=zeros,
            )
            return is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return False
