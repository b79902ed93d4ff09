"""Makes a `Provider` of a compiled document: its behaviours, and the functions of its module beside them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from sandbox.core.callback import Outgoing, Target, TargetOrigin
from sandbox.core.message import Message
from sandbox.core.world import World
from sandbox.providers.base import Call, ErrorReply, Function, Provider, Refusal, Report, write_no_callback
from sandbox.providers.behaviours.callbacks import ChannelCallback, read_callback
from sandbox.providers.behaviours.checks import ON_REQUESTS, Checks, read_checks
from sandbox.providers.behaviours.codes import read_code_check
from sandbox.providers.behaviours.context import DocumentContext, OperationContext, UsedPlace, parameters_of
from sandbox.providers.behaviours.credential import Credential, describe_schemes, from_schemes, read_credential
from sandbox.providers.behaviours.errors import RenderError, read_errors
from sandbox.providers.behaviours.inbound import ChannelInbound, read_inbound
from sandbox.providers.behaviours.lookups import answer, read_message, read_messages, read_plain
from sandbox.providers.behaviours.send import CALLBACK_URL, read_send
from sandbox.providers.behaviours.times import TimeFormat, read_time_format
from sandbox.specs.compile import OWN_ERRORS, operations_of
from sandbox.specs.document import SpecNode
from sandbox.specs.spec import ProviderSpec, is_declaration
from sandbox.specs.types import PathProblem

READERS = {
    "send": read_send,
    "message": read_message,
    "messages": read_messages,
    "balance": read_plain,
    "code.check": read_code_check,
}
BEHAVIOURS = (*READERS, "reply")
OPERATION_KEYS = (*BEHAVIOURS, "refusals")
ID = '"{{ message.id }}"'
NO_CREDENTIAL = "default"  # the key of all requests to a provider that asks for none


class Built(NamedTuple):
    """A provider, the mistakes of its document, and the places of requests that it names, by operation.

    `credential` is None if requests need none, or a function of the module reads it.
    """

    provider: Provider
    found: list[PathProblem]
    places: Mapping[str, list[UsedPlace]]
    credential: Credential | None


def build_provider(spec: ProviderSpec, functions: Provider | None) -> Built:
    """Return the provider of a document; `functions` are those of its module, for operations without a behaviour."""
    found: list[PathProblem] = []
    own = SpecNode(found, ("x-sandbox",), spec.document["x-sandbox"])
    credential = _credential(own, spec)
    errors = {name: error for each in spec.operations.values() for name, error in each.errors.items()}
    context = DocumentContext(
        spec.defaults,
        spec.channels,
        frozenset(OWN_ERRORS) | errors.keys(),
        tuple(own.value.get("account", {}).get("balance", {})),
        read_time_format(own.take("time", "a mapping"), spec.defaults, TimeFormat()),
        credential,
        parameters_of(spec.routes),
    )
    refusals = own.take("refusals", "a list")
    checks = read_checks(refusals, context, context.parameters)
    if functions is not None and refusals is None:  # the module checks requests
        checks = tuple(each for each in checks if each.name not in ON_REQUESTS)
    render = read_errors(_errors(spec, found), spec.defaults, context.times)
    operations: dict[str, Function] = {}
    places: dict[str, list[UsedPlace]] = {}
    for name, node in [*_declared(spec, found)]:  # a reader adds defaults, so they are compared before
        listed = node.take("refusals", "a list")
        if functions is not None and name in functions.operations:
            node.note(f"{name} has a function in {spec.module} too; remove one of them")
        operation = _operation_context(spec, context, name, render, errors)
        own_checks = checks if listed is None else read_checks(listed, context, operation.names().parameters)
        operations[name] = _behaviour(node, operation, own_checks)
        places[name] = operation.places
    phones = _inbound(own, context)
    own_callbacks = _callbacks(own, context, needed=functions is None or functions.report is write_no_callback)
    callbacks = {**own_callbacks, **{each.inbound.channel.key: each.callback for each in phones.values()}}
    if functions is None:
        functions = Provider(
            name=spec.name,
            operations={},
            key=_key_reader(credential),
            authenticate=_let_through,
            render_error=render,
        )
    made = replace(
        functions,
        operations={**functions.operations, **operations},
        target=_targets(functions.target),
        report=_reporter(callbacks, functions.report),
        secret=_secret_reader(credential),
        retries={name: each.retries for name, each in callbacks.items() if each.retries is not None},
        received={name: each.received.accepts for name, each in callbacks.items() if each.received is not None},
        inbound={name: each.inbound for name, each in phones.items()},
    )
    is_read = spec.module == "" or "credential" in own.value
    return Built(made, found, places, credential if is_read else None)


def _credential(own: SpecNode, spec: ProviderSpec) -> Credential | None:
    value = own.value.get("credential")
    found = from_schemes(spec.document) if value is None else read_credential(own.inside("credential", value))
    return None if found is None else found._replace(right=describe_schemes(spec.document))


def _key_reader(credential: Credential | None) -> Callable[[Mapping[str, object], Mapping[str, str]], str | None]:
    """Return what reads the key of a request; without a credential, all requests are of one account."""
    if credential is None:
        return lambda _values, _headers: NO_CREDENTIAL
    read = credential.read
    return lambda values, headers: read(values, headers).key


def _secret_reader(
    credential: Credential | None,
) -> Callable[[Mapping[str, object], Mapping[str, str]], str | None] | None:
    if credential is None or not credential.has_secret:
        return None
    read = credential.read
    return lambda values, headers: read(values, headers).secret


def _let_through(_world: World, _call: Call) -> Refusal | None:
    """Refuse nothing: each behaviour makes its own checks, in the order of its own `refusals`."""
    return None


def _targets(otherwise: Callable[[Message], Target | None]) -> Callable[[Message], Target | None]:
    """Return what finds the callback URL that a message brought with it; a function may know it for others."""

    def find_target(message: Message) -> Target | None:
        url = message.fact(CALLBACK_URL)
        return Target(url, origin=TargetOrigin.REQUEST) if url else otherwise(message)

    return find_target


def _reporter(
    callbacks: Mapping[str, ChannelCallback], otherwise: Callable[[Report], Outgoing]
) -> Callable[[Report], Outgoing]:
    """Return what writes the callbacks of all channels; those without a description are written by a function."""
    if not callbacks:
        return otherwise
    writers = {name: each.write for name, each in callbacks.items()}
    return lambda report: writers.get(report.message.channel.key, otherwise)(report)


def _callbacks(own: SpecNode, context: DocumentContext, *, needed: bool) -> Mapping[str, ChannelCallback]:
    """Return the callbacks of the channels; `needed`: no function writes those of a channel without a description."""
    channels = own.inside("channels", own.value["channels"])
    found = {}
    for name, node in channels.members():
        channel, given = context.channels[name], node.value.get("callback") is not None
        part = node.take("callback", "a mapping")
        if part is not None:
            found[channel.name] = read_callback(part, context)
        if given and not channel.reports:
            node.note("no status of this channel is reported; add reported: true to each that is", "callback")
        if needed and channel.reports and not given:
            first = next(status.value for status in channel.words if status in channel.reports)
            node.note(f"reports {first}, but says no callback; add callback: {{body: {{id: {ID}}}}}")
    return found


def _inbound(own: SpecNode, context: DocumentContext) -> Mapping[str, ChannelInbound]:
    """Return how channels take messages from phones, by name of the channel."""
    found = {}
    for key, node in own.inside("channels", own.value["channels"]).members():
        part, name = node.take("inbound", "a mapping"), context.channels[key].name
        made = read_inbound(part, context, name) if part is not None else None
        if made is not None:
            found[name] = made
    return found


def _declared(spec: ProviderSpec, found: list[PathProblem]) -> Iterator[tuple[str, SpecNode]]:
    """Yield each operation that declares a behaviour, with its `x-sandbox`; all its calls must declare the same."""
    seen: dict[str, Mapping[str, Any]] = {}
    for method, template, operation in operations_of(spec.document):
        own = operation.get("x-sandbox")
        if not isinstance(own, Mapping):
            continue
        name = operation["x-operation"]
        node = SpecNode(found, ("paths", template, method.lower(), "x-sandbox"), own)
        node.only(OPERATION_KEYS, "x-sandbox of an operation")
        if not any(_is_behaviour(own, each) for each in BEHAVIOURS):
            if "refusals" in own:
                node.note("are only for an operation with a behaviour; a function makes its own checks", "refusals")
            continue
        if name not in seen:
            seen[name] = own
            yield name, node
        elif seen[name] != own:
            node.note(f"{name} is declared differently elsewhere; all its calls must have the same declaration")


def _is_behaviour(own: Mapping[str, Any], name: str) -> bool:
    """Return whether `x-sandbox` has a behaviour; `message` may also declare the fields of a function's messages."""
    return name in own and not (name == "message" and is_declaration(own[name]))


