"""Whom a key stands for at a provider: balance, senders, brands, templates, stop list."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class Approval(StrEnum):
    """Where a sender or brand stands with the provider."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Sender:
    """A sender id or brand: `id` is what a request names, `name` what a handset shows."""

    id: str
    name: str
    state: Approval
    created_at: datetime
    approved_at: datetime | None = None  # while pending: the instant from which it counts as approved

    def standing(self, now: datetime) -> Approval:
        """Return its state at `now`: a pending one is approved when its time has come."""
        if self.state is Approval.PENDING and self.approved_at is not None and self.approved_at <= now:
            return Approval.APPROVED
        return self.state


@dataclass(frozen=True, slots=True)
class Template:
    """A registered text; each `{#var#}` in it stands for a variable part."""

    id: str
    text: str


class Account(NamedTuple):
    """One customer of one provider; `balance` maps each purse (its currency or kind of message) to what is left.

    A named tuple, as each send makes one anew.
    """

    provider: str
    key: str
    balance: Mapping[str, Decimal]
    senders: tuple[Sender, ...] = ()
    templates: tuple[Template, ...] = ()
    stop_list: frozenset[str] = frozenset()

    def sender(self, name: str) -> Sender | None:
        """Return the sender or brand that a request names, approved or not."""
        return next((sender for sender in self.senders if sender.id == name), None)


def spend(account: Account, purse: str, amount: Decimal) -> Account:
    """Return the account with `amount` taken from `purse`; the caller has seen that it is there."""
    balance = {**account.balance, purse: account.balance[purse] - amount}
    return Account(account.provider, account.key, balance, account.senders, account.templates, account.stop_list)


class CheckResult(StrEnum):
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


def check_code(otp: Otp, code: str, *, at: datetime, tries: int) -> tuple[CheckResult, Otp]:
    """Return what entering `code` at the instant `at` finds, and its record after it; `tries` wrong ones end it."""
    if otp.used:
        return CheckResult.USED, otp
    if otp.wrong_tries >= tries:
        return CheckResult.EXHAUSTED, otp
    if at >= otp.expires_at:
        return CheckResult.EXPIRED, otp
    if code != otp.code:
        return CheckResult.WRONG, replace(otp, wrong_tries=otp.wrong_tries + 1)
    return CheckResult.RIGHT, replace(otp, used=True)


@dataclass(frozen=True, slots=True)
class RateWindow:
    """`count` things since `since`; a window that is over counts as empty when it is read."""

    name: str
    since: datetime
    count: int

    def at(self, now: datetime, span: timedelta) -> "RateWindow":
        """Return the window that holds at `now`: this one, or an empty one that begins now."""
        return self if now - self.since < span else RateWindow(self.name, now, 0)

    def plus(self, count: int) -> "RateWindow":
        """Return the window with `count` more."""
        return RateWindow(self.name, self.since, self.count + count)
