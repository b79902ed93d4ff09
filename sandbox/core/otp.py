"""One-time codes: those a provider makes and checks, and those found in a text."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

SIGNS = re.escape("$€£₾₹¥₽")
CURRENCIES = ("USD", "EUR", "GBP", "GEL", "INR", "BAM", "Rs.", "Rs")
URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,9}://\S+|\bwww\.\S+", re.IGNORECASE)
CUE = re.compile(
    r"\b(?:code|otp|pin|password|passcode|verif\w*|kod|token)\b|\bкод\b|კოდი",  # noqa: RUF001 - Russian for code
    re.IGNORECASE,
)
# Nine or ten digits are a phone number, unless they stand right behind a word such as `code`.
LONG = re.compile(rf"(?:{CUE.pattern})(?: is)?[ :=]{{0,2}}([0-9]{{9,10}})(?![\w-]|[.,][0-9]| [0-9])", re.IGNORECASE)
BEFORE = rf"(?<![\w+.,/@#{SIGNS}])(?<![0-9][ :-])(?<!\)[ -])(?<![{SIGNS}] )" + "".join(
    rf"(?<!\b(?i:{re.escape(each)}) )" for each in CURRENCIES
)
AFTER = rf"(?![\w/@-]|[.,:][0-9]| [0-9][0-9]| ?(?:[{SIGNS}]|(?i:{'|'.join(map(re.escape, CURRENCIES))})(?!\w)))"
# Four to eight digits, or six written 123-456 or 123 456, that are no part of a longer number, a price or a word.
SHORT = re.compile(rf"{BEFORE}([0-9]{{4,8}}|[0-9]{{3}}[- ][0-9]{{3}}){AFTER}")


def find_code(text: str) -> str | None:
    """Return the digits of the one-time code in a text, the one nearest to a word such as `code`, or else the first."""
    plain = URL.sub(" ", text)
    long = LONG.search(plain)
    if long is not None:
        return long[1]
    found = [(match.start(), re.sub("[ -]", "", match[1])) for match in SHORT.finditer(plain)]
    cue = CUE.search(plain)
    if not found or cue is None:
        return found[0][1] if found else None
    return min(found, key=lambda hit: abs(hit[0] - cue.end()))[1]


class Check(StrEnum):
    """What a check of a code found."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    USED = "used"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class Otp:
    """The newest code of an account for a recipient; `message` is the number of the message that carried it."""

    provider: str
    account: str
    recipient: str
    code: str
    expires_at: datetime
    message: int
    wrong_tries: int = 0
    used: bool = False


def check(otp: Otp, code: str, *, at: datetime, tries: int) -> tuple[Check, Otp]:
    """Return what entering `code` at the instant `at` finds, and its record after it; `tries` wrong ones end it."""
    if otp.used:
        return Check.USED, otp
    if otp.wrong_tries >= tries:
        return Check.EXHAUSTED, otp
    if at >= otp.expires_at:
        return Check.EXPIRED, otp
    if code != otp.code:
        return Check.WRONG, replace(otp, wrong_tries=otp.wrong_tries + 1)
    return Check.RIGHT, replace(otp, used=True)
