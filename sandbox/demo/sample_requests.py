"""Requests with the values of a provider's samples, whose fields can be changed one by one."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlencode
from xml.etree.ElementTree import tostring

from defusedxml.ElementTree import fromstring

from sandbox.client import Provider
from sandbox.client.decode import KEY, read_all

ANY = "demo"  # in the workspace `default` every key opens an account of its own
FORM = "application/x-www-form-urlencoded"
XML = "application/xml"

Change = Callable[[str, str], str]  # from a field's name and text to the text that it is to have


class Wire(NamedTuple):
    """A request as it is sent: `target` is its path and query."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a call, as the control API tells it."""

    name: str
    place: str = field(metadata={KEY: "in"})
    required: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """The body of a sample request: fields, or a text."""

    type: str
    value: object


@dataclass(frozen=True, slots=True)
class Call:
    """One path and method of an operation."""

    method: str
    path: str
    parameters: tuple[Parameter, ...]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation; one that sends has a channel."""

    name: str
    channel: str | None
    otp: bool
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """A call with the values of a sample in its body, or in its query where `type` is None.

    `credentials` are the fields that carry keys; `headers` and `query` name what else it needs, keys mostly.
    """

    provider: str
    operation: Operation
    call: Call
    type: str | None
    values: object
    credentials: tuple[str, ...]
    headers: tuple[str, ...]
    query: tuple[str, ...]

    def written(self, change: Change) -> Wire:
        """Return the request, each of its fields as `change` has it."""
        values = _changed_xml(self.values, change) if self.type == XML else _changed(self.values, change)
        headers = {name: change(name, ANY) for name in self.headers}
        query = {name: change(name, ANY) for name in self.query}
        if self.type is None:
            query |= _pairs(values)
        else:
            headers["Content-Type"] = self.type
        target = f"{self.call.path}?{urlencode(query)}" if query else self.call.path
        return Wire(self.call.method, target, headers, _body(self.type, values))


def sample_requests(provider: Provider) -> Iterator[SampleRequest]:
    """Yield the requests by which a provider sends, one for each sample of each call.

    A call that has everything in its query borrows the sample of another.
    """
    for operation in read_all(Operation, provider.operations):
        if operation.channel is None:
            continue
        fields = [each.value for call in operation.calls for each in call.samples if isinstance(each.value, Mapping)]
        for call in operation.calls:
            for sample in call.samples:
                yield _blank(provider, operation, call, sample.type, sample.value)
            if not call.samples and fields:
                asked = {each.name for each in call.parameters if each.place == "query"}
                values = {name: value for name, value in fields[0].items() if name in asked}
                yield _blank(provider, operation, call, None, values)


def _blank(provider: Provider, operation: Operation, call: Call, kind: str | None, values: object) -> SampleRequest:
    keys = provider.credentials
    inside = set(names(values))
    headers = [each.name for each in call.parameters if each.place == "header" and (each.required or each.name in keys)]
    query = [each.name for each in call.parameters if each.place == "query" and each.name in keys]
    query = [name for name in query if name not in inside]
    if keys[0] not in {*inside, *headers, *query}:
        headers.append(keys[0])  # a header that OpenAPI has among the security schemes is no parameter
    return SampleRequest(provider.name, operation, call, kind, values, keys, tuple(headers), tuple(query))


def names(values: object) -> Iterator[str]:
    """Yield the name of every field in a value, at any depth."""
    if isinstance(values, Mapping):
        yield from values
    for each in values.values() if isinstance(values, Mapping) else values if isinstance(values, list) else ():
        yield from names(each)


def _changed(value: object, change: Change, name: str = "") -> object:
    match value:
        case Mapping():
            return {key: _changed(each, change, key) for key, each in value.items()}
        case list():
            return [_changed(each, change, name) for each in value]
        case str():
            return change(name, value)
        case int() if not isinstance(value, bool):
            text = change(name, str(value))
            return int(text) if text.isdecimal() else text
        case _:
            return value


def _changed_xml(value: object, change: Change) -> str:
    root = fromstring(str(value))
    for each in root.iter():
        if each.text:
            each.text = change(each.tag, each.text)
    return tostring(root, encoding="unicode")


def _body(kind: str | None, values: object) -> str:
    if kind is None:
        return ""
    if kind == FORM:
        return urlencode(_pairs(values))
    return values if isinstance(values, str) else json.dumps(values, ensure_ascii=False)


def _pairs(values: object) -> dict[str, str]:
    return {name: _plain(each) for name, each in values.items()} if isinstance(values, Mapping) else {}


def _plain(value: object) -> str:
    match value:
        case list():
            return ",".join(map(_plain, value))
        case bool():
            return str(value).lower()
        case _:
            return str(value)
