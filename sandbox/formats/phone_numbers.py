"""Numbers compare by digits: a leading `+` or `00`, blanks and hyphens do not count."""

MARKS = str.maketrans("", "", " -")


def digits(number: str) -> str:
    """Return a number as it is compared; what is no number loses its marks alike."""
    if number.isdigit():
        return number.removeprefix("00")
    return number.translate(MARKS).removeprefix("+").removeprefix("00")
