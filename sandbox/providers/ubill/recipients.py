"""The numbers of a request: how they are listed, and which of them a text can be sent to."""

from sandbox.formats.phone_numbers import is_possible, why_impossible
from sandbox.providers.ubill.responses import Why, shown
from sandbox.specs.characters import why_no_digits

NAMED = 50  # numbers that an explanation names; a request may have thousands
RIGHT = "numbers in international format without + and 00"


def entries(value: object) -> list[str]:
    """Return what stands between the commas of a text or in an array, empty entries too."""
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
    return [str(item).strip(" \t\r\n") for item in items]


def impossible(value: object, verdict: str) -> Why:
    """Return a sentence for each of the numbers that is none; `verdict` is what that means for it."""
    texts = entries(value)
    wrong = [(place, text) for place, text in enumerate(texts) if text and not is_possible(text)]
    told = [
        f"numbers{f'[{place}]' if len(texts) > 1 else ''}: {shown(number)} {verdict}: it {why_no_number(number)} "
        f"(documented: {RIGHT})"
        for place, number in wrong[:NAMED]
    ]
    rest, empty = len(wrong) - NAMED, texts.count("")
    if rest > 0:
        told.append(f"numbers: {rest} more like these")
    if empty and len(texts) > 1:
        told.append(f"numbers: {empty} of {len(texts)} entries {'is' if empty == 1 else 'are'} empty")
    return tuple(told)


def why_no_number(text: str) -> str:
    """Return why a text is not a number, in words that follow `it`."""
    if text.startswith("+"):
        return "begins with +"
    return why_no_digits(text) or ("begins with 00" if text.startswith("00") else why_impossible(text))


def bare(number: str) -> str:
    """Return the digits by which a number is compared, without +, 00, blanks and hyphens."""
    return "".join(filter(str.isdecimal, number)).removeprefix("00")
