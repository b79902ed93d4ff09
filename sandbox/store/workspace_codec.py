"""The smaller values as JSON, and JSON as text; see `codec`.

A running clock is written with the real time at which it was read, so that it has gone on when it is read again.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from sandbox.core.account import Otp, RateWindow
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.callback import Target, TargetOrigin
from sandbox.core.clock import Clock, ClockConfig, ClockMode, monotonic, utc_now
from sandbox.core.journal import LostReply, SentText
from sandbox.core.rules import RuleCounted
from sandbox.core.scenario import Scenario
from sandbox.core.world_state import Counters
from sandbox.formats.json_text import ORJSON, ORJSON_LOADS
from sandbox.store.codec import Object, read_time


def to_text(value: object) -> str:
    """Return a value as compact JSON; what UTF-8 does not have, such as a lone surrogate, is escaped."""
    if ORJSON is not None:
        try:
            return ORJSON(value).decode()
        except TypeError:
            pass
    return json.dumps(value, separators=(",", ":"), default=datetime.isoformat)


def from_text(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the value of a JSON text.

    Raises:
        ValueError: it is not JSON.

    """
    if ORJSON_LOADS is not None:
        try:
            return ORJSON_LOADS(text)
        except ValueError:
            pass  # orjson reads no lone surrogates
    return json.loads(text)


def write_fields(value: Otp | RateWindow | RuleCounted) -> Object:
    """Return a value whose fields are JSON: a one-time code, a rate window, or how often a rule was met."""
    return {name: getattr(value, name) for name in value.__slots__}


def read_code(written: Object) -> Otp:
    """Return the one-time code of a row."""
    return Otp(**{**written, "expires_at": read_time(written["expires_at"])})


def read_rate_window(written: Object) -> RateWindow:
    """Return the rate window of a row."""
    return RateWindow(written["name"], read_time(written["since"]), written["count"])


def read_rule_count(written: Object) -> RuleCounted:
    """Return the rule count of a row."""
    return RuleCounted(**written)


def write_lost_reply(lost: LostReply) -> Object:
    """Return a lost reply."""
    return {"at": lost.at, "request": lost.request, "texts": [[*each] for each in lost.texts]}


def read_lost_reply(written: Object) -> LostReply:
    """Return the lost reply of a row."""
    texts = tuple(SentText(*each) for each in written["texts"])
    return LostReply(read_time(written["at"]), written["request"], texts)


def write_agenda_entry(entry: AgendaEntry) -> Object:
    """Return an entry of the agenda; the row's key is the id of its callback, or the number of its message."""
    return {"at": entry.at, "rank": entry.rank}


def read_agenda_entry(number: int, written: Object, kind: EntryKind = EntryKind.CALLBACK) -> AgendaEntry:
    """Return the agenda's entry of a row."""
    return AgendaEntry(read_time(written["at"]), kind, written["rank"], number)


def write_target(pair: tuple[str, Target]) -> Object:
    """Return a provider's target."""
    provider, target = pair
    return {"provider": provider, "url": target.url, "key": target.key, "origin": target.origin}


def read_target(written: Object) -> tuple[str, Target]:
    """Return the provider and target of a row."""
    return written["provider"], Target(written["url"], written["key"], TargetOrigin(written["origin"]))


def write_clock(clock: Clock) -> Object:
    """Return a clock; `real` is the real time at which it shows `origin`."""
    return {
        "mode": clock.mode,
        "rate": clock.rate if clock.resumes is None else clock.resumes,
        "start": clock.start,
        "origin": clock.origin,
        "real": utc_now() - timedelta(seconds=monotonic() - clock.anchor),
    }


def read_clock(written: Object, *, at_least: datetime, now: datetime | None = None) -> Clock:
    """Return the clock of a row, which has gone on until `now` if it runs, but never shows less than `at_least`."""
    mode, rate, origin = ClockMode(written["mode"]), float(written["rate"]), read_time(written["origin"])
    if rate:
        passed = max(timedelta(0), (now or utc_now()) - read_time(written["real"]))
        origin += passed * rate
    return Clock(mode, rate, read_time(written["start"]), max(origin, at_least), monotonic())


def write_clock_config(config: ClockConfig | None) -> Object | None:
    """Return how a workspace's clock is to run."""
    return None if config is None else {"mode": config.mode, "rate": config.rate, "start": config.start}


def read_clock_config(written: Object | None) -> ClockConfig | None:
    """Return how a workspace's clock is to run."""
    if written is None:
        return None
    start = written["start"]
    return ClockConfig(ClockMode(written["mode"]), float(written["rate"]), None if start is None else read_time(start))


def write_scenario(scenario: Scenario) -> Object:
    """Return the texts that a scenario is compiled from, each with the name that its rules have."""
    sources = [{"name": each.name, "text": each.text} for each in scenario.sources]
    return {"name": scenario.name, "sources": sources}


def write_counters(counters: Counters) -> Object:
    """Return what a workspace has beside its entities."""
    return counters._asdict()


def read_counters(written: Object) -> Counters:
    """Return the counters of a row."""
    times = {name: read_time(written[name]) for name in ("scenario_began", "at")}
    return Counters(**{**written, **times})
