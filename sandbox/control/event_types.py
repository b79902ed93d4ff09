"""What a workspace's batches are to those who follow it: events of six kinds, each with the object of the API.

A callback comes without its request, a request without headers and bodies. Of several states of one callback that come
together the last alone is told, and so it is with clocks.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sandbox.control.serializers import Object, show_clock, show_entry, show_message, show_report
from sandbox.core.callback import Callback
from sandbox.core.change import Batch, Change, WorkspaceReset
from sandbox.core.clock import Clock
from sandbox.core.journal import RequestRecord
from sandbox.core.message import Message
from sandbox.core.scenario import Scenario
from sandbox.core.world import World


@dataclass(frozen=True, slots=True)
class Event:
    """One event. Its id is the number of its batch and its own within that, so it is known again after a reconnect."""

    batch: int
    turn: int
    kind: str
    data: Object

    def encode(self) -> bytes:
        """Return it as a server-sent event."""
        data = json.dumps(self.data, ensure_ascii=False, separators=(",", ":"))
        return f"id: {self.batch}.{self.turn}\nevent: {self.kind}\ndata: {data}\n\n".encode("utf-8", "replace")


def events_of(batches: Iterable[Batch], world: World, *, newest: int) -> tuple[list[Event], int]:
    """Return the events of some batches, and the number of the newest message; those up to `newest` are known."""
    latest: dict[object, tuple[Batch, int, Change]] = {}
    for batch in batches:
        for index, change in enumerate(batch.changes):
            if type(change) in KINDS:
                name = NAMES.get(type(change), _itself)(change, batch, index)
                latest.pop(name, None)
                latest[name] = (batch, index, change)
    events = []
    for batch, index, change in latest.values():
        kind, show = KINDS[type(change)]
        if isinstance(change, Message):
            kind, newest = ("status", newest) if change.number <= newest else ("message", change.number)
        data = show(change, world, batch)
        if data is not None:
            events.append(Event(batch.number, index, kind, data))
    return events, newest


def _message(message: Message, _: World, batch: Batch) -> Object:
    return show_message(message, batch.at)


def _callback(callback: Callback, world: World, _: Batch) -> Object | None:
    """Return a callback; None when its message is no longer kept."""
    return show_report(callback, world) if callback.message in world.messages else None


def _request(exchange: RequestRecord, _: World, __: Batch) -> Object:
    return show_entry(exchange)


def _clock(clock: Clock, _: World, __: Batch) -> Object:
    return {**show_clock(clock), "reset": False}


def _reset(cleared: WorkspaceReset, _: World, __: Batch) -> Object:
    return {**show_clock(cleared.clock), "reset": True}


def _scenario(scenario: Scenario, _: World, __: Batch) -> Object:
    return {"name": scenario.name, "description": scenario.description}


def _itself(_: Change, batch: Batch, index: int) -> object:
    return batch.number, index


KINDS: Mapping[type, tuple[str, Callable[..., Object | None]]] = {
    Message: ("message", _message),
    Callback: ("callback", _callback),
    RequestRecord: ("request", _request),
    Clock: ("clock", _clock),
    WorkspaceReset: ("clock", _reset),
    Scenario: ("scenario", _scenario),
}
NAMES: Mapping[type, Callable[..., object]] = {
    Callback: lambda callback, _, __: ("callback", callback.id),
    Clock: lambda _, __, ___: "clock",
}
