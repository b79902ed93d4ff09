"""From the file of a saved state to the state of a workspace: every line is checked before anything changes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sandbox.callbacks.egress import BadUrlError, parse_url
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.callback import Callback, CallbackState, interrupt
from sandbox.core.clock import Clock, ClockMode, utc_now
from sandbox.core.errors import ScenarioError, near_miss
from sandbox.core.journal import record_size
from sandbox.core.lifecycle import next_move
from sandbox.core.message import Message
from sandbox.core.scenario import Scenario, ScenarioSource
from sandbox.core.world_state import Counters, WorldState
from sandbox.providers.registry import Registry
from sandbox.scenarios import compile_sources
from sandbox.specs.types import show
from sandbox.store.base import ONLY, Kind, RowKey, key_of
from sandbox.store.codec import Object, read_callback, read_message, read_request, read_time
from sandbox.store.restore import READERS
from sandbox.store.row_shapes import END_OF_TIME, SHAPES, ShapeError, members, one_of, text, time, whole
from sandbox.store.state_file import KEYED, MARK, STATE_FORMAT, Line, LineReader, SavedStateError, check_rows, refuse
from sandbox.store.workspace_codec import from_text, read_agenda_entry, read_clock

KINDS: Mapping[str, Kind] = {each.value: each for each in SHAPES}
HEADER = members(
    {MARK: whole(1), "version": text, "workspace": text, "saved_at": time, "keys": one_of(["masked", "kept"])}
)
NUMBER = whole(1)
ENTRIES: Mapping[Kind, EntryKind] = {Kind.AGENDA: EntryKind.CALLBACK, Kind.INBOUND: EntryKind.INBOUND}
ONE_EACH = (Kind.CLOCK, Kind.SCENARIO, Kind.COUNTERS)
LINES = 2_000_000  # of a file; 100,000 messages with histories and callbacks have 300,000
HIGHEST_RATE = 1_000_000  # of a scaled clock
RATES: Mapping[str, float] = {ClockMode.REAL: 1.0, ClockMode.FROZEN: 0.0}


class SavedState(NamedTuple):
    """What a file has: its first line, and the state of a workspace as it goes on from there."""

    header: Object
    state: WorldState


class StateReader:
    """Reads a file whose bytes come piece by piece.

    `fallback` is the scenario of a state whose scenario has no text. `as_saved`: the clock stands where it stood when
    the state was saved, and an attempt that was under way still is; otherwise all goes on as after a restart.
    """

    def __init__(self, packs: Registry, fallback: Scenario, *, as_saved: bool = False) -> None:
        self._packs = packs
        self._fallback = fallback
        self._as_saved = as_saved
        self._lines = LineReader()
        self._count = 0
        self._header: Object | None = None
        self._rows: dict[Kind, dict[RowKey, Line]] = {kind: {} for kind in Kind}
        self._settings: dict[str, Object] = {}

    def feed(self, data: bytes) -> None:
        """Read a piece.

        Raises:
            SavedStateError: the file cannot be loaded.

        """
        for line in self._lines.feed(data):
            self._read(line)

    def finish(self) -> SavedState:
        """Return what the file has.

        Raises:
            SavedStateError: the file cannot be loaded.

        """
        for line in self._lines.finish():
            self._read(line)
        if self._header is None:
            message = "the file is empty"
            raise SavedStateError(message)
        for kind in ONE_EACH:
            if not self._rows[kind]:
                message = f"the file has no line of the kind {kind}"
                raise SavedStateError(message)
        check_rows(self._rows, self._packs)
        return SavedState(self._header, self._build(self._header))

    def _read(self, line: bytes) -> None:
        self._count += 1
        if self._count > LINES:
            raise refuse(None, f"the file has more than {LINES:,} lines")
        if not line.strip():
            return
        try:
            value = from_text(line.decode())
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            what = "is not a JSON object" if self._header is not None else f"does not begin with {MARK}"
            raise refuse(self._count, f"the line {what}")
        try:
            if self._header is None:
                self._header = self._read_header(value)
            else:
                self._read_row(value)
        except ShapeError as error:
            raise refuse(self._count, str(error)) from None
        except (KeyError, TypeError, ValueError, IndexError, ArithmeticError) as error:
            raise refuse(self._count, f"the value cannot be read: {type(error).__name__}: {error}") from None

    def _read_header(self, value: Object) -> Object:
        if MARK not in value:
            raise refuse(self._count, f"the file is not a saved state: its first line has no {MARK}")
        version = value[MARK]
        if type(version) is int and version > STATE_FORMAT:
            raise refuse(
                self._count,
                f"this is a saved state of version {version}; this sms-sandbox reads versions up to {STATE_FORMAT}",
            )
        HEADER(value, "header")
        return value

    def _read_row(self, line: Object) -> None:
        name = line.get("kind")
        kind = KINDS.get(name) if isinstance(name, str) else None
        if kind is None:
            raise refuse(self._count, f"no kind of line is called {show(name)}.{near_miss(str(name)[:100], KINDS)}")
        keyed = kind in KEYED
        wanted = {"kind": text, "value": SHAPES[kind]}
        members({**wanted, "key": text if kind is Kind.SETTINGS else NUMBER} if keyed else wanted)(line, kind)
        self._check_names(kind, line["value"])
        given = line.get("key")
        value = self._decode(kind, given, line["value"])
        key = given if isinstance(given, int | str) else KEYS[kind](value)
        rows = self._rows[kind]
        if key in rows:
            which = "" if key == ONLY else f" {given}" if keyed else f" {show(key)}"
            raise refuse(self._count, f"the {kind}{which} is in line {rows[key].number} already")
        rows[key] = Line(self._count, value)

    def _check_names(self, kind: Kind, value: Object) -> None:
        """Check that a provider and channel exist."""
        provider = value.get("provider") if kind is not Kind.SETTINGS else None
        if provider is None:
            return
        pack = self._packs.get(provider)
        if pack is None:
            if kind is Kind.REQUEST:
                return  # a journal keeps requests of any provider
            known = near_miss(provider[:100], self._packs)
            raise refuse(self._count, f"no provider is called {show(provider)}.{known} For your own, add --specs DIR")
        if kind is Kind.MESSAGE:
            channel = pack.channels.get(value["channel"])
            if channel is None:
                known = near_miss(value["channel"][:100], pack.spec.channels)
                raise refuse(self._count, f"no channel of {provider} is called {show(value['channel'])}.{known}")
            for status, *_ in (*value["history"], *value.get("plan", ())):
                one_of([*channel.words])(status, f"a status of a message of the channel {channel.name}")
        if kind is Kind.TARGET:
            try:
                parse_url(value["url"])
            except BadUrlError as error:
                raise refuse(self._count, str(error)) from None

    def _decode(self, kind: Kind, key: Any, value: Object) -> Any:  # noqa: ANN401 - each kind has its own
        match kind:
            case Kind.MESSAGE:
                return read_message(key, value, lambda provider, name: self._packs[provider].channels[name])
            case Kind.CALLBACK:
                named = value.get("settings")
                if named is not None and named not in self._settings:
                    raise refuse(self._count, f"no settings before this line are called {show(named)}")
                return read_callback(key, value, self._settings)
            case Kind.SETTINGS:
                self._settings[key] = value
                return value
            case Kind.REQUEST:
                return read_request(key, value)
            case Kind.AGENDA | Kind.INBOUND:
                return read_agenda_entry(key, value, ENTRIES[kind])
        reader = READERS.get(kind)
        return value if reader is None else reader(value)  # a clock and a scenario are read when all else is

    def _build(self, header: Object) -> WorldState:
        messages: dict[int, Message] = _sequence(self._rows[Kind.MESSAGE])
        callbacks: dict[int, Callback] = _sequence(self._rows[Kind.CALLBACK])
        requests = _sequence(self._rows[Kind.REQUEST])
        agenda = [each.value for kind in ENTRIES for each in self._rows[kind].values()]
        agenda += filter(None, map(next_move, messages.values()))
        if not self._as_saved:
            for callback in [each for each in callbacks.values() if each.state is CallbackState.SENDING]:
                callbacks[callback.id] = interrupt(callback)
                agenda.append(AgendaEntry(callback.due, EntryKind.CALLBACK, 0, callback.id))
        counters: Counters = self._only(Kind.COUNTERS).value
        return WorldState(
            counters=counters._replace(journal_bytes=sum(map(record_size, requests.values()))),
            clock=self._read_clock(counters.at, read_time(header["saved_at"])),
            scenario=self._read_scenario(),
            targets=dict(self._values(Kind.TARGET)),
            accounts=self._values(Kind.ACCOUNT),
            otps=self._values(Kind.CODE),
            windows=self._values(Kind.RATE_WINDOW),
            rule_counts=self._values(Kind.RULE_COUNT),
            lost_replies=self._values(Kind.LOST_REPLY),
            agenda=agenda,
            messages=messages,
            numbers={message.id: message.number for message in messages.values()},
            callbacks=callbacks,
            requests=requests,
        )

    def _only(self, kind: Kind) -> Line:
        return self._rows[kind][ONLY]

    def _values(self, kind: Kind) -> list[Any]:
        return [each.value for each in self._rows[kind].values()]

    def _read_clock(self, at_least: datetime, saved_at: datetime) -> Clock:
        line, written = self._only(Kind.CLOCK)
        mode, rate = written["mode"], written["rate"]
        wanted = RATES.get(mode)
        if (rate != wanted) if wanted is not None else not 0 < rate <= HIGHEST_RATE:
            right = f"{wanted:g}" if wanted is not None else f"more than 0 and at most {HIGHEST_RATE}"
            raise refuse(line, f"clock.rate is {rate}; that of a {mode} clock must be {right}")
        try:
            clock = read_clock(written, at_least=at_least, now=saved_at if self._as_saved else utc_now())
        except OverflowError:
            clock = None
        if clock is None or clock.origin >= END_OF_TIME:
            raise refuse(line, f"the clock has run beyond the year {END_OF_TIME.year - 1} since the state was saved")
        return replace(clock, mode=ClockMode.FROZEN, rate=0.0) if self._as_saved else clock

    def _read_scenario(self) -> Scenario:
        line, written = self._only(Kind.SCENARIO)
        sources = [ScenarioSource(each["name"], each["text"]) for each in written["sources"]]
        if not sources:
            return self._fallback
        try:
            return compile_sources(sources, packs=self._packs)
        except ScenarioError as error:
            raise refuse(line, f"the scenario cannot be used: {'; '.join(map(str, error.mistakes))}") from None


def _sequence(lines: Mapping[RowKey, Line]) -> dict[int, Any]:
    """Return values in the order of their numbers."""
    return {number: lines[number].value for number in sorted(map(int, lines))}


# The keys of the rows that have them in their values.
KEYS: Mapping[Kind, Callable[[Any], str]] = {
    Kind.ACCOUNT: lambda account: key_of(account.provider, account.key),
    Kind.CLOCK: lambda _: ONLY,
    Kind.CODE: lambda otp: key_of(otp.provider, otp.account, otp.recipient),
    Kind.COUNTERS: lambda _: ONLY,
    Kind.RATE_WINDOW: lambda window: key_of(window.name),
    Kind.RULE_COUNT: lambda counted: key_of(counted.name),
    Kind.SCENARIO: lambda _: ONLY,
    Kind.TARGET: lambda pair: key_of(pair[0]),
}
