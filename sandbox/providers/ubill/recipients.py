"""The numbers of a request: how they are listed, and which of them a text can be sent to."""

from functools import cache

from sandbox.providers.ubill.responses import Why, shown
from sandbox.specs.characters import why_no_digits

NAMED = 50  # numbers that an explanation names; a request may have thousands
SHORTEST, LONGEST = 7, 15  # digits; E.164 sets the upper bound
LONGEST_CODE = 3  # digits of a country's code
RIGHT = "numbers in international format without + and 00"


def entries(value: object) -> list[str]:
    """Return what stands between the commas of a text or in an array, empty entries too."""
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
    return [str(item).strip(" \t\r\n") for item in items]


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


def impossible(value: object, verdict: str) -> Why:
    """Return a sentence for each of the numbers that is none; `verdict` is what that means for it."""
    texts = entries(value)
    wrong = [(place, text) for place, text in enumerate(texts) if text and not possible(text)]
    told = [
        f"numbers{f'[{place}]' if len(texts) > 1 else ''}: {shown(number)} {verdict}: it {why_impossible(number)} "
        f"(documented: {RIGHT})"
        for place, number in wrong[:NAMED]
    ]
    rest, empty = len(wrong) - NAMED, texts.count("")
    if rest > 0:
        told.append(f"numbers: {rest} more like these")
    if empty and len(texts) > 1:
        told.append(f"numbers: {empty} of {len(texts)} entries {'is' if empty == 1 else 'are'} empty")
    return tuple(told)


def why_impossible(number: str) -> str:
    """Return what keeps a text from being a number, in words that follow `it`."""
    if number.startswith("+"):
        return "begins with +"
    odd = why_no_digits(number)
    if odd:
        return odd
    if number.startswith("0"):
        return "begins with 00" if number.startswith("00") else "begins with 0, as numbers within a country do"
    if not SHORTEST <= len(number) <= LONGEST:
        return f"has too {'few' if len(number) < SHORTEST else 'many'} digits: {len(number)}"
    return f"has {len(number)} digits, which is not what its country's numbers have"


def bare(number: str) -> str:
    """Return the digits by which a number is compared, without +, 00, blanks and hyphens."""
    return "".join(filter(str.isdecimal, number)).removeprefix("00")
