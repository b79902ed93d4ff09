"""What a provider knows about a customer: the account of a key, one-time codes, and rate windows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class Approval(StrEnum):
    """Whether the provider has approved a sender or brand."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Sender:
    """A sender id or brand: requests contain `id`, handsets show `name`."""

    id: str
    name: str
    state: Approval
    created_at: datetime
    approved_at: datetime | None = None  # a pending sender counts as approved from this instant

    def standing(self, now: datetime) -> Approval:
        """Return the state at `now`; a pending sender is approved from `approved_at` on."""
        if self.state is Approval.PENDING and self.approved_at is not None and self.approved_at <= now:
            return Approval.APPROVED
        return self.state


@dataclass(frozen=True, slots=True)
class Template:
    """A registered message text; each `{#var#}` in it is a variable."""

    id: str
    text: str


class Account(NamedTuple):
    """One customer of one provider; `balance` maps each balance type (a currency or a kind of message) to what is left.

    A named tuple, because each send makes a new one.
    """

    provider: str
    key: str
    balance: Mapping[str, Decimal]
    senders: tuple[Sender, ...] = ()
    templates: tuple[Template, ...] = ()
    stop_list: frozenset[str] = frozenset()
    secret: str | None = None  # the second part of the credential that was given first

    def sender(self, name: str) -> Sender | None:
        """Return the sender or brand with the id `name`, approved or not."""
        return next((sender for sender in self.senders if sender.id == name), None)


def spend(account: Account, balance_type: str, amount: Decimal) -> Account:
    """Return the account with `amount` less on one of its balances; the caller checks that it suffices."""
    balance = {**account.balance, balance_type: account.balance[balance_type] - amount}
    return Account(
        account.provider, account.key, balance, account.senders, account.templates, account.stop_list, account.secret
    )


class CheckResult(StrEnum):
    """The result of checking a one-time code."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    USED = "used"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class Otp:
    """The newest one-time code of an account for a recipient; `message` is the number of its message."""

    provider: str
    account: str
    recipient: str
    code: str
    expires_at: datetime
    message: int
    wrong_tries: int = 0
    used: bool = False


def check_code(otp: Otp, code: str, *, at: datetime, tries: int) -> tuple[CheckResult, Otp]:
    """Return the result of entering `code` at `at`, and the record after it; `tries` wrong entries end a code."""
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
    """A count since the time `since`; every rate limit uses one.

    A window that is over counts as empty when it is read.
    """

    name: str
    since: datetime
    count: int

    def at(self, now: datetime, span: timedelta) -> "RateWindow":
        """Return this window, or a new empty one if it is over at `now`."""
        return self if now - self.since < span else RateWindow(self.name, now, 0)

    def plus(self, count: int) -> "RateWindow":
        """Return the window with `count` added."""
        return RateWindow(self.name, self.since, self.count + count)
