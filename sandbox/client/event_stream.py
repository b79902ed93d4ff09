"""Reads the stream of events: server-sent events, a line at a time."""

from collections.abc import Mapping
from typing import cast

from sandbox.client.call import ApiCall, load, nothing, path
from sandbox.client.errors import StrangerError
from sandbox.client.values import Event

SILENCE = 120.0  # seconds without a line, heartbeats included, after which the stream counts as broken
LAST = "Last-Event-ID"
STREAM: ApiCall[None] = ApiCall("GET", path("events"), nothing, patience=SILENCE)


class Lines:
    """Collects the lines of an event."""

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}

    def feed(self, line: bytes) -> Event | None:
        """Take a line; return the event that it ends, if it ends one."""
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            value = value.removeprefix(" ")
            held = self._fields.get(name)
            self._fields[name] = f"{held}\n{value}" if held is not None and name == "data" else value
            return None
        fields, self._fields = self._fields, {}
        return _event(fields) if "data" in fields else None


def _event(fields: Mapping[str, str]) -> Event:
    try:
        data = load(fields["data"].encode())
    except ValueError:
        data = None
    if not isinstance(data, dict):
        message = f"an event without an object: {fields['data'][:60]!r}"
        raise StrangerError(message)
    return Event(fields.get("id", ""), fields.get("event", ""), cast("Mapping[str, object]", data))
