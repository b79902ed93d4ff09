"""How a provider writes and reads times: the `time` of its document, or of one callback or schedule."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.core.clock import format_time
from sandbox.core.errors import near_miss
from sandbox.specs.document import SpecNode

KEYS = ("format", "zone")
NAMED = ("iso", "iso-seconds", "unix", "unix-ms", "rfc2822")
SETTING = "settings."
NUMBER = re.compile(r"\d{1,14}(\.\d{1,6})?", re.ASCII)
DIRECTIVES = re.compile(r"(?:[^%]|%-?[aAbBcdfGHIjmMpSuUVwWxXyYzZ]|%%)+", re.DOTALL)
MS = 1000
RFC2822 = "%a, %d %b %Y %H:%M:%S %z"

Settings = Mapping[str, object]


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """A format, one of `NAMED` or a pattern of `strftime`, and a zone: its name, or `settings.NAME`."""

    format: str = "iso"
    zone: str = "UTC"

    def write(self, at: datetime, settings: Settings) -> str | int:
        """Return a time as the provider writes it: a text, or a number for `unix` and `unix-ms`."""
        match self.format:
            case "iso":
                return (
                    format_time(at) if self.zone == "UTC" else self._local(at, settings).isoformat("T", "milliseconds")
                )
            case "iso-seconds":
                text = self._local(at, settings).isoformat("T", "seconds")
                return f"{text[:-6]}Z" if self.zone == "UTC" else text
            case "unix":
                return int(at.timestamp())
            case "unix-ms":
                return int(at.timestamp() * MS)
            case "rfc2822":
                return self._local(at, settings).strftime(RFC2822)
        return self._local(at, settings).strftime(self.format)

    def read(self, value: object, settings: Settings) -> datetime | None:
        """Return the time that a request gives, None if it is not one in this format."""
        try:
            if self.format in ("unix", "unix-ms"):
                text = "" if isinstance(value, bool) else str(value)
                seconds = float(text) / (MS if self.format == "unix-ms" else 1) if NUMBER.fullmatch(text) else None
                return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
            if not isinstance(value, str):
                return None
            if self.format in ("iso", "iso-seconds"):
                found = datetime.fromisoformat(value)
            else:
                found = datetime.strptime(value, RFC2822 if self.format == "rfc2822" else self.format)  # noqa: DTZ007 - below
            aware = found if found.tzinfo else found.replace(tzinfo=_zone(self._name(settings)))
            return aware.astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            return None

    def _local(self, at: datetime, settings: Settings) -> datetime:
        return at.astimezone(_zone(self._name(settings)))

    def _name(self, settings: Settings) -> str:
        return str(settings[self.zone.removeprefix(SETTING)]) if self.zone.startswith(SETTING) else self.zone


class Moment(datetime):
    """A time in a template; as a text it is written in the provider's format, and `strftime` gives any other."""

    written: str | int = ""

    def __str__(self) -> str:
        """Return the time as the provider writes it."""
        return str(self.written)


def make_moment(at: datetime, written: str | int) -> Moment:
    """Return a time that is written as given."""
    moment = Moment(
        at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, tzinfo=at.tzinfo, fold=at.fold
    )
    moment.written = written
    return moment


def read_time_format(node: SpecNode | None, settings: Settings, otherwise: TimeFormat) -> TimeFormat:
    """Return the format of a mapping `{format, zone}`; what it leaves out is as in `otherwise`."""
    if node is None:
        return otherwise
    node.only(KEYS, "time")
    given, zone = node.take("format", "a string"), node.take("zone", "a string")
    if given is not None and given.value not in NAMED and not _is_pattern(given.value):
        given.note(f"'{given.value}' is not a format; write {', '.join(NAMED)}, or a pattern such as %Y-%m-%d %H:%M:%S")
    if zone is not None:
        _check_zone(zone, settings)
    return TimeFormat(given.value if given else otherwise.format, zone.value if zone else otherwise.zone)


def _is_pattern(text: str) -> bool:
    """Return whether a text is a pattern of `strftime` whose directives every platform knows."""
    if "%" not in text or not DIRECTIVES.fullmatch(text):
        return False
    try:
        datetime(2026, 1, 2, tzinfo=UTC).strftime(text)
    except (ValueError, UnicodeError):
        return False
    return True


def _check_zone(zone: SpecNode, settings: Settings) -> None:
    name = zone.value
    if name.startswith(SETTING):
        setting = name.removeprefix(SETTING)
        if setting not in settings:
            zone.note(f"there is no setting '{setting}'.{near_miss(setting, settings)}")
            return
        name = str(settings[setting])
    try:
        _zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone.note(f"'{name}' is not a time zone; write UTC or one such as Europe/Berlin")
