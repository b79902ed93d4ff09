"""One-time codes: those a provider makes and checks, and those found in a text."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

SIGNS = "$€£₾₹¥₽"
BEFORE = rf"(?<![\w+.,:/@#{SIGNS}-])(?<![{SIGNS}] )"
AFTER = rf"(?![\w/@:-]|[.,]\d| ?(?:[{SIGNS}]|USD|EUR|GEL|INR|GBP|Rs)\b)"
# A run of 4 to 10 digits, also written 123-456, that no digit, sign or letter makes part of something longer.
CODE = re.compile(rf"{BEFORE}(\d{{4,10}}|\d{{3,5}}[- ]\d{{3,5}}){AFTER}", re.ASCII)
CUE = re.compile(
    r"\b(?:code|otp|pin|password|passcode|verif\w*|kod|token)\b|\bкод\b|კოდი",  # noqa: RUF001 - Russian for code
    re.IGNORECASE,
)


def find_code(text: str) -> str | None:
    """Return the digits of the one-time code in a text, the one nearest after a word such as `code` first."""
    found = [(match.start(), re.sub(r"\D", "", match[1])) for match in CODE.finditer(text)]
    if not found:
        return None
    cue = CUE.search(text)
    if cue is None:
        return found[0][1]
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
