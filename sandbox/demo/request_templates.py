"""Request templates: requests with a provider's sample values, whose recipients, texts and senders can be changed.

Which values those are is found by sending each sample once, to a workspace that is created for it, and looking at the
messages that it makes. A sample that the provider refuses is not used.
"""

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from urllib.parse import quote, urlencode

from sandbox.client import AsyncClient, Message, Provider
from sandbox.client.behaviour_values import KEY
from sandbox.client.codec import read_all
from sandbox.demo.bodies import (
    XML,
    Change,
    change_values,
    change_xml,
    encode_body,
    form_fields,
    names,
    plain_text,
    put_keys,
    tags,
)
from sandbox.demo.texts import BRANDS

DEFAULT_KEY = "demo"  # in the workspace `default` every key opens an account of its own
PATH_PARAMETER = re.compile(r"\{(\w+)\}")
NUMBER = re.compile(r"\d{7,15}", re.ASCII)

Keys = Mapping[str, str]


class PreparedRequest(NamedTuple):
    """A request to send; `target` is its path and query."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a call, as the control API lists it."""

    name: str
    place: str = field(metadata={KEY: "in"})
    required: bool
    example: object = None


@dataclass(frozen=True, slots=True)
class CredentialPart:
    """A part of a credential; the control API describes its members."""

    name: str
    place: str = field(metadata={KEY: "in"})
    fields: tuple[str, ...]
    prefix: str
    encoding: str

    def value(self, change: Change) -> str:
        """Return the value of the header or parameter, made of the credentials that `change` returns."""
        value = ":".join(change(name, DEFAULT_KEY) for name in self.fields)
        return self.prefix + (b64encode(value.encode()).decode() if self.encoding == "base64" else value)


@dataclass(frozen=True, slots=True)
class Sample:
    """The body of a sample request: fields, or text."""

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
    """An operation; it has a channel if it sends messages. `fields` names the parameters of recipient, sender, text."""

    name: str
    channel: str | None
    otp: bool
    fields: Mapping[str, tuple[str, ...]]
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """A call with the values of a sample in its body, or in its query if `type` is None.

    `credentials` are the names of what its account needs, `way` says where they are, unless they are fields of these
    names. `headers`, `query` and `path` have further fields that it needs.
    """

    provider: str
    operation: Operation
    call: Call
    type: str | None
    values: object
    credentials: tuple[str, ...]
    way: tuple[CredentialPart, ...]
    headers: Mapping[str, str]
    query: Mapping[str, str]
    path: Mapping[str, str]

    def field(self, name: str) -> str | None:
        """Return the parameter of the sample that holds the recipient, sender or text; None if there is none."""
        inside = set(tags(self.values) if self.type == XML else names(self.values))
        return next((each for each in self.operation.fields[name] if each in inside), None)

    @property
    def recipients(self) -> int:
        """The number of recipients of the sample."""
        name, found = self.field("recipient"), 0

        def count(parameter: str, value: str) -> str:
            nonlocal found
            found += len(value.split(",")) if parameter == name else 0
            return value

        self.render(count)
        return found

    def render(self, change: Change) -> PreparedRequest:
        """Return the request with each field changed by `change`."""
        keys = {(part.place, part.name): part.value(change) for part in self.way}
        inside = {name: key for (place, name), key in keys.items() if place == "body"}
        values = change_xml(self.values, change, inside) if self.type == XML else change_values(self.values, change)
        values = put_keys(values, inside)
        headers, query, path = (
            {name: change(name, value) for name, value in fields.items()}
            | {name: key for (place, name), key in keys.items() if place == kind}
            for kind, fields in (("header", self.headers), ("query", self.query), ("path", self.path))
        )
        if self.type is None:
            query |= form_fields(values)
        else:
            headers["Content-Type"] = self.type
        target = PATH_PARAMETER.sub(lambda match: quote(path.get(match[1], match[0]), safe=""), self.call.path)
        target += f"?{urlencode(query)}" if query else ""
        return PreparedRequest(self.call.method, target, headers, encode_body(self.type, values))


def sample_requests(provider: Provider) -> Iterator[SampleRequest]:
    """Yield the requests that send messages, one for each sample of each call.

    A call that takes everything in its query has the sample of another call, or the examples of its parameters.
    """
    for operation in read_all(Operation, provider.operations):
        if operation.channel is None:
            continue
        fields = [each.value for call in operation.calls for each in call.samples if isinstance(each.value, Mapping)]
        for call in operation.calls:
            for sample in call.samples:
                yield _sample_request(provider, operation, call, sample.type, sample.value)
            if not call.samples:
                accepted = {each.name: each.example for each in call.parameters if each.place == "query"}
                borrowed = {name: value for name, value in fields[0].items() if name in accepted} if fields else {}
                own = {name: value for name, value in accepted.items() if value is not None}
                yield _sample_request(provider, operation, call, None, borrowed or own)


