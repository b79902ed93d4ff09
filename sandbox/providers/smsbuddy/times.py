"""Times as SMS Buddy reads and writes them, in the zone that its settings name."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sandbox.core.clock import parse_duration, stamp
from sandbox.providers.base import Call
from sandbox.providers.smsbuddy.parameters import OFF, UnfitError, given
from sandbox.specs.schema import show

TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}) ?([AaPp][Mm])?")
SHOWN_AS = "%Y-%m-%d %H:%M:%S"
RIGHT = "(documented: yyyy-mm-dd hh:mm:ss, inferred: with am or pm behind it, or without in 24 hours)"


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
        message = f"time: {show(text)} is no time to schedule for {RIGHT}"
        raise UnfitError(message)
    if due <= call.at:
        message = f"time: {show(text)} is past, it is {stamp(call.at)} (inferred: a time to come)"
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
