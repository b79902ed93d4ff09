"""Parameters as SMS Buddy reads them: texts, times in its zone, phone numbers, and callback URLs."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sandbox.core.clock import format_time, parse_duration
from sandbox.core.errors import SandboxError
from sandbox.formats.phone_numbers import LONGEST, SHORTEST, is_possible, why_impossible
from sandbox.formats.urls import LONGEST_URL, is_url
from sandbox.providers.base import Call
from sandbox.specs.text_hints import why_not_digits
from sandbox.specs.types import show

WHITESPACE = " \t\r\n"
OFF = ("off", False)  # values of a setting that is off; YAML 1.1 reads a plain `off` as false
REASONS_LIMIT = 20  # maximum number of reasons of one kind


class ParameterError(SandboxError):
    """A parameter is wrong in a way that its schema cannot express; the text is the reason."""


def read_text(values: Mapping[str, object], name: str) -> str:
    """Return a parameter as trimmed text, or an empty text if it is neither text nor a whole number."""
    value = values.get(name)
    if isinstance(value, str):
        return value.strip(WHITESPACE)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON Schema accepts 1.0 as a whole number
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}) ?([AaPp][Mm])?")
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
VALID_TIME = "(documented: yyyy-mm-dd hh:mm:ss, inferred: with am or pm behind it, or without in 24 hours)"


def read_zone(settings: Mapping[str, object]) -> ZoneInfo:
    """Return the time zone of the provider."""
    return ZoneInfo(str(settings["zone"]))


def write_time(at: datetime, settings: Mapping[str, object]) -> str:
    """Return a time as the provider writes it: `2022-03-09 07:38:06`."""
    return at.astimezone(read_zone(settings)).strftime(TIME_FORMAT)


def read_schedule(values: Mapping[str, object], call: Call) -> datetime | None:
    """Return when a send is scheduled, or None.

    Raises:
        ParameterError: the time is missing, malformed, in the past, or too far ahead.

    """
    if read_text(values, "schedule") != "1":
        return None
    text = read_text(values, "time")
    due = parse_time(text, read_zone(call.settings))
    if due is None:
        message = f"time: {show(text)} is not a valid time {VALID_TIME}"
        raise ParameterError(message)
    if due <= call.at:
        message = f"time: {show(text)} is in the past; now is {format_time(call.at)} (inferred: a time in the future)"
        raise ParameterError(message)
    limit = call.settings["schedule_limit"]
    if due - call.at > parse_duration(limit):
        message = f"time: {show(text)} is more than {limit} ahead (inferred, settings.smsbuddy.schedule_limit)"
        raise ParameterError(message)
    return due.astimezone(UTC)


def parse_time(text: str, here: ZoneInfo) -> datetime | None:
    """Return the time of a schedule, or None if it is malformed."""
    match = TIME.fullmatch(text)
    if match is None:
        return None
    clock, half = match.groups(default="")
    try:
        return datetime.strptime(clock + half, "%Y-%m-%d %I:%M:%S%p" if half else TIME_FORMAT).replace(tzinfo=here)
    except ValueError:
        return None


def is_promotion_allowed(at: datetime, settings: Mapping[str, object]) -> bool:
    """Return whether promotional SMS can be sent at a time; hours such as 21:00-06:00 span midnight."""
    hours = settings["promotional_hours"]
    if hours in OFF:
        return True
    begin, _, end = str(hours).partition("-")
    now = at.astimezone(read_zone(settings)).strftime("%H:%M")
    return begin <= now < end if begin <= end else now >= begin or now < end


NUMBER = re.compile(r"(\+|00)?([1-9][0-9]{6,14})")
INDIA = "91"
INDIAN_MOBILE = re.compile(r"91[6-9][0-9]{9}")
INDIAN_DIGITS = 10  # of a number without its country code


def find_mobile(number: str) -> str | None:
    """Return a number as the provider writes it, or None if it is not valid.

    Ten digits are an Indian mobile (documented); a leading + or 00 marks a number with its country code (inferred).
    Indian numbers must be mobiles, others of a length that their country has (inferred).
    """
    match = NUMBER.fullmatch(number)
    if match is None:
        return None
    prefix, digits = match.groups()
    if not prefix and len(digits) == INDIAN_DIGITS:
        digits = INDIA + digits
    if digits.startswith(INDIA):
        return digits if INDIAN_MOBILE.fullmatch(digits) else None
    return digits if is_possible(digits) else None


def why_not_mobile(number: str) -> str:
    """Return why a text is not a valid number, as a phrase to follow `it`."""
    digits = number.removeprefix("+") if number.startswith("+") else number.removeprefix("00")
    if not digits:
        return "has no digits" if number else "is empty"
    return why_not_digits(digits) or _why_not_digits(digits, national=digits == number)


def _why_not_digits(digits: str, *, national: bool) -> str:
    indian = digits.startswith(INDIA) or (national and len(digits) == INDIAN_DIGITS)
    if indian and SHORTEST <= len(digits) <= LONGEST:
        return "is not an Indian mobile number, which has ten digits and begins with 6 to 9"
    return why_impossible(digits)


VALID_URL = f"http or https URL of at most {LONGEST_URL} visible ASCII characters, without credentials (inferred)"


def read_dlr_url(values: Mapping[str, object]) -> str:
    """Return the callback URL of a send, or an empty text.

    Raises:
        ParameterError: it is not a valid URL.

    """
    url = read_text(values, "dlr_url")
    if url and not is_url(url):
        message = f"dlr_url: {show(url)} is not an {VALID_URL}"
        raise ParameterError(message)
    return url
