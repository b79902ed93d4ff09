"""Phone numbers: normalized for comparison, and checked for completeness.

Numbers are compared by digits: a leading `+` or `00`, spaces and hyphens do not count. Lengths are those that the
`phonenumbers` library knows for each country.
"""

from functools import cache

MARKS = str.maketrans("", "", " -")
SHORTEST, LONGEST = 7, 15  # digits with the country code; E.164 sets the upper bound
LONGEST_CODE = 3  # digits of a country code; no code begins with another


def normalize_number(number: str) -> str:
    """Return a number in the form in which numbers are compared; other texts lose the same marks."""
    if number.isdigit():
        return number.removeprefix("00")
    return number.translate(MARKS).removeprefix("+").removeprefix("00")


def contains_number(number: str, part: str) -> bool:
    """Return whether a number contains a part of a number in any notation, as the search of the inbox does.

    Digits alone are compared. A part may also be a whole number with the country code that the other one lacks. A part
    without digits is a part of a sender's name.
    """
    wanted = digits_alone(part)
    if not wanted:
        return part.strip().lower() in number.lower()
    digits = _digits(number)
    return wanted in digits or (len(digits) > SHORTEST and wanted.endswith(digits))


def digits_alone(number: str) -> str:
    """Return the digits of a number, for comparison, without 00 in front."""
    return _digits(number).removeprefix("00")


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def is_possible(digits: str) -> bool:
    """Return whether a text is a country code and as many digits as numbers of that country have.

    It must consist of ASCII digits alone. Local numbers, and numbers with a national 0 after the country code, are
    too short or too long for their country.
    """
    if not (digits.isascii() and digits.isdecimal()) or digits.startswith("0"):
        return False
    return SHORTEST <= len(digits) <= LONGEST and _has_length(digits[:LONGEST_CODE], len(digits))


@cache  # bounded by its arguments: three digits, nine lengths
def _has_length(begin: str, length: int) -> bool:
    """Return whether numbers that begin with `begin` may have `length` digits, whatever the other digits are.

    The code is split off here: the library's own parser takes ten times as long.
    """
    import phonenumbers  # noqa: PLC0415 - 40 ms that a start need not pay

    for size in range(1, LONGEST_CODE + 1):
        code = int(begin[:size])
        if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            sample = phonenumbers.PhoneNumber(country_code=code, national_number=int("1" * (length - size)))
            return phonenumbers.is_possible_number_with_reason(sample) == phonenumbers.ValidationResult.IS_POSSIBLE
    return False


def why_impossible(digits: str) -> str:
    """Return why digits are not a complete international number, as a phrase to follow `it`."""
    if digits.startswith("0"):
        return "begins with 0, as numbers within a country do"
    if not SHORTEST <= len(digits) <= LONGEST:
        return f"has too {'few' if len(digits) < SHORTEST else 'many'} digits: {len(digits)}"
    return f"has {len(digits)} digits, which is not a valid length in its country"
