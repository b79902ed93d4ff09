"""Reads parameters as SMS Buddy does: trimmed, numbers as they are written."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import AddressValueError, IPv6Address
from zoneinfo import ZoneInfo

from sandbox.core.clock import format_time, parse_duration
from sandbox.core.errors import SandboxError
from sandbox.formats.phone_numbers import LONGEST, SHORTEST, is_possible, why_impossible
from sandbox.providers.base import Call
from sandbox.specs.text_hints import why_not_digits
from sandbox.specs.types import show

BLANK = " \t\r\n"
OFF = ("off", False)  # how a setting is switched off; YAML reads a bare off as false
SHOWN = 20  # explanations of one kind in one refusal


class UnfitError(SandboxError):
    """A parameter that is wrong in a way its schema cannot say; the text is the explanation."""


def given(values: Mapping[str, object], name: str) -> str:
    """Return a parameter as trimmed text: empty when it is absent, or neither text nor whole number."""
    value = values.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON Schema takes 1.0 for a whole number
    return str(value).strip(BLANK) if isinstance(value, str | int) and not isinstance(value, bool) else ""


TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}) ?([AaPp][Mm])?")
SHOWN_AS = "%Y-%m-%d %H:%M:%S"
TIME_RIGHT = "(documented: yyyy-mm-dd hh:mm:ss, inferred: with am or pm behind it, or without in 24 hours)"


def zone(settings: Mapping[str, object]) -> ZoneInfo:
    """Return the provider's zone."""
    return ZoneInfo(str(settings["zone"]))


def written(at: datetime, settings: Mapping[str, object]) -> str:
    """Return an instant as the provider writes it: `2022-03-09 07:38:06`."""
    return at.astimezone(zone(settings)).strftime(SHOWN_AS)


def read_schedule(values: Mapping[str, object], call: Call) -> datetime | None:
    """Return when a send is due, None for at once.

    Raises:
        UnfitError: its time is missing, malformed, past, or beyond the limit.

    """
    if given(values, "schedule") != "1":
        return None
    text = given(values, "time")
    due = parse_time(text, zone(call.settings))
    if due is None:
        message = f"time: {show(text)} is not a valid time {TIME_RIGHT}"
        raise UnfitError(message)
    if due <= call.at:
        message = f"time: {show(text)} is in the past; now is {format_time(call.at)} (inferred: a time in the future)"
        raise UnfitError(message)
    limit = call.settings["schedule_limit"]
    if due - call.at > parse_duration(limit):
        message = f"time: {show(text)} is more than {limit} ahead (inferred, settings.smsbuddy.schedule_limit)"
        raise UnfitError(message)
    return due.astimezone(UTC)


def parse_time(text: str, here: ZoneInfo) -> datetime | None:
    """Read a schedule's time; None when it is none."""
    match = TIME.fullmatch(text)
    if match is None:
        return None
    clock, half = match.groups(default="")
    try:
        return datetime.strptime(clock + half, "%Y-%m-%d %I:%M:%S%p" if half else SHOWN_AS).replace(tzinfo=here)
    except ValueError:
        return None


def may_promote(at: datetime, settings: Mapping[str, object]) -> bool:
    """Whether promotional SMS may go out at an instant; hours such as 21:00-06:00 span midnight."""
    hours = settings["promotional_hours"]
    if hours in OFF:
        return True
    begin, _, end = str(hours).partition("-")
    now = at.astimezone(zone(settings)).strftime("%H:%M")
    return begin <= now < end if begin <= end else now >= begin or now < end


GIVEN = re.compile(r"(\+|00)?([1-9][0-9]{6,14})")
INDIA = "91"
INDIAN_MOBILE = re.compile(r"91[6-9][0-9]{9}")
INDIAN_DIGITS = 10  # of a number without its country code


def find_mobile(given: str) -> str | None:
    """Return a number as the provider writes it, or None when it is none.

    Ten digits are an Indian mobile (documented); a leading + or 00 marks a number with its country code (inferred).
    Indian numbers must be mobiles, others of a length that their country has (inferred).
    """
    match = GIVEN.fullmatch(given)
    if match is None:
        return None
    prefix, digits = match.groups()
    if not prefix and len(digits) == INDIAN_DIGITS:
        digits = INDIA + digits
    if digits.startswith(INDIA):
        return digits if INDIAN_MOBILE.fullmatch(digits) else None
    return digits if is_possible(digits) else None


def why_no_mobile(given: str) -> str:
    """Return what keeps a text from being a number, in words that follow `it`."""
    digits = given.removeprefix("+") if given.startswith("+") else given.removeprefix("00")
    if not digits:
        return "has no digits" if given else "is empty"
    return why_not_digits(digits) or _why_not_these(digits, national=digits == given)


def _why_not_these(digits: str, *, national: bool) -> str:
    indian = digits.startswith(INDIA) or (national and len(digits) == INDIAN_DIGITS)
    if indian and SHORTEST <= len(digits) <= LONGEST:
        return "is not an Indian mobile number, which has ten digits and begins with 6 to 9"
    return why_impossible(digits)


LONGEST_URL = 2000  # characters of a URL
PORTS = range(1, 65536)
URL_RIGHT = f"http or https URL of at most {LONGEST_URL} visible ASCII characters, without credentials (inferred)"
URL = re.compile(
    r"(?i:https?)://(?:(?P<host>[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?)|\[(?P<address>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:[/?#][!-\[\]-~]*)?",
)


def read_dlr_url(values: Mapping[str, object]) -> str:
    """Return where a send wants its reports, empty for nowhere of its own.

    Raises:
        UnfitError: it is no such URL.

    """
    url = given(values, "dlr_url")
    if url and not is_url(url):
        message = f"dlr_url: {show(url)} is not an {URL_RIGHT}"
        raise UnfitError(message)
    return url


def is_url(url: str) -> bool:
    """Whether reports can be sent to a URL; what its host resolves to is judged at each attempt."""
    match = URL.fullmatch(url)
    if match is None or len(url) > LONGEST_URL or int(match["port"] or PORTS[0]) not in PORTS:
        return False
    try:
        if match["address"]:
            IPv6Address(match["address"])
        else:
            match["host"].encode().decode("idna")
    except (AddressValueError, UnicodeError):
        return False
    return True
