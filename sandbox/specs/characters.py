"""Names the characters of a text that nobody sees, and those that keep a text from being digits."""

import re
import unicodedata
from collections.abc import Iterator

SHOWN = 3  # characters that are named of one text

# Nobody sees these, or takes them for a plain space.
UNSEEN = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\xad\u1680\u2000-\u200b\u2028\u2029\u202f\u205f-\u2064\u3000\u3164\ufeff\uffa0"
    "\ufff9-\ufffb]"
)
# These join letters, set their direction or pick a form: a text of such a script needs them, plain ASCII does not.
JOINING = re.compile("[\u034f\u061c\u200c-\u200f\u202a-\u202e\u2066-\u2069\ufe00-\ufe0f\U000e0020-\U000e007f]")
EDGES = re.compile(r"(?P<begin>[ \t\r\n]*)[^ \t\r\n]+(?P<end>[ \t\r\n]*)")  # one word, and the blanks around it
NAMES = {
    "\0": "null character",
    "\t": "tab",
    "\n": "line feed",
    "\r": "carriage return",
    " ": "space",
    "\x1b": "escape",
    "\x7f": "delete",
    "\xa0": "no-break space",
    "\ufeff": "byte order mark",
}
# Letters that are typed, or read by a machine, in place of a digit.
LOOKALIKES = {**dict.fromkeys("OoОоΟο", "0"), **dict.fromkeys("Il|", "1")}  # noqa: RUF001 - Cyrillic and Greek too
DIGITS = re.compile(r"[0-9]*")
ASCII_MARKS = frozenset("+0123456789 ().,/-")
NUMBER = re.compile(r"\+?[0-9 ().,/-]*[0-9][0-9 ().,/-]*")


def name(character: str) -> str:
    """Return a character's code and name: `U+FEFF (byte order mark)`."""
    words = NAMES.get(character) or unicodedata.name(character, "control character").lower()
    return f"U+{ord(character):04X} ({words})"


def unseen(text: str) -> str:
    """Return where a text has characters that nobody sees, each named; empty where it has none.

    Blanks around a single word count, as a number, a key or a code is one; those around a sentence do not.
    """
    places: dict[str, int] = {}
    edges = EDGES.fullmatch(text)
    if edges and edges["begin"]:
        places[text[0]] = 0
    for match in UNSEEN.finditer(text):
        places.setdefault(match[0], match.start())
    if JOINING.search(text) and JOINING.sub("", UNSEEN.sub("", text)).isascii():
        for match in JOINING.finditer(text):
            places.setdefault(match[0], match.start())
    if edges and edges["end"]:
        places.setdefault(edges["end"][0], len(text) - len(edges["end"]))
    told = [_placed(text, character, place) for character, place in places.items()]
    return " and ".join(told[:SHOWN]) + (f" and {len(told) - SHOWN} more" if len(told) > SHOWN else "")


def _placed(text: str, character: str, place: int) -> str:
    if place == 0:
        return f"begins with {name(character)}"
    if not text[place:].strip(character + " \t\r\n"):
        return f"ends with {name(character)}"
    return f"has {name(character)} at character {place + 1}"


def why_no_digits(text: str) -> str:
    """Return what keeps a text from being the digits 0 to 9 alone, in words; empty where it is digits."""
    return next(_obstacles(text), "")


def _obstacles(text: str) -> Iterator[str]:
    if DIGITS.fullmatch(text):
        return
    if found := unseen(text):
        yield found
    if found := misread_digits(text):
        yield found
    place, other = next((place, each) for place, each in enumerate(text) if each not in "0123456789")
    yield f"has {other!r} at character {place + 1}"


def misread_digits(text: str) -> str:
    """Return how a text is a number in digits of another script, or with letters for digits; empty where it is not."""
    odd = [place for place, each in enumerate(text) if each not in ASCII_MARKS and _digit(each) is not None]
    if not odd or not NUMBER.fullmatch("".join(_digit(each) or each for each in text)):
        return ""
    first = text[odd[0]]
    if first not in LOOKALIKES:
        script = re.sub(r"( DIGIT)? \w+$", "", unicodedata.name(first)).title()
        return f"has {script} digits, not 0 to 9"
    letter = first if first.isascii() else name(first)
    return f"has {letter} at character {odd[0] + 1}, where {LOOKALIKES[first]} may be meant"


def _digit(character: str) -> str | None:
    """Return the ASCII digit that a character is or looks like."""
    digit = unicodedata.digit(character, None)
    return LOOKALIKES.get(character) if digit is None else str(digit)
