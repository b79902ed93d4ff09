"""Strategies for provider documents: sound ones of many shapes, and the same with one thing spoiled."""

import copy
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from sandbox.formats.json_text import ValuePath

ANYWHERE = (
    "{{ settings.price }}",
    "{{ account.key }}",
    "{{ account.balance.EUR }}",
    "{{ now }}",
    "at {{ now }}.",
    "{{ uuid() }}",
)
IN_REQUESTS = (*ANYWHERE, "{{ parameters.to }}", "{{ request.method | lower }}", "{{ parameters.text or 'none' }}")
OF_MESSAGES = ("{{ message.id }}", "{{ message.provider_status }}", "to {{ message.to }}", "{{ message.accepted_at }}")
OF_SENDS = (*IN_REQUESTS, *OF_MESSAGES, "{{ send.count }}", "{{ messages | length }}", "{{ message.data.ref }}")
OF_LISTS = (*IN_REQUESTS, "{{ page.total }}", "{{ page.has_next }}", "{{ messages | length }}")
OF_CODES = (*IN_REQUESTS, "{{ code.result }}", "{{ code.tries_left }}", "{{ code.result == 'right' }}")
OF_CALLBACKS = (*ANYWHERE, *OF_MESSAGES, "{{ callback.provider_status }}", "{{ callback.at }}", "{{ target.key }}")
FIELDS: Mapping[str, Mapping[str, object]] = {
    "to": {"type": "string", "description": "the number"},
    "text": {"type": "string"},
    "from": {"type": ["string", "null"]},
    "ref": {},
    "send_at": {"type": ["string", "integer"]},
    "url": {"type": "string"},
    "ttl": {"type": "integer"},
}
ERRORS = ("invalid", "not-found", "missing-key", "code-wrong", "code-expired", "stopped")
NAMES = st.sampled_from(("id", "a", "status", "list of", "x_1"))


def bodies(templates: tuple[str, ...]) -> st.SearchStrategy[object]:
    """Return bodies with templates and plain values in them."""
    plain = st.sampled_from((*templates, *templates, "text", 7, 0.5, True, None, ""))
    conditional = st.fixed_dictionaries({"x-if": st.sampled_from(templates), "x-value": plain})
    return st.recursive(
        plain,
        lambda inner: st.dictionaries(NAMES, inner | conditional, max_size=3) | st.lists(inner, max_size=2),
        max_leaves=4,
    )


def replies(templates: tuple[str, ...], *, messages: bool = False) -> st.SearchStrategy[object]:
    """Return replies; those of several messages may list them."""
    looped = st.dictionaries(NAMES, st.sampled_from(OF_MESSAGES), min_size=1, max_size=2).map(
        lambda row: {"items": {"x-each": "message in messages", **row}}
    )
    return st.fixed_dictionaries(
        {"body": looped | bodies(templates) if messages else bodies(templates)},
        optional={
            "status": st.sampled_from((200, 201, 202, 404)),
            "headers": st.dictionaries(st.sampled_from(("x-a", "location")), st.sampled_from(templates), max_size=2),
        },
    )


SENDS = st.fixed_dictionaries(
    {"reply": replies(OF_SENDS, messages=True)},
    optional={
        "recipient": st.sampled_from(("to", ["number", "to"][1:], "/to")),
        "sender": st.sampled_from(("from", "ACME {{ parameters.to }}")),
        "text": st.sampled_from(("text", "Code {{ uuid() }}", "/text")),
        "id": st.sampled_from(("uuid", "ulid", "digits", {"kind": "hex", "length": 8, "per": "request"})),
        "price": st.sampled_from(
            ({"amount": 0.5, "balance": "EUR"}, {"amount": "settings.price", "per": "segment", "balance": "EUR"})
        ),
        "stop_list": st.sampled_from(("ignore", "reject")),
        "invalid_recipients": st.sampled_from(("allow", "refuse", "drop")),
        "make_code": st.sampled_from(({}, {"digits": 4, "expires": "1m", "replaces": "#"}, {"expires": {"at": "ttl"}})),
        "keep": st.sampled_from(({"ref": "ref"}, {"ref": "{{ request.path }}"}, {})),
        "callback_url": st.just("url"),
        "schedule": st.sampled_from(("send_at", {"at": "send_at", "format": "unix", "limit": "7d"})),
        "separator": st.sampled_from((";", ", ")),
    },
)
LISTS = st.fixed_dictionaries(
    {"reply": replies(OF_LISTS, messages=True)},
    optional={
        "channel": st.just("sms"),
        "filters": st.sampled_from(({}, {"to": "to"}, {"ref": "data.ref", "text": "provider_status"})),
        "sort": st.sampled_from(({}, {"by": "ref", "fields": {"date": "accepted_at", "n": "number"}, "order": "asc"})),
        "page": st.sampled_from(({}, {"number": "ttl", "default": 5}, {"offset": "ttl", "size": "ttl"})),
        "of": st.just("ref"),
    },
)
BEHAVIOURS: Mapping[str, st.SearchStrategy[object]] = {
    "send": SENDS,
    "messages": LISTS,
    "message": st.fixed_dictionaries(
        {"id": st.just("ref"), "reply": replies((*IN_REQUESTS, *OF_MESSAGES))},
        optional={"by": st.sampled_from(("id", "request", "data.ref")), "channel": st.just("sms")},
    ),
    "balance": st.fixed_dictionaries({"reply": replies(IN_REQUESTS)}),
    "code.check": st.fixed_dictionaries(
        {"recipient": st.just("to"), "code": st.just("text"), "reply": replies(OF_CODES)},
        optional={"tries": st.sampled_from((1, "settings.tries"))},
    ),
    "reply": replies(IN_REQUESTS),
}
TIMES = st.fixed_dictionaries(
    {},
    optional={
        "format": st.sampled_from(("iso", "iso-seconds", "unix", "unix-ms", "rfc2822", "%Y-%m-%d %H:%M:%S")),
        "zone": st.sampled_from(("UTC", "Asia/Kolkata", "settings.zone")),
    },
)
REFUSALS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    (
        {"check": "schema", "error": "invalid", "message": "{{ why | join(' ') }}"},
        {"check": "message", "error": "not-found"},
        {"check": "schema", "parameters": ["to"], "rules": ["type"], "error": "invalid"},
        {"when": "{{ parameters.text == 'no' }}", "error": "stopped", "why": "text: is {{ parameters.text }}"},
    )
)
CALLBACKS = st.fixed_dictionaries(
    {},
    optional={
        "url": st.sampled_from(("{{ target.url }}", "{{ target.url }}/{id}", "https://hooks.example/dlr")),
        "query": st.just({"status": "{{ callback.status }}"}),
        "placeholders": st.just({"{id}": "{{ message.id }}"}),
        "headers": st.just({"x-time": "{{ timestamp }}"}),
        "body": bodies(OF_CALLBACKS).filter(lambda body: body is not None),
        "time": TIMES,
        "retries": st.just(["1s"]),
        "signature": st.sampled_from(
            ({"header": "x-sign"}, [{"header": "x-a", "hmac": "sha1", "content": "{{ url }}{{ pairs }}"}])
        ),
    },
)


