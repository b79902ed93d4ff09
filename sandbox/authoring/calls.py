"""The operations of a description, as the sandbox could serve them, with what has to be left out and why."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sandbox.authoring.reading import Node, as_data, listing, mapping, text_of
from sandbox.authoring.samples import Sampler
from sandbox.authoring.schemas import first_sentence, followed
from sandbox.specs.body_parsing import READERS
from sandbox.specs.types import JSON, METHODS

PATH_PARAMETER = re.compile(r"\{([^{}]*)\}")
NOT_A_NAME = re.compile(r"\W+", re.ASCII)
VARIABLE = re.compile(r"\{([^{}]*)\}")
IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})  # OpenAPI says that these are no parameters
EXACT_STATUS = {"default": 0, "1XX": 0, "2XX": 200, "3XX": 302, "4XX": 400, "5XX": 500}
GOOD = range(200, 300)


class Reply(NamedTuple):
    """A documented reply; `status` is 0 for `default`, `examples` are by name. `made`: the only one is our own."""

    status: int
    media: str
    schema: object
    examples: Mapping[str, object]
    made: bool
    description: str


class Hook(NamedTuple):
    """A documented callback or webhook; `url` is its URL as written, such as `{$request.body#/callback}`."""

    name: str
    url: str
    method: str
    media: str
    schema: object
    examples: Mapping[str, object]
    summary: str
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One operation; `path` is the path that the sandbox serves, with the path of the server in front."""

    method: str
    path: str
    name: str
    summary: str
    parameters: tuple[Mapping[str, Any], ...]
    bodies: Mapping[str, object]
    body_example: object
    body_required: bool
    body_made: bool
    replies: tuple[Reply, ...]
    hooks: tuple[Hook, ...]
    security: object
    words: frozenset[str] = field(default_factory=frozenset)

    @property
    def body(self) -> object:
        """Return the schema of the body, JSON before a form."""
        return next((self.bodies[each] for each in READERS if each in self.bodies), {})

    @property
    def good(self) -> Reply | None:
        """Return the reply to a request that is accepted, one with an example first."""
        found = [each for each in self.replies if each.status in GOOD]
        return min(found, key=lambda each: (not each.examples, each.media != JSON, each.status), default=None)

    @property
    def label(self) -> str:
        """Return the method and the path."""
        return f"{self.method.upper()} {self.path}"


@dataclass(slots=True)
class Found:
    """The calls of a description and its webhooks; `left_out` says what is not taken, and why."""

    calls: list[Call] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


