"""Puts an imported provider together: the whole document, the comments in it, and what is left to do."""

import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from sandbox.authoring.behaviours import BehaviourWriter
from sandbox.authoring.calls import Call, Hook, server_url
from sandbox.authoring.channels import Channel, ChannelWriter, callback_place, channel_of, report_of
from sandbox.authoring.facts import collect_facts
from sandbox.authoring.failures import Failure, complete, failures_of
from sandbox.authoring.names import KEY_NAMES, SECRET_NAMES, normal
from sandbox.authoring.places import Leaf, leaves_of
from sandbox.authoring.proposals import MESSAGE, REPLY, SEND, Proposal
from sandbox.authoring.reading import Node, Source, inferred, listing, mapping, text_of
from sandbox.authoring.samples import Sampler
from sandbox.authoring.schemas import SchemaConverter, first_sentence, followed
from sandbox.formats.json_text import ValuePath
from sandbox.specs.body_parsing import FORM
from sandbox.specs.types import JSON

COMMENTS: Mapping[ValuePath, str] = {
    ("x-sandbox", "time"): "How replies and callbacks write times, as in most examples.",
    ("x-sandbox", "account"): "What an account has when its key is used for the first time.",
}
CHANNEL_COMMENTS: Mapping[str, str] = {
    "life": "What happens to a message, unless a scenario or a magic number says otherwise; the times are our choice.",
    "statuses": "The provider's words (says, variants), what can follow, and which statuses the callback reports.",
    "callback": "The delivery report. It goes to the callback URL of the message, or else to the provider's target.",
}
NUMERIC = frozenset({"integer", "number", "boolean"})
NO_LETTERS = re.compile(r"[^A-Za-z]+")


class Draft(NamedTuple):
    """A document as it will be written; `left` lists what is left to do."""

    document: Node
    comments: Mapping[ValuePath, str]
    left: tuple[str, ...]


