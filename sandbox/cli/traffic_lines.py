"""Lines of a terminal from the events of a stream: what `tail` shows, as `serve` does on its own terminal."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from sandbox.client import Event
from sandbox.core.callback import CallbackState
from sandbox.formats.phone_numbers import contains_number
from sandbox.formats.terminal import TrafficLine

KEPT = 10_000  # messages and callbacks that are remembered
ENDED = frozenset({CallbackState.DELIVERED, CallbackState.FAILED, CallbackState.PENDING})  # after an attempt

Data = Mapping[str, Any]


class KnownMessage(NamedTuple):
    """What the lines of a message's request and callbacks need of it."""

    operation: str
    result: str
    text: str
    code: str | None


class Filters(NamedTuple):
    """Which lines to show; what is None or empty selects all. `outcomes` are the results of `outcome_of`."""

    provider: str | None = None
    operation: str | None = None
    to: str | None = None
    outcomes: frozenset[str] = frozenset()


class TrafficLines:
    """Makes lines of events; remembers messages, as a callback does not say what its operation is."""

    def __init__(self, filters: Filters) -> None:
        self._filters = filters
        self._messages: OrderedDict[str, KnownMessage] = OrderedDict()
        self._attempts: OrderedDict[tuple[object, object], int] = OrderedDict()  # shown, by callback and message

    def read(self, event: Event) -> Iterator[TrafficLine]:
        """Yield the lines of an event that pass the filters."""
        match event.kind:
            case "message" | "status":
                _remember(self._messages, str(event.data["id"]), _known(event.data))
            case "request":
                yield from self._request(event.data)
            case "callback":
                yield from self._callback(event.data)
            case "clock" if event.data.get("reset"):
                self._messages.clear()
                self._attempts.clear()
            case _:
                pass

    def _request(self, data: Data) -> Iterator[TrafficLine]:
        known = self._messages.get(data["messages"][-1]) if data["messages"] else None
        operation = data["operation"] or f"{data['method']} {data['path']}"
        refused, count = data["refused"], len(data["messages"])
        results = [
            "refused" if refused else "",
            f"{count} messages" if count > 1 else "",
            known.result if known else "",
            f"rule: {data['rule']}" if data["rule"] and not refused else "",
        ]
        more = max(len(data["to"]), count) - 1
        line = TrafficLine(
            datetime.fromisoformat(data["at"]),
            is_callback=False,
            operation=operation,
            to=(f"{data['to'][0]} +{more}" if more > 0 else data["to"][0]) if data["to"] else "",
            status=data["reply"]["status"] or None,
            ms=float(data["ms"]),
            result="  ".join(filter(None, results)),
            good=not refused,
            number=f"#{data['id']}",
            message=data["messages"][0] if count == 1 else "",
            text=known.text if known else "",
            code=known.code if known else None,
            notes=tuple(data["why"]),
        )
        if self._passes(line, data["provider"], data["to"]):
            yield line

    def _callback(self, data: Data) -> Iterator[TrafficLine]:
        known, attempts = self._messages.get(data["message"]), data["attempts"]
        key = data["id"], data["message"]
        # Of a message from before the first event, only the last attempt is new.
        shown = self._attempts.get(key, 0 if known else max(0, len(attempts) - 1))
        _remember(self._attempts, key, len(attempts))
        state = CallbackState(data["state"])
        for place in range(shown, len(attempts)):
            attempt, is_last = attempts[place], place == len(attempts) - 1
            if is_last and state not in ENDED:  # such as one that was held
                return
            number = f", attempt {attempt['number']}" if attempt["number"] > 1 else ""
            line = TrafficLine(
                datetime.fromisoformat(attempt["at"]),
                is_callback=True,
                operation=known.operation if known else str(data["provider"]),
                to=data["to"] or "",
                status=attempt["status"],
                ms=float(attempt["ms"]),
                result=f"{data['reports']}{number}: {_result(data, attempt) if is_last else 'failed'}",
                good=is_last and state is CallbackState.DELIVERED,
                number=f"callback {data['id']}",
                message=data["message"] or "",
                notes=(attempt["error"],) if attempt["error"] else (),
            )
            if self._passes(line, data["provider"], [data["to"] or ""]):
                yield line

    def _passes(self, line: TrafficLine, provider: str | None, numbers: list[str]) -> bool:
        wanted = self._filters
        return (
            (wanted.provider is None or provider == wanted.provider)
            and (wanted.operation is None or fnmatchcase(line.operation, wanted.operation))
            and (wanted.to is None or any(contains_number(each, wanted.to) for each in numbers))
            and (not wanted.outcomes or outcome_of(line) in wanted.outcomes)
        )


def outcome_of(line: TrafficLine) -> str:
    """Return accepted or refused for a request, delivered or failed for an attempt at a callback."""
    if line.is_callback:
        return "delivered" if line.good else "failed"
    return "accepted" if line.good else "refused"


def _known(data: Data) -> KnownMessage:
    result = ""
    if data["planned"]:
        final, begin = data["planned"][-1], datetime.fromisoformat(data["history"][0]["at"])
        seconds = (datetime.fromisoformat(final["at"]) - begin).total_seconds()
        result = f"→ {final['status']} in {seconds:g} s"
    return KnownMessage(data["operation"], result, data["text"], data["code"])


def _result(data: Data, attempt: Data) -> str:
    """Return what became of a callback with its last attempt."""
    if data["state"] != CallbackState.PENDING:
        return str(data["state"])
    wait = (datetime.fromisoformat(data["due"]) - datetime.fromisoformat(attempt["at"])).total_seconds()
    return f"failed, next in {round(wait, 1):g} s"


def _remember(kept: "OrderedDict[Any, Any]", key: object, value: object) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > KEPT:
        kept.popitem(last=False)