def _behaviour(node: SpecNode, context: OperationContext, checks: Checks) -> Function:
    named = [each for each in BEHAVIOURS if each in node.value]
    if len(named) > 1:
        node.note(f"has {' and '.join(named)}; an operation does one thing")
    part = node.take(named[0], "a mapping", default={})
    if part is None or named[0] == "reply":
        return answer(node, part, context, checks)
    return READERS[named[0]](part, context, checks)


def _operation_context(
    spec: ProviderSpec, context: DocumentContext, name: str, render: RenderError, errors: Mapping[str, ErrorReply]
) -> OperationContext:
    """Return what readers know about an operation; `errors` are those of all operations."""
    operation = spec.operations[name]
    routes = tuple(route for route in spec.routes if route.operation.name == name)
    origins = {
        parameter["name"].lower() if parameter["in"] == "header" else parameter["name"]: parameter["in"]
        for _, template, node in operations_of(spec.document)
        if node["x-operation"] == name
        for parameter in (*spec.document["paths"][template].get("parameters", ()), *node.get("parameters", ()))
    }
    every = {**errors, **operation.errors}
    return OperationContext(
        context, operation.channel, routes, operation.status, operation.type, render, every, origins
    )


def _errors(spec: ProviderSpec, found: list[PathProblem]) -> Iterator[tuple[SpecNode, ErrorReply]]:
    """Yield each named error of the document, with the node of its body."""
    for method, template, operation in operations_of(spec.document):
        known = spec.operations[operation["x-operation"]].errors
        for status, response in operation.get("responses", {}).items():
            for media, content in response.get("content", {}).items():
                for name, example in content.get("examples", {}).items():
                    error = known.get(name)
                    if error is not None and error.body is example.get("value"):
                        steps = ("responses", status, "content", media, "examples", name, "value")
                        yield SpecNode(found, ("paths", template, method.lower(), *steps), error.body), error