class CallReader:
    """Reads the operations of an OpenAPI 3 document."""

    def __init__(self, document: Node) -> None:
        self._document = document
        self._sampler = Sampler(document)
        self._shapes: set[tuple[str, str]] = set()
        self._names: set[str] = set()
        self.found = Found()
        self.known: list[str] = []

    def read(self, only: tuple[str, ...]) -> Found:
        """Return the operations whose path, id or `METHOD path` matches one of the patterns; all if there is none."""
        servers = listing(self._document.get("servers"))
        for template, raw in mapping(self._document.get("paths")).items():
            item = followed(self._document, raw)
            for method in METHODS:
                node = mapping(item.get(method))
                self.known += [template, *filter(None, [text_of(node.get("operationId"))])] if node else []
                base = _base(listing(node.get("servers")) or listing(item.get("servers")) or servers)
                paths = dict.fromkeys((template, base + template))
                words = (*paths, text_of(node.get("operationId")), *(f"{method.upper()} {path}" for path in paths))
                if node and (not only or any(fnmatchcase(word, each) for each in only for word in words if word)):
                    self._call(method, base + template, item, node)
        hooks = mapping(self._document.get("webhooks")) or mapping(self._document.get("x-webhooks"))
        for name, each in hooks.items():
            self.found.hooks += self._hook(name, "", each)
        return self.found

    def _call(self, method: str, template: str, item: Mapping[str, Any], node: Mapping[str, Any]) -> None:
        label = f"{method.upper()} {template}"
        path, renamed = _path(template)
        if not path.startswith("/") or path == "/_sandbox" or path.startswith("/_sandbox/"):
            self._leave(label, "its path does not begin with /, or is reserved")
            return
        shape = (method, PATH_PARAMETER.sub("{}", path))
        if shape in self._shapes:
            self._leave(label, "another operation has the same method and path")
            return
        bodies, example, required = self._body(node, label)
        if bodies is None:
            return
        parameters = tuple(self._parameters(item, node, path, renamed, label))
        self._shapes.add(shape)
        made = example is None and bool(bodies)
        body = next((bodies[each] for each in READERS if each in bodies), {})
        name = self._name(method, path, text_of(node.get("operationId")))
        summary = first_sentence(node.get("summary")) or first_sentence(node.get("description"))
        hooks = [
            hook
            for title, each in mapping(node.get("callbacks")).items()
            for url, entry in followed(self._document, each).items()
            for hook in self._hook(title, url, entry)
        ]
        self.found.calls.append(
            Call(
                method=method,
                path=path,
                name=name,
                summary=summary,
                parameters=parameters,
                bodies=bodies,
                body_example=self._sampler.sample(body, asks=True) if made else example,
                body_required=required,
                body_made=made,
                replies=tuple(self._replies(node)),
                hooks=tuple(hooks),
                security=node.get("security", self._document.get("security")),
                words=_words(path, text_of(node.get("operationId")), summary),
            )
        )

    def _leave(self, what: str, why: str) -> None:
        self.found.left_out.append(f"{what}: {why}")

    def _name(self, method: str, path: str, given: str) -> str:
        """Return a name for the operation that no other has."""
        words = given or method + PATH_PARAMETER.sub(r"by-\1", path)
        base = NOT_A_NAME.sub("-", words.replace("/", "-"))
        base = base.strip("-")[:80] or method
        name = base if base not in self._names else f"{base}-{len(self._names)}"
        self._names.add(name)
        return name

    def _body(self, node: Mapping[str, Any], label: str) -> tuple[dict[str, object] | None, object, bool]:
        """Return the schemas of the body by type, its example, and whether it is required; None if it is unreadable."""
        body = followed(self._document, node.get("requestBody"))
        content = mapping(body.get("content"))
        if not content:
            return {}, None, False
        bodies: dict[str, object] = {}
        example: object = None
        problem = f"its body is {' or '.join(content)[:80]}, and the sandbox reads {', '.join(READERS)}"
        for given, each in content.items():
            media = _media(given)
            if media not in READERS or media in bodies:
                continue
            entry = mapping(each)
            shown = next(iter(self._examples(entry).values()), None)
            schema = self._sampler.as_object(entry.get("schema", {}), shown)
            if schema is None:
                what = {"array": "a list"}.get(self._sampler.kind(entry.get("schema", {})), "no object")
                problem = f"its body is {what}, and the sandbox reads objects"
                continue
            bodies[media] = schema
            example = shown if example is None and isinstance(shown, dict | str) else example
        if not bodies:
            self._leave(label, problem)
            return None, None, False
        return bodies, example, body.get("required") is True

    def _parameters(
        self, item: Mapping[str, Any], node: Mapping[str, Any], path: str, renamed: Mapping[str, str], label: str
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the parameters of a call, each once; every parameter of the path is among them."""
        nodes = [followed(self._document, each) for owner in (node, item) for each in listing(owner.get("parameters"))]
        seen: set[tuple[str, str]] = set()
        in_path = PATH_PARAMETER.findall(path)
        for each in nodes:
            name, place = text_of(each.get("name")), text_of(each.get("in"))
            name = renamed.get(name, name) if place == "path" else name
            if not name or (name, place) in seen:
                continue
            seen.add((name, place))
            if place == "cookie":
                self._leave(f"{label}, cookie {name}", "the sandbox reads no cookies")
            elif (
                place == "query"
                or (place == "path" and name in in_path)
                or (place == "header" and name.lower() not in IGNORED_HEADERS)
            ):
                yield {**each, "name": name}
        for name in in_path:
            if (name, "path") not in seen:
                yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}

    def _replies(self, node: Mapping[str, Any]) -> Iterator[Reply]:
        for status, each in mapping(node.get("responses")).items():
            response = followed(self._document, each)
            code = EXACT_STATUS.get(status, int(status) if re.fullmatch(r"[1-5]\d\d", status, re.ASCII) else -1)
            if code < 0:
                continue
            content = mapping(response.get("content"))
            text = first_sentence(response.get("description"))
            if not content:
                yield Reply(code, "", None, {}, made=False, description=text)
            for given, raw in content.items():
                entry = mapping(raw)
                examples = self._examples(entry)
                made = not examples and bool(entry.get("schema"))
                if made:
                    examples = {"made": self._sampler.sample(entry["schema"])}
                yield Reply(
                    code, JSON if given == "*/*" else given, entry.get("schema"), examples, made=made, description=text
                )

    def _examples(self, entry: Mapping[str, Any]) -> dict[str, object]:
        """Return the published examples of a body or a reply, by name."""
        found: dict[str, object] = {}
        for name, each in mapping(entry.get("examples")).items():
            example = followed(self._document, each)
            if example.get("value") is not None:
                found[name] = example["value"]
        if not found and entry.get("example") is not None:
            found["example"] = entry["example"]
        shown = self._sampler.published(entry.get("schema")) if not found else None
        if shown is not None:
            found["example"] = shown
        return {name: as_data(each) for name, each in found.items()}

    def _hook(self, name: str, url: str, item: object) -> Iterator[Hook]:
        """Yield the calls that a callback or webhook describes."""
        for method, raw in followed(self._document, item).items():
            if method not in METHODS:
                continue
            node = mapping(raw)
            content = mapping(followed(self._document, node.get("requestBody")).get("content"))
            for given, each in list(content.items())[:1]:
                entry = mapping(each)
                examples = self._examples(entry) or {"made": self._sampler.sample(entry.get("schema"))}
                media = given.partition(";")[0].strip().lower()
                text = first_sentence(node.get("summary")) or first_sentence(node.get("description"))
                headers = tuple(
                    text_of(each.get("name"))
                    for each in (followed(self._document, one) for one in listing(node.get("parameters")))
                    if each.get("in") == "header"
                )
                yield Hook(name, url, method, media, entry.get("schema"), examples, text, headers)


def _media(given: str) -> str:
    """Return a media type without its parameters, as the sandbox names it."""
    media = given.partition(";")[0].strip().lower()
    return {"*/*": JSON, "text/json": JSON, "text/xml": "application/xml"}.get(media, media)


def _path(template: str) -> tuple[str, dict[str, str]]:
    """Return a path without a query, with parameters named as the sandbox allows, and the new names by the old."""
    path = re.sub(r"/{2,}", "/", template.partition("?")[0].partition("#")[0])
    renamed: dict[str, str] = {}
    for name in dict.fromkeys(PATH_PARAMETER.findall(path)):
        word = NOT_A_NAME.sub("_", name).strip("_") or "id"
        word = f"p{word}" if word[0].isdecimal() else word
        while word in renamed.values():
            word += "_"
        renamed[name] = word
    return PATH_PARAMETER.sub(lambda found: f"{{{renamed[found[1]]}}}", path), renamed


def _base(servers: list[Any]) -> str:
    """Return the path of the first server, with the defaults of its variables."""
    return urlsplit(server_url(servers)).path.rstrip("/") if server_url(servers) else ""


def server_url(servers: list[Any]) -> str:
    """Return the URL of the first server, with the defaults of its variables; empty if there is none."""
    for each in map(mapping, servers):
        variables = mapping(each.get("variables"))
        url = VARIABLE.sub(
            lambda found, known=variables: str(mapping(known.get(found[1])).get("default", found[1])),  # type: ignore[misc]
            text_of(each.get("url")),
        )
        try:
            urlsplit(url)
        except ValueError:
            continue
        return url
    return ""


def _words(*texts: str) -> frozenset[str]:
    """Return the words of some texts and names, such as `send` and `message` of `sendMessage`."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", " ".join(texts))
    return frozenset(part.lower() for part in parts)
