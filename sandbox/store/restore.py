"""From rows to the state of a workspace: what a server loads when it starts, or takes a workspace over."""

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from sandbox.core.callback import Callback, CallbackState
from sandbox.core.errors import ScenarioError, StoreUseError
from sandbox.core.message import Channel, next_move
from sandbox.core.scenario import Scenario, ScenarioSource
from sandbox.core.sequence_store import LazySequenceStore
from sandbox.core.world_state import WorldState
from sandbox.providers.registry import Registry
from sandbox.scenarios import compile_sources
from sandbox.store.base import Kind, Row
from sandbox.store.codec import Object, read_account, read_callback, read_message, read_request
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
UNREADABLE = (KeyError, TypeError, ValueError, IndexError, AttributeError)


class Loaded(NamedTuple):
    """A workspace as its rows have it: its state, and what its server keeps of it.

    `sending` are the callbacks that were being attempted.
    """

    state: WorldState
    workspace: Object
    sending: tuple[Callback, ...]


class ChannelTable:
    """The channels of the providers that a server has."""

    def __init__(self, packs: Registry) -> None:
        self._packs = packs

    def __call__(self, provider: str, name: str) -> Channel:
        """Return a channel.

        Raises:
            StoreUseError: no document describes it.

        """
        pack = self._packs.get(provider)
        channel = pack.spec.channels.get(name) if pack else None
        if channel is None:
            what = f"the provider {provider!r}" if pack is None else f"the channel {name!r} of {provider}"
            message = f"the store has messages of {what}, which no document describes; add its folder with --specs DIR"
            raise StoreUseError(message)
        return channel


def load_state(rows: Iterable[Row], packs: Registry, fallback: Scenario) -> Loaded:
    """Return the state of a workspace; messages, callbacks and requests are decoded when they are first read.

    `fallback` replaces a scenario that this version cannot compile.

    Raises:
        StoreUseError: the rows are not those of a workspace, or of a provider that no document describes.

    """
    by_kind: dict[Kind, list[Row]] = {kind: [] for kind in Kind}
    for row in rows:
        by_kind[row.kind].append(row)
    try:
        return _build(by_kind, packs, fallback)
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


def _build(by_kind: Mapping[Kind, list[Row]], packs: Registry, fallback: Scenario) -> Loaded:
    channel_of = ChannelTable(packs)
    counters = read_counters(_only(by_kind, Kind.COUNTERS))
    settings = {row.key: from_text(row.value) for row in by_kind[Kind.SETTINGS]}
    messages = LazySequenceStore(
        _numbered(by_kind[Kind.MESSAGE]), _decoder(lambda number, written: read_message(number, written, channel_of))
    )
    callbacks = LazySequenceStore(
        _numbered(by_kind[Kind.CALLBACK]), _decoder(lambda number, written: read_callback(number, written, settings))
    )
    requests = LazySequenceStore(_numbered(by_kind[Kind.REQUEST]), _decoder(read_request))
    moves = [next_move(messages[int(row.key)]) for row in by_kind[Kind.MESSAGE] if row.open]
    agenda = [read_agenda_entry(int(row.key), from_text(row.value)) for row in by_kind[Kind.AGENDA]]
    state = WorldState(
        counters=counters,
        clock=read_clock(_only(by_kind, Kind.CLOCK), at_least=counters.at),
        scenario=_read_scenario(_only(by_kind, Kind.SCENARIO), packs, fallback),
        targets=dict(read_target(each) for each in _all(by_kind, Kind.TARGET)),
        accounts=[read_account(each) for each in _all(by_kind, Kind.ACCOUNT)],
        otps=[read_code(each) for each in _all(by_kind, Kind.CODE)],
        windows=[read_rate_window(each) for each in _all(by_kind, Kind.RATE_WINDOW)],
        rule_counts=[read_rule_count(each) for each in _all(by_kind, Kind.RULE_COUNT)],
        lost_replies=[read_lost_reply(from_text(text)) for _, text in _numbered(by_kind[Kind.LOST_REPLY])],
        agenda=[*filter(None, moves), *agenda],
        messages=messages,
        numbers=_read_numbers(by_kind[Kind.MESSAGE], channel_of),
        callbacks=callbacks,
        requests=requests,
    )
    still_open = [callbacks[int(row.key)] for row in by_kind[Kind.CALLBACK] if row.open]
    sending = tuple(each for each in still_open if each.state is CallbackState.SENDING)
    return Loaded(state, _only(by_kind, Kind.WORKSPACE), sending)


def _only(by_kind: Mapping[Kind, list[Row]], kind: Kind) -> Any:  # noqa: ANN401 - any JSON
    (row,) = by_kind[kind]
    return from_text(row.value)


def _all(by_kind: Mapping[Kind, list[Row]], kind: Kind) -> list[Any]:
    """Return the values of a kind in the order in which the entities came."""
    return [from_text(row.value) for row in sorted(by_kind[kind], key=lambda row: row.created)]


def _numbered(rows: list[Row]) -> list[tuple[int, str]]:
    """Return numbers and values, in the order of the numbers."""
    return sorted([(int(row.key), row.value) for row in rows], key=itemgetter(0))


def _read_numbers(rows: list[Row], channel_of: ChannelTable) -> dict[str, int]:
    """Return the numbers of messages by id; a channel that no document describes is noticed here, at the start."""
    numbers, channels = {}, set()
    for row in rows:
        written = from_text(row.value)
        numbers[str(written["id"])] = int(row.key)
        channels.add((written["provider"], written["channel"]))
    for provider, name in sorted(channels):
        channel_of(provider, name)
    return numbers


def _read_scenario(written: Object, packs: Registry, fallback: Scenario) -> Scenario:
    """Return the scenario of a row, compiled from the texts that were in force; `fallback` if that cannot be done."""
    sources = [ScenarioSource(each["name"], each["text"]) for each in written["sources"]]
    try:
        return compile_sources(sources, packs=packs) if sources else fallback
    except ScenarioError:
        return fallback