class DocumentWriter:
    """Writes the document of one provider."""

    def __init__(self, name: str, source: Source, description: Node) -> None:
        self._name, self._source, self._description = name, source, description
        self._sampler = Sampler(description)
        self._schemas = SchemaConverter(description, word=source.published())
        self._responses: dict[str, str] = {}
        self._components: dict[str, Node] = {}

    def write(self, proposals: Iterable[tuple[Call, Proposal]], hooks: list[Hook]) -> Draft:
        """Return the document of some operations, each with what it does."""
        rows = list(proposals)
        sends = [call for call, proposal in rows if proposal.role == SEND]
        report = report_of(sends, hooks)
        known = [call for call, proposal in rows if proposal.role != REPLY]
        facts = collect_facts(known, [report] if report is not None else [], self._sampler)
        behaviours = BehaviourWriter(facts, self._sampler, callback_place(report))
        failures = [failure for call, _ in rows for failure in failures_of(call)]
        paths: Node = {}
        for call, proposal in rows:
            paths.setdefault(call.path, {})[call.method] = self._operation(call, proposal, behaviours, failures)
        form = any(FORM in call.bodies for call in sends)
        channels = [
            ChannelWriter(facts, report, self._source, form).write(name, scheduled=behaviours.scheduled)
            for name in dict.fromkeys(map(channel_of, sends)) or ["sms"]
        ]
        credentials = write_credentials(
            self._description, known or [call for call, _ in rows], self._source, self._sampler
        )
        document = self._top(channels, credentials.own, facts.balance, facts.time)
        if credentials.security:
            document["security"] = credentials.security
        document["paths"] = paths
        schemes, schemas = credentials.schemes, self._schemas.components
        components = {"securitySchemes": schemes, "responses": self._components, "schemas": schemas}
        if any(components.values()):
            document["components"] = {name: each for name, each in components.items() if each}
        channel_left = dict.fromkeys(text for each in channels for text in each.left) if sends else {}
        nothing = (
            []
            if sends
            else ["which operation sends: none was recognized; add send below its x-sandbox, and x-channel to it"]
        )
        notes = dict.fromkeys(self._schemas.notes)
        left = (*nothing, *credentials.left, *channel_left, *behaviours.left, *notes)
        comments = dict(COMMENTS)
        for each in channels:
            path = ("x-sandbox", "channels", each.name)
            comments.update({(*path, key): text for key, text in CHANNEL_COMMENTS.items()})
        return Draft(document, comments, left)

    def _top(self, channels: list[Channel], credential: Node, balance: str, time: str) -> Node:
        info = mapping(self._description.get("info"))
        url = server_url(listing(self._description.get("servers")))
        document: Node = {
            "openapi": "3.1.0",
            "info": {
                "title": self._source.title or self._name,
                "version": self._source.version or "1",
                **({"description": text} if (text := first_sentence(info.get("description"))) else {}),
            },
        }
        if re.match(r"https?://[^/{}\s]+", url):
            document["servers"] = [{"url": url}]
        document["x-sandbox"] = {
            "provider": self._name,
            **credential,
            "time": {"format": time},
            "account": {"balance": {balance: "1000.00"}, **inferred("enough for tests")},
            "channels": {each.name: each.node for each in channels},
        }
        return document

    def _operation(self, call: Call, proposal: Proposal, behaviours: BehaviourWriter, others: list[Failure]) -> Node:
        node: Node = {"operationId": call.name, "x-operation": f"{self._name}.{call.name}"}
        if proposal.role == SEND:
            node["x-channel"] = channel_of(call)
            if proposal.makes_code:
                node["x-otp"] = True
        node |= self._source.published(full=True)
        if call.summary:
            node["summary"] = call.summary
        node["x-sandbox"] = behaviours.write(call, proposal)
        if call.parameters:
            node["parameters"] = [self._parameter(each) for each in call.parameters]
        if call.bodies:
            node["requestBody"] = self._body(call)
        node["responses"] = self._replies(call, proposal, others)
        return node

    def _parameter(self, parameter: Mapping[str, Any]) -> Node:
        place = parameter["in"]
        schema = self._schemas.convert(parameter.get("schema", _content_schema(parameter)))
        text = first_sentence(parameter.get("description"))
        schema.pop("description", None)
        example = parameter.get("example", next(iter(schema.get("examples", ())), None))
        schema = self._as_text(schema, place)
        return {
            "name": parameter["name"],
            "in": place,
            **({"required": True} if place == "path" or parameter.get("required") is True else {}),
            **({"description": text} if text else {}),
            "schema": schema,
            **({"example": example} if isinstance(example, str | int | float) and "examples" not in schema else {}),
            **self._source.published(),
        }

    def _as_text(self, schema: Node, place: str) -> Node:
        """Return the schema of a parameter as the sandbox reads it: a path or header is text, a list may be one."""
        kinds = schema.get("type")
        words = [kinds] if isinstance(kinds, str) else [*(kinds or ())]
        if place in {"path", "header"} and NUMERIC & {*words}:
            pattern = {"pattern": r"^-?\d+$"} if words == ["integer"] else {}
            values = {"enum": [str(each) for each in schema["enum"]]} if "enum" in schema else {}
            return {"type": "string", **pattern, **values}
        if place == "query" and "array" in words:
            return {**schema, "type": [*words, "string"]}
        return schema

    def _body(self, call: Call) -> Node:
        content: Node = {}
        for media, schema in call.bodies.items():
            content[media] = {"schema": self._form(schema) if media == FORM else self._schemas.convert(schema)}
        example = call.body_example
        if isinstance(example, dict | str) and example:
            name = "inferred" if call.body_made else "published"
            first = next(iter(content))
            content[first]["examples"] = {name: {"value": example}}
        return {**({"required": True} if call.body_required else {}), "content": content}

    def _form(self, schema: object) -> Node:
        """Return the schema of a form, in which a list may come as one text."""
        members = self._sampler.members(schema)
        if not any(self._sampler.kind(each) in {"array", "object"} for each in members.values()):
            return self._schemas.convert(schema)
        properties = {name: self._schemas.convert(each) for name, each in members.items()}
        for name, each in members.items():
            if self._sampler.kind(each) in {"array", "object"}:
                properties[name] = {"anyOf": [properties[name], {"type": "string"}]}
        required = sorted(self._sampler.required(schema) & members.keys())
        return {"type": "object", **({"required": required} if required else {}), "properties": properties}

    def _replies(self, call: Call, proposal: Proposal, others: list[Failure]) -> Node:
        good = call.good
        needed = {"invalid": 400, **({"not-found": 404} if proposal.role == MESSAGE else {})}
        failures = complete([*failures_of(call)], needed, others)
        result: Node = {}
        if good is not None:
            schema = {"schema": self._schemas.convert(good.schema)} if good.schema else {}
            content = {"content": {good.media: schema}} if good.media else {}
            result[str(good.status)] = {"description": good.description or _phrase(good.status), **content}
        else:
            result["200"] = {"description": "OK", "content": {JSON: {}}}
        for status in sorted({each.status for each in failures}):
            several = [each for each in failures if each.status == status]
            node = self._failures(several)
            if str(status) in result:  # a provider that answers 200 for errors, too
                known = result[str(status)].setdefault("content", {})
                for media, each in node["content"].items():
                    known.setdefault(media, {}).setdefault("examples", {}).update(each["examples"])
            else:
                result[str(status)] = self._shared(status, node)
        return result

    def _failures(self, several: list[Failure]) -> Node:
        content: Node = {}
        for each in several:
            marks = inferred(each.guess) if each.guess else self._source.published()
            row = {"value": each.body, "x-code": each.code, **marks}
            entry = content.setdefault(
                each.media, {"schema": self._schemas.convert(each.schema)} if each.schema else {}
            )
            entry.setdefault("examples", {})[each.name] = row
        return {"description": several[0].description or _phrase(several[0].status), "content": content}

    def _shared(self, status: int, node: Node) -> Node:
        """Return a reference to a response of `components`; operations with the same one share it."""
        text = json.dumps(node, sort_keys=True, default=str)
        if text not in self._responses:
            base = NO_LETTERS.sub("", _phrase(status).title()) or f"Status{status}"
            count = sum(each.rstrip("0123456789") == base for each in self._components)
            name = base if not count else f"{base}{count + 1}"
            self._responses[text] = name
            self._components[name] = node
        return {"$ref": f"#/components/responses/{self._responses[text]}"}


