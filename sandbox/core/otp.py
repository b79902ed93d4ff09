"""One-time codes that a provider makes and checks."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


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