def _sample_request(
    provider: Provider, operation: Operation, call: Call, kind: str | None, values: object
) -> SampleRequest:
    keys = provider.credentials
    inside = set(names(values))
    ways = [read_all(CredentialPart, way) for way in provider.authentication]
    way = next((each for each in ways if kind is not None or all(part.place != "body" for part in each)), ())
    fields: dict[str, dict[str, str]] = {"header": {}, "query": {}, "path": {}, "body": {}}
    for each in call.parameters:
        if each.name in keys or (each.required and not (each.place == "query" and each.name in inside)):
            fields[each.place][each.name] = DEFAULT_KEY if each.example is None else plain_text(each.example)
    headers, query, path = fields["header"], fields["query"], fields["path"]
    query = {name: value for name, value in query.items() if name not in inside}
    if keys and not way and keys[0] not in {*inside, *headers, *query, *path}:
        headers[keys[0]] = DEFAULT_KEY  # OpenAPI lists it as a security scheme, not as a parameter
    return SampleRequest(provider.name, operation, call, kind, values, keys, tuple(way), headers, query, path)


@dataclass(frozen=True, slots=True)
class RequestTemplate:
    """A request that a provider accepts, and what in it can be changed.

    `numbers` are the recipients as the sandbox shows them. `texts` has each text of the sample with its code: the text
    itself if it is only a code, None if it needs none. `sender` is the sender of the sample, None if it names
    none or the provider refuses any other.
    """

    sample: SampleRequest
    numbers: tuple[str, ...]
    texts: Mapping[str, str | None]
    sender: str | None = None

    @property
    def of_codes(self) -> bool:
        """Whether it sends one-time codes only."""
        has_code = any(code is not None for code in self.texts.values())
        return has_code or self.sample.operation.otp or "otp" in names(self.sample.values)

    def render(
        self,
        keys: Keys,
        *,
        number: Callable[[int, str], str],
        text: Callable[[str, str | None], str],
        sender: str,
    ) -> PreparedRequest:
        """Return the request.

        `number` returns the number for a recipient, given by index and sample; `text` returns the text for a sample
        text and its code.
        """

        def renumber(match: re.Match[str]) -> str:
            indexes = [index for index, each in enumerate(self.numbers) if each.endswith(match[0])]
            return number(indexes[0], match[0]) if indexes else match[0]

        def change(name: str, value: str) -> str:
            if name in keys:
                return keys[name]
            if value in self.texts:
                return text(value, self.texts[value])
            return sender if value == self.sender else NUMBER.sub(renumber, value)

        return self.sample.render(change)


class Findings(NamedTuple):
    """The request templates of a server's providers, and the first refusal of each provider that refused a sample."""

    templates: list[RequestTemplate]
    refusals: Mapping[str, str]


async def find_templates(
    client: AsyncClient, providers: Sequence[Provider], send: Callable[[PreparedRequest], Awaitable[int]]
) -> Findings:
    """Return the request templates of a server's providers, and why providers refused samples.

    `send` sends a request and returns its number in the journal, or 0 if there is no reply.
    """
    created = await client.make_workspace(scenario="default", clock="frozen", targets={})
    refusals: dict[str, str] = {}
    try:
        workspace = client.workspace(created.id)

        async def messages_of(sample: SampleRequest, change: Change) -> list[Message]:
            number = await send(sample.render(change))
            if not number:
                return []
            request = await workspace.request(number)
            if request.refused:
                refusals.setdefault(sample.provider, ": ".join((str(request.reply.status), *request.why[:1])))
            return [await workspace.message(each) for each in request.messages]

        found = [
            await _find_template(sample, messages_of, created.keys[provider.name])
            for provider in providers
            if provider.credentials  # without a key, what is tried would reach the workspace `default`
            for sample in sample_requests(provider)
        ]
    finally:
        await client.delete_workspace(created.id)
    return Findings([template for template in found if template is not None], refusals)


async def _find_template(
    sample: SampleRequest, messages_of: Callable[[SampleRequest, Change], Awaitable[list[Message]]], keys: Keys
) -> RequestTemplate | None:
    values: list[str] = []

    def collect(name: str, value: str) -> str:
        values.append(value)
        return keys.get(name, value)

    messages = await messages_of(sample, collect)
    numbers = tuple(dict.fromkeys(each.to for each in messages))
    texts = {text: code for each in messages for text, code in _texts(each, values)}
    if not numbers or not texts:
        return None
    template = RequestTemplate(sample, numbers, texts)
    senders = {each.sender for each in messages} & set(values)
    if len(senders) != 1:
        return template
    sender = senders.pop()

    def rename(name: str, value: str) -> str:
        return keys.get(name, BRANDS[0] if value == sender else value)

    renamed = await messages_of(sample, rename)
    return replace(template, sender=sender) if {each.sender for each in renamed} == {BRANDS[0]} else template


def _texts(message: Message, values: Sequence[str]) -> list[tuple[str, str | None]]:
    """Return the values that became the text of a message, each with its code."""
    if message.text in values:
        return [(message.text, message.text if message.text.isdecimal() else None)]
    if message.code is None or message.code == message.text:
        return []
    pattern = re.escape(message.text).replace(re.escape(message.code), "(.+)", 1)
    return [(value, match[1]) for value in values if (match := re.fullmatch(pattern, value))]
