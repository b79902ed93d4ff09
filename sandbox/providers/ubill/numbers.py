"""The numbers of a request: how they are listed, and which of them a text can be sent to."""

from functools import cache

from sandbox.providers.ubill.wording import Why, shown

NAMED = 50  # numbers that an explanation names; a request may have thousands
SHORTEST, LONGEST = 7, 15  # digits; E.164 sets the upper bound
LONGEST_CODE = 3  # digits of a country's code
RIGHT = "numbers in international format without + and 00"


def listed(value: object) -> tuple[str, ...]:
    """Return the numbers as they are written, from text with commas or an array; blanks around one do not count."""
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
    texts = (str(item).strip(" \t\r\n") for item in items)
    return tuple(text for text in texts if text)


def possible(number: str) -> bool:
    """Tell whether a text is a complete international number: ASCII digits alone, as many as its country has.

    Local numbers (six digits after 995) and a national 0 after the code are not of the international format.
    """
    digits = number.isascii() and number.isdecimal() and not number.startswith("0")
    return digits and SHORTEST <= len(number) <= LONGEST and fits(number[:LONGEST_CODE], len(number))


@cache  # bounded by its arguments: three digits, nine lengths
def fits(begin: str, length: int) -> bool:
    """Tell whether numbers that begin with `begin` may have `length` digits, whatever the others are."""
    import phonenumbers  # noqa: PLC0415 - 40 ms that a start need not pay

    for size in range(1, LONGEST_CODE + 1):
        code = int(begin[:size])
        if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            sample = phonenumbers.PhoneNumber(country_code=code, national_number=int("1" * (length - size)))
            return phonenumbers.is_possible_number_with_reason(sample) == phonenumbers.ValidationResult.IS_POSSIBLE
    return False


def impossible(given: tuple[str, ...]) -> Why:
    """Return a sentence for each of the numbers that is none."""
    wrong = [number for number in given if not possible(number)]
    told = tuple(f"numbers: {shown(number)} is no complete number (documented: {RIGHT})" for number in wrong[:NAMED])
    rest = len(wrong) - NAMED
    return (*told, f"numbers: and {rest} more are not") if rest > 0 else told


def bare(number: str) -> str:
    """Return the digits by which a number is compared, without +, 00, blanks and hyphens."""
    return "".join(filter(str.isdecimal, number)).removeprefix("00")
