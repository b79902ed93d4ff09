"""Which recipients SMS Buddy takes, and how it writes them: digits alone, India's ten with 91 in front."""

import re

from sandbox.formats.phone_numbers import LONGEST, SHORTEST, is_possible, why_impossible
from sandbox.specs.characters import why_no_digits

GIVEN = re.compile(r"(\+|00)?([1-9][0-9]{6,14})")
INDIA = "91"
INDIAN_MOBILE = re.compile(r"91[6-9][0-9]{9}")
INDIAN_DIGITS = 10  # of a number without its country code


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
    indian = digits.startswith(INDIA) or (national and len(digits) == INDIAN_DIGITS)
    if indian and SHORTEST <= len(digits) <= LONGEST:
        return "is no Indian mobile: ten digits, of which the first is 6 to 9"
    return why_impossible(digits)