def partial_first(refusals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return refusals in an order in which each is reached."""
    return sorted(refusals, key=lambda each: "rules" not in each)


@st.composite
def sound_documents(draw: st.DrawFn) -> dict[str, Any]:
    """Return a document that has no mistake."""
    reported, callback = draw(st.booleans()), draw(CALLBACKS)
    statuses = {
        "scheduled": {"says": "waiting", "next": ["queued"]},
        "queued": {"says": "accepted", "next": ["sent", "rejected"]},
        "sent": {"says": "sent", "next": ["delivered"], "reported": reported},
        "delivered": {"says": "delivered"},
        "rejected": {"says": "rejected"},
    }
    channel = {"life": [{"sent": "1s"}, {"delivered": "2s"}], "statuses": statuses}
    paths: dict[str, Any] = {}
    for number, name in enumerate(draw(st.lists(st.sampled_from(sorted(BEHAVIOURS)), min_size=1, max_size=4))):
        examples = {error: {"value": {"error": error}, "x-code": error} for error in ERRORS}
        node: dict[str, Any] = {
            "x-operation": f"acme.{name}{number}",
            "x-sandbox": {name: draw(BEHAVIOURS[name])},
            "responses": {"400": {"content": {"application/json": {"examples": examples}}}},
        }
        if name == "send":
            node["x-channel"] = "sms"
        if draw(st.booleans()):
            schema = {"type": "object", "properties": copy.deepcopy(dict(FIELDS))}
            node["requestBody"] = {"content": {"application/json": {"schema": schema}}}
        else:
            node["parameters"] = [{"name": each, "in": "query", "schema": dict(FIELDS[each])} for each in FIELDS]
        paths[f"/acme/{number}"] = {"post": node}
    own = {
        "provider": "acme",
        "credential": draw(st.sampled_from(({"header": "x-key"}, {"any": ["bearer", {"header": "X-Key"}]}))),
        "account": {"balance": {"EUR": "100"}},
        "settings": {"price": {"default": 0.05}, "tries": {"default": 3}, "zone": {"default": "Europe/Berlin"}},
        "time": draw(TIMES),
        "refusals": draw(st.lists(REFUSALS, max_size=2, unique_by=repr).map(partial_first)),
        "channels": {"sms": {**channel, "callback": callback} if reported else channel},
    }
    return {"openapi": "3.1.0", "x-sandbox": own, "paths": paths}


ODD: tuple[Any, ...] = (
    None,
    True,
    7,
    -1,
    1e400,
    "",
    "x",
    "{{ nobody }}",
    "{{ 7",
    "{% if %}",
    "/x/y",
    [],
    [None],
    {},
    {"zzz": 1},
    {"x-each": 7},
)
ODD_KEYS = ("x-each", "x-if", "zzz", "recipent", "", "$ref", "x-word")


@st.composite
def spoiled_documents(draw: st.DrawFn) -> dict[str, Any]:
    """Return a document in which one or two values are replaced, removed, or get a key that they do not have."""
    document = copy.deepcopy(draw(sound_documents()))  # parts of it are shared
    for _ in range(draw(st.integers(1, 2))):
        every = sorted(_paths(document), key=repr)
        own = [path for path in every if "x-sandbox" in path]
        inside = own and draw(st.integers(0, 3)) > 0
        path = draw(st.sampled_from(own if inside else every))
        node: Any = document
        for step in path[:-1]:
            node = node[step]
        what = draw(st.sampled_from(("replace", "remove", "add")))
        if what == "replace":
            node[path[-1]] = copy.deepcopy(draw(st.sampled_from(ODD)))
        elif what == "remove":
            del node[path[-1]]
        elif isinstance(node[path[-1]], dict):
            node[path[-1]][draw(st.sampled_from(ODD_KEYS))] = copy.deepcopy(draw(st.sampled_from(ODD)))
    return document


def _paths(value: object, path: ValuePath = ()) -> list[ValuePath]:
    found = [path] if path else []
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += _paths(each, (*path, key))
    return found