def _content_schema(parameter: Mapping[str, Any]) -> object:
    """Return the schema of a parameter that is described by a media type."""
    return next((mapping(each).get("schema", {}) for each in mapping(parameter.get("content")).values()), {})


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


class Credentials(NamedTuple):
    """`own` is the credential of `x-sandbox`, empty if the security schemes say it all."""

    own: Node
    security: list[Node]
    schemes: Node
    left: tuple[str, ...] = ()


def write_credentials(description: Node, calls: list[Call], source: Source, sampler: Sampler) -> Credentials:
    """Return the credential of a description, of which `calls` are the operations that matter."""
    left: list[str] = []
    schemes: Node = {}
    for name, each in mapping(mapping(description.get("components")).get("securitySchemes")).items():
        scheme = _scheme(followed(description, each))
        if scheme is None:
            left.append(f"the security scheme {name}: the sandbox cannot check it, so it is left out")
            continue
        text = first_sentence(mapping(each).get("description"))
        schemes[name] = {**scheme, **({"description": text} if text else {}), **source.published()}
    asked = next((each.security for each in calls if each.security), description.get("security"))
    security: list[Node] = [{name: [] for name in mapping(each)} for each in listing(asked)]
    security = [each for each in security if each and each.keys() <= schemes.keys()]
    used = {name for each in security for name in each} or set(schemes)
    schemes = {name: each for name, each in schemes.items() if name in used}
    if schemes:
        return Credentials({}, security or [{name: []} for name in schemes], schemes, tuple(left))
    guessed = _guess(calls, sampler)
    if guessed is None:
        left.append("the credential: none was recognized, so all requests are of one account")
        return Credentials({}, [], {}, tuple(left))
    if "all" not in guessed:
        left.append("the credential: only a key was recognized; if there is a secret, write {all: [KEY, SECRET]}")
    return Credentials(
        {"credential": {**guessed, **inferred("a parameter has the name of a key")}}, [], {}, tuple(left)
    )


def _scheme(scheme: Mapping[str, Any]) -> Node | None:
    """Return a scheme that the sandbox checks: a key in a header or the query, Basic, or a bearer token."""
    kind = text_of(scheme.get("type"))
    if kind == "apiKey" and text_of(scheme.get("in")) in {"header", "query"} and text_of(scheme.get("name")):
        return {"type": "apiKey", "in": scheme["in"], "name": scheme["name"]}
    if kind == "http" and text_of(scheme.get("scheme")).lower() in {"basic", "bearer"}:
        return {"type": "http", "scheme": text_of(scheme.get("scheme")).lower()}
    return {"type": "http", "scheme": "bearer"} if kind in {"oauth2", "openIdConnect"} else None


def _guess(calls: list[Call], sampler: Sampler) -> Node | None:
    """Return the credential that the parameters of an operation suggest, None if none does."""
    for call in calls:
        leaves = [each for each in leaves_of(call, sampler) if len(each.steps) == 1 and each.origin != "path"]
        key, secret = _first(leaves, KEY_NAMES), _first(leaves, SECRET_NAMES)
        if key is not None:
            return {"all": [_place(key), _place(secret)]} if secret is not None and secret.required else _place(key)
    return None


def _first(leaves: list[Leaf], names: list[str]) -> Leaf | None:
    """Return the value whose name comes first among some names."""
    named = [each for each in leaves if normal(each.steps[0]) in names]
    return min(named, key=lambda each: names.index(normal(each.steps[0])), default=None)


def _place(leaf: Leaf) -> Node:
    return {leaf.origin if leaf.origin in {"header", "query"} else "body": leaf.steps[0]}
