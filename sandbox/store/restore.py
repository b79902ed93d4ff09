"""From rows to the state of a workspace: what a server loads when it starts, or takes a workspace over."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sandbox.core.agenda import EntryKind
from sandbox.core.callback import Callback, CallbackState
from sandbox.core.errors import ScenarioError, StoreUseError
from sandbox.core.lazy_store import LazyStore
from sandbox.core.lifecycle import next_move
from sandbox.core.message import Channel
from sandbox.core.scenario import Scenario, ScenarioSource
from sandbox.core.world_state import WorldState
from sandbox.providers.registry import Registry
from sandbox.scenarios import compile_sources
from sandbox.store.base import Kind, Row, StoredRows
from sandbox.store.codec import ChannelOf, Object, read_account, read_callback, read_message, read_request
from sandbox.store.workspace_codec import (
    from_text,
    read_agenda_entry,
    read_clock,
    read_code,
    read_counters,
    read_lost_reply,
    read_rate_window,
    read_rule_count,
    read_target,
)

Value = TypeVar("Value")
SCENARIOS_KEPT = 64  # compiled scenarios that are remembered while workspaces are loaded
# How the values of the kinds are read that need nothing but themselves; `rows.WRITERS` is the counterpart.
READERS: Mapping[Kind, Callable[[Object], Any]] = {
    Kind.ACCOUNT: read_account,
    Kind.CODE: read_code,
    Kind.COUNTERS: read_counters,
    Kind.LOST_REPLY: read_lost_reply,
    Kind.RATE_WINDOW: read_rate_window,
    Kind.RULE_COUNT: read_rule_count,
    Kind.TARGET: read_target,
}
UNREADABLE = (KeyError, TypeError, ValueError, IndexError, AttributeError)


class Loaded(NamedTuple):
    """A workspace as its rows have it: its state, and what its server keeps of it.

    `sending` are the callbacks that were being attempted.
    """

    state: WorldState
    workspace: Object
    sending: tuple[Callback, ...]


def find_channel(packs: Registry, provider: str, name: str) -> Channel:
    """Return a channel of the providers that a server has.

    Raises:
        StoreUseError: no document describes it.

    """
    pack = packs.get(provider)
    channel = pack.channels.get(name) if pack else None
    if channel is None:
        what = f"the provider {provider!r}" if pack is None else f"the channel {name!r} of {provider}"
        message = f"the store has messages of {what}, which no document describes; add its folder with --specs DIR"
        raise StoreUseError(message)
    return channel


class ScenarioTable:
    """The scenarios that workspaces have in force: thousands may have the same, which takes milliseconds to compile.

    `fallback` replaces one that this version cannot compile.
    """

    def __init__(self, packs: Registry, fallback: Scenario) -> None:
        self._packs = packs
        self._fallback = fallback
        self._compiled: dict[tuple[ScenarioSource, ...], Scenario] = {}

    def __call__(self, written: Object) -> Scenario:
        """Return the scenario of a row, compiled from the texts that were in force."""
        sources = tuple(ScenarioSource(each["name"], each["text"]) for each in written["sources"])
        if sources == self._fallback.sources:
            return self._fallback
        if sources not in self._compiled:
            if len(self._compiled) >= SCENARIOS_KEPT:
                self._compiled.clear()
            self._compiled[sources] = self._compile(sources)
        return self._compiled[sources]

    def _compile(self, sources: tuple[ScenarioSource, ...]) -> Scenario:
        try:
            return compile_sources(sources, packs=self._packs) if sources else self._fallback
        except ScenarioError:
            return self._fallback


def load_state(rows: StoredRows, packs: Registry, scenarios: ScenarioTable) -> Loaded:
    """Return the state of a workspace; messages, callbacks and requests are decoded when they are first read.

    Raises:
        StoreUseError: the rows are not those of a workspace, or of a provider that no document describes.

    """
    try:
        return _build(rows, packs, scenarios)
    except UNREADABLE as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> StoreUseError:
    return StoreUseError(f"the store has a row that this version cannot read: {type(error).__name__}: {error}")


def _decoder(read: Callable[[int, Any], Value]) -> Callable[[int, str], Value]:
    """Return a function that decodes a row when it is first read."""

    def decode(number: int, text: str) -> Value:
        try:
            return read(number, from_text(text))
        except UNREADABLE as error:
            raise _unreadable(error) from None

    return decode


def _build(rows: StoredRows, packs: Registry, scenarios: ScenarioTable) -> Loaded:
    channel_of, others = partial(find_channel, packs), rows.others
    counters = read_counters(_only(others, Kind.COUNTERS))
    settings = {row.key: from_text(row.value) for row in others[Kind.SETTINGS]}
    messages = LazyStore(
        rows.values[Kind.MESSAGE], _decoder(lambda number, written: read_message(number, written, channel_of))
    )
    callbacks = LazyStore(
        rows.values[Kind.CALLBACK], _decoder(lambda number, written: read_callback(number, written, settings))
    )
    requests = LazyStore(rows.values[Kind.REQUEST], _decoder(read_request))
    numbers = _read_numbers(rows.values[Kind.MESSAGE], channel_of)
    moves = [next_move(messages[number]) for number in rows.open[Kind.MESSAGE]]
    agenda = [
        read_agenda_entry(int(row.key), from_text(row.value), entry)
        for kind, entry in ((Kind.AGENDA, EntryKind.CALLBACK), (Kind.INBOUND, EntryKind.INBOUND))
        for row in others[kind]
    ]
    lost_replies = sorted(others[Kind.LOST_REPLY], key=lambda row: int(row.key))
    state = WorldState(
        counters=counters,
        clock=read_clock(_only(others, Kind.CLOCK), at_least=counters.at),
        scenario=scenarios(_only(others, Kind.SCENARIO)),
        targets=dict(_all(others, Kind.TARGET)),
        accounts=_all(others, Kind.ACCOUNT),
        otps=_all(others, Kind.CODE),
        windows=_all(others, Kind.RATE_WINDOW),
        rule_counts=_all(others, Kind.RULE_COUNT),
        lost_replies=[read_lost_reply(from_text(row.value)) for row in lost_replies],
        agenda=[*filter(None, moves), *agenda],
        messages=messages,
        numbers=numbers,
        callbacks=callbacks,
        requests=requests,
    )
    still_open = [callbacks[number] for number in sorted(rows.open[Kind.CALLBACK])]
    sending = tuple(each for each in still_open if each.state is CallbackState.SENDING)
    return Loaded(state, _only(others, Kind.WORKSPACE), sending)


def _only(by_kind: Mapping[Kind, list[Row]], kind: Kind) -> Any:  # noqa: ANN401 - any JSON
    (row,) = by_kind[kind]
    return from_text(row.value)


def _all(by_kind: Mapping[Kind, list[Row]], kind: Kind) -> list[Any]:
    """Return the values of a kind in the order in which the entities came."""
    read = READERS[kind]
    return [read(from_text(row.value)) for row in sorted(by_kind[kind], key=lambda row: row.created)]


# How `write_message` begins; a database may have another order, and texts may have escapes.
BEGINNING = re.compile(
    r'{"id":"([^"\\]*)","request":\d+,"provider":"([^"\\]*)","operation":"[^"\\]*","channel":"([^"\\]*)"'
)


def _read_numbers(values: Mapping[int, str], channel_of: ChannelOf) -> dict[str, int]:
    """Return the numbers of messages by id; a channel that no document describes is noticed here, at the start."""
    numbers: dict[str, int] = {}
    channels = set()
    match = BEGINNING.match
    for number, text in values.items():
        found = match(text)
        if found is None:
            written = from_text(text)
            id_, provider, channel = str(written["id"]), written["provider"], written["channel"]
        else:
            id_, provider, channel = found.groups()
        numbers[id_] = number
        channels.add((provider, channel))
    for provider, name in sorted(channels):
        channel_of(provider, name)
    return numbers
