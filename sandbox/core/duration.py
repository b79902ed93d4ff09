"""Durations as people write them: `200ms 5s 2m 1h 1d`, or a number of seconds."""

import re
from datetime import timedelta

from sandbox.core.errors import SandboxError

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
FORM = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)?", re.ASCII)
LONGEST = timedelta(days=3650)


class DurationError(SandboxError):
    """A text that is no duration."""


def parse_duration(value: object) -> timedelta:
    """Read a duration.

    Raises:
        DurationError: it is none, is negative, or is longer than ten years.

    """
    match = FORM.fullmatch(str(value).strip()) if isinstance(value, str | int | float) and value is not True else None
    if match is None or isinstance(value, bool):
        message = f"{value!r} is no duration; write 200ms, 5s, 2m, 1h, 1d or a number of seconds"
        raise DurationError(message)
    seconds = float(match[1]) * UNITS[match[2] or "s"]
    if seconds > LONGEST.total_seconds():
        message = f"{value!r} is longer than ten years"
        raise DurationError(message)
    return timedelta(seconds=seconds)
