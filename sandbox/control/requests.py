"""The journal: every provider request and its reply, refused ones too.

A reason is in words that are the same for all requests that were refused for the same reason.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

from aiohttp import web

from sandbox.control.call import ControlCall
from sandbox.control.lists import Collection, Object, get_item, list_items
from sandbox.control.masking import masked_headers, masked_query, masked_text
from sandbox.control.messages import same_number, show_trace
from sandbox.control.searching import Search
from sandbox.core.clock import format_time
from sandbox.core.journal import BODY_LIMIT, RequestRecord
from sandbox.core.trace import trace_of
from sandbox.core.world import World
from sandbox.formats.phone_numbers import contains_number
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Found, Router

SHOWN = 20  # recipients of a request that are shown
NO_ROUTES = Router(())


def recipients_of(record: RequestRecord, world: World, router: Router) -> Iterator[str]:
    """Yield the recipients of a request, of which there may be thousands; not those of messages no longer stored.

    A refused request has no messages; it is read again, as the journal keeps what was sent and not what it meant.
    """
    if record.messages:
        return (message.recipient for message in map(world.message, record.messages) if message is not None)
    found = router.find(record.method, record.path)
    if not record.refused or not isinstance(found, Found) or found.route.operation.channel is None:
        return iter(())
    reading = found.route.read(_request(record), found.path_values)
    named = (each.recipient for each in found.route.operation.message.messages(reading.values))
    return iter(dict.fromkeys(filter(None, named)))


def _request(record: RequestRecord) -> Request:
    headers = {name.lower(): value for name, value in record.headers.items()}
    return Request(record.method, record.path, record.query, headers, record.body)


RequestFilter = Callable[[RequestRecord], bool]


async def list_requests(call: ControlCall) -> web.StreamResponse:
    """Reply with a page of the journal, or with a file of all."""
    requests = requests_of(call.world, call.engine.router)
    if call.query.get("format", str) == "har":
        return await _export(call, requests)
    return await list_items(call, requests, evicted=call.world.evicted["requests"])


async def _export(call: ControlCall, requests: Collection[RequestRecord]) -> web.StreamResponse:
    from sandbox.control.exports import har_format, send_export  # noqa: PLC0415 - loaded with the first export
    from sandbox.control.states import state_masking  # noqa: PLC0415 - as above

    form = har_format(call.request.host, call.engine.providers.hosts, state_masking(call).request)
    return await send_export(call, requests, form)


async def get_request(call: ControlCall) -> web.Response:
    """Reply with one entry of the journal."""
    return await get_item(call, requests_of(call.world, call.engine.router))


def requests_of(world: World, router: Router) -> Collection[RequestRecord]:
    """Return the journal of a workspace."""
    return Collection(
        RequestRecord,
        world.requests,
        number=lambda record: record.id,
        at=lambda record: record.at,
        show=lambda record: show_request(record, world, router),
        noun="request",
        filters=FILTERS,
    )


def _recipients(call: ControlCall, record: RequestRecord) -> Iterator[str]:
    return recipients_of(record, call.world, call.engine.router)


def _to_is(call: ControlCall, value: str) -> RequestFilter:
    same = same_number(value, call.server.number_plans)
    return lambda record: any(same(to, record.provider or "") for to in _recipients(call, record))


def _to_contains(call: ControlCall, value: str) -> RequestFilter:
    return lambda record: any(contains_number(to, value) for to in _recipients(call, record))


def _is_found(call: ControlCall, value: str) -> RequestFilter:
    """Return whether a search finds a request: by path, operation, reason, rule, trace, id of a message, or number."""
    search = Search(value)

    def is_found(record: RequestRecord) -> bool:
        named = (masked_text(record.path, record.key), record.operation or "", record.rule or "")
        if search.is_in((*named, *record.why, *record.messages)) or search.is_trace(trace_of(record.headers)):
            return True
        return any(search.is_number(to) for to in _recipients(call, record))

    return is_found


def _trace_is(_: ControlCall, value: str) -> RequestFilter:
    return lambda record: (trace := trace_of(record.headers)) is not None and trace.trace_id == value


FILTERS: Mapping[str, Callable[[ControlCall, Any], RequestFilter]] = {
    "provider": lambda _, value: lambda record: record.provider == value,
    "operation": lambda _, value: lambda record: fnmatchcase(record.operation or "", value),
    "status": lambda _, value: lambda record: record.status == value,
    "refused": lambda _, value: lambda record: record.refused is value,
    "rule": lambda _, value: lambda record: record.rule == value,
    "reason": lambda _, value: lambda record: record.refused and reason_of(record) == value,
    "trace_id": _trace_is,
    "to": _to_is,  # from here on, filters that look at what a request is for, which takes longer
    "to_contains": _to_contains,
    "search": _is_found,
}


def show_request(record: RequestRecord, world: World, router: Router) -> Object:
    """Return a request and its reply."""
    key = record.key
    return {
        **show_request_line(record, world, router),
        "headers": masked_headers(record.headers, key),
        "body": record.body.decode("utf-8", "replace"),
        "reply": {
            "status": record.status,
            "headers": masked_headers(record.reply_headers, key),
            "body": record.reply_body.decode("utf-8", "replace"),
            "body_cut": len(record.reply_body) >= BODY_LIMIT,
        },
    }


def show_request_line(record: RequestRecord, world: World, router: Router) -> Object:
    """Return a request and the status of its reply, without headers and bodies."""
    key = record.key
    return {
        "id": record.id,
        "at": format_time(record.at),
        "provider": record.provider,
        "operation": record.operation,
        "to": tuple(islice(recipients_of(record, world, router), SHOWN)),
        "method": record.method,
        "path": masked_text(record.path, key),
        "query": masked_query(record.query, key),
        "body_size": record.body_size,
        "body_cut": len(record.body) < record.body_size,
        "reply": {"status": record.status},
        "refused": record.refused,
        "why": [masked_text(sentence, key) for sentence in record.why],
        "rule": record.rule,
        "messages": list(record.messages),
        "resent": record.resent_of is not None,
        "resent_of": record.resent_of,
        "ms": round(record.ms, 2),
        "trace": show_trace(trace_of(record.headers)),
    }


QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
NUMBER = re.compile(r"(?<![^\s(])\d[\d,.]*(?![^\s),;])")  # a number by itself, not a part of a word or a pattern
INDEX = re.compile(r"\[\d+\]")
SOURCE = " ("  # begins what the sentence ends with: where the fact comes from
LONGEST = 1_000  # characters
UNKNOWN = "no reason was recorded"


def reason_of(record: RequestRecord) -> str:
    """Return the first reason of a refused request without what differs from request to request, cut if it is long.

    Values, numbers and indexes become `…`. What a scenario's rule says stays as it is, without the operation.
    """
    return _worded(record)[:LONGEST]


def _worded(record: RequestRecord) -> str:
    if not record.why:
        return UNKNOWN if record.rule is None else f"the scenario's rule '{record.rule}'"
    sentence = masked_text(record.why[0], record.key)
    if record.operation is not None and sentence.startswith(f"{record.operation}: "):
        return sentence.removeprefix(f"{record.operation}: ")
    place, colon, problem = QUOTED.sub("'…'", sentence).partition(": ")
    words, mark, source = problem.rpartition(SOURCE)
    if not mark:
        words, source = source, ""
    return INDEX.sub("[…]", place) + colon + NUMBER.sub("…", words) + mark + source
