"""What exists once in a server: the index, health, metrics, the inbox page, and the descriptions of API and providers.

The inbox is a static page on the control API below `/_sandbox/ui/`; `/` redirects browsers to it. Its content security
policy lets it load from this server alone and run only its own scripts.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from sandbox import __version__
from sandbox.control.call import ControlCall, openapi_json, reply
from sandbox.control.lists import Object, reply_page
from sandbox.control.problems import refuse
from sandbox.formats.yaml_files import shipped
from sandbox.providers.base import Inbound
from sandbox.specs.compile import OWN_ERRORS
from sandbox.specs.samples import Parts, parts_of, sample_fields, sample_parameter, samples_of
from sandbox.specs.spec import CredentialPart, MessageFields, Operation, ProviderSpec
from sandbox.specs.types import JSON, METHODS

YAML = "application/yaml"
Node = Mapping[str, Any]  # an object of a provider's document
NO_INBOUND: Mapping[str, Inbound] = {}

INDEX: Mapping[str, object] = {
    "name": "sms-sandbox",
    "version": __version__,
    "links": {
        "inbox": "/_sandbox/ui/",
        "openapi": "/_sandbox/openapi.json",
        "health": "/_sandbox/health",
        "messages": "/_sandbox/messages",
        "providers": "/_sandbox/providers",
    },
}

INBOX = "/_sandbox/ui/"
INBOX_FOLDER = Path(__file__).parent.parent / "inbox"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
MEDIA_TYPES: Mapping[str, str] = {  # the machine's own table may have another type for scripts
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
INBOX_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


async def get_index(_: object) -> web.Response:
    """Reply with name, version and links."""
    return reply(INDEX)


async def get_health(call: ControlCall) -> web.Response:
    """Reply that the server is ready, or that its store does not answer."""
    persistence, failure = call.engine.persistence, call.engine.failure
    store: Object = {"kind": "memory" if persistence is None else persistence.store.kind, "answers": failure is None}
    status = "ok"
    if failure is not None:
        status, store["problem"] = "unavailable", str(failure)
    health: Object = {
        "status": status,
        "version": __version__,
        "providers": list(call.engine.packs),
        "store": store,
        "saved_state": None if call.engine.read_only is None else call.engine.read_only.file,
    }
    return reply(health, status=200 if failure is None else 503)


async def list_providers(call: ControlCall) -> web.Response:
    """Reply with what every provider offers."""
    items = [describe_provider(pack.spec, pack.provider.inbound) for pack in call.engine.packs.values()]
    return reply_page(items)


async def get_provider_document(call: ControlCall) -> web.Response:
    """Reply with the document that a provider is made of, as its file has it now."""
    name = call.path["provider"]
    pack = call.engine.packs.get(name)
    if pack is None:
        known = ", ".join(call.engine.packs)
        raise refuse(404, "/provider", f"no provider is called {name[:80]!r}; use one of {known}")
    try:
        return web.Response(body=pack.file.read_bytes(), content_type=YAML, charset="utf-8")
    except OSError as error:
        raise refuse(404, "", f"cannot read the document of {name}: {error.strerror}") from None


async def get_openapi(_: ControlCall) -> web.Response:
    """Reply with the OpenAPI document of this API."""
    return web.Response(body=openapi_json(), content_type=JSON)


async def get_metrics(call: ControlCall) -> web.Response:
    """Reply with the metrics as Prometheus text."""
    headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    return web.Response(body=call.server.metrics.text(), headers=headers)


async def get_scenario_schema(_: ControlCall) -> web.Response:
    """Reply with the JSON Schema of scenario files."""
    return web.Response(body=_schema("scenario"), content_type="application/schema+json")


async def get_provider_schema(_: ControlCall) -> web.Response:
    """Reply with the JSON Schema of provider documents."""
    return web.Response(body=_schema("provider"), content_type="application/schema+json")


@cache
def _schema(name: str) -> bytes:
    try:
        return (shipped("specs") / f"{name}.schema.json").read_bytes()
    except OSError as error:
        raise refuse(404, "", f"cannot read the {name} schema: {error.strerror}") from None


def add_inbox(app: web.Application, control: web.Application, middleware: Middleware) -> None:
    """Add the inbox to `control`, the application below `/_sandbox`, and the redirect to it to `app`.

    `middleware` is that of `control`; it guards `/` too.
    """

    async def root(request: web.Request) -> web.StreamResponse:
        return await middleware(request, _redirect_browsers)

    control.router.add_get("", get_index)  # without the slash
    control.router.add_get("/ui", _redirect)
    control.router.add_get("/ui/{name:.*}", _serve_file)
    app.router.add_get("/", root)


async def _redirect_browsers(request: web.Request) -> web.Response:
    """Redirect a browser to the inbox; reply with the index to any other client, such as a probe."""
    return await _redirect(request) if "text/html" in request.headers.get("Accept", "") else reply(INDEX)


async def _redirect(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": INBOX})


async def _serve_file(request: web.Request) -> web.Response:
    """Reply with a file of the inbox."""
    name = request.match_info["name"] or "index.html"
    body = _inbox_files().get(name)
    if body is None:
        raise web.HTTPNotFound
    return send_file(request, body, f"{MEDIA_TYPES[Path(name).suffix]}; charset=utf-8")


@cache
def _inbox_files() -> Mapping[str, bytes]:
    """Return every file of the inbox by its path in the folder; they are read at the first call that needs one."""
    paths = [path for path in INBOX_FOLDER.rglob("*") if path.suffix in MEDIA_TYPES]
    return {path.relative_to(INBOX_FOLDER).as_posix(): path.read_bytes() for path in paths}


def send_file(request: web.Request, body: bytes, content_type: str) -> web.Response:
    """Return the reply with a file of the inbox or the documentation; without a body if the browser has it already."""
    tag = sha256(body).hexdigest()[:20]
    headers = {**INBOX_HEADERS, "ETag": f'"{tag}"'}
    if any(etag.value in {tag, "*"} for etag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers={**headers, "Content-Type": content_type})


def describe_provider(spec: ProviderSpec, inbound: Mapping[str, Inbound] = NO_INBOUND) -> Object:
    """Return a provider's operations, channels, settings and credentials, each item with its source.

    `inbound` says how its channels take messages from phones.
    """
    own = spec.document["x-sandbox"]
    return {
        "name": spec.name,
        "title": spec.document["info"]["title"],
        "hosts": [server["url"] for server in spec.document.get("servers", ())],
        "credentials": list(spec.credentials),
        "authentication": [[_describe_credential(part) for part in way] for way in spec.authentication],
        "operations": [_describe_operation(spec, name) for name in spec.operations],
        "channels": [_describe_channel(name, channel, inbound.get(name)) for name, channel in own["channels"].items()],
        "settings": [
            {"name": name, "default": each["default"], "description": each["description"], **_source(each)}
            for name, each in own["settings"].items()
        ],
    }


def _describe_credential(part: CredentialPart) -> Object:
    encoding = "base64" if part.is_base64 else "plain"
    return {"in": part.place, "name": part.name, "fields": part.fields, "prefix": part.prefix, "encoding": encoding}


def _source(node: Node) -> Object:
    """Return how well an item is known, and where it is documented; an item that does not say is inferred."""
    return {"word": node.get("x-word", "inferred"), "source": node.get("x-source", "")}


def _describe_operation(spec: ProviderSpec, name: str) -> Object:
    operation = spec.operations[name]
    nodes = list(_operation_nodes(spec, name))
    first, parts = nodes[0][2], parts_of(spec, operation)
    return {
        "name": name,
        "summary": first.get("summary"),
        "channel": operation.channel.name if operation.channel else None,
        "otp": operation.otp,
        "fields": _describe_message(operation.message),
        **_source(first),
        "calls": [_describe_call(method, path, node, item, parts) for method, path, node, item in nodes],
        "errors": list(_describe_errors(nodes, operation)),
    }


def _describe_message(message: MessageFields) -> Object:
    """Return the parameters that hold the fields of a message: of each field those that are looked at, in order."""
    return {
        name: [next((step for step in reversed(each) if not step.isdecimal()), "") for each in getattr(message, name)]
        for name in ("recipient", "sender", "text")
    }


def _operation_nodes(spec: ProviderSpec, name: str) -> Iterator[tuple[str, str, Node, Node]]:
    for path, item in spec.document["paths"].items():
        for method in METHODS:
            if method in item and item[method]["x-operation"] == name:
                yield method.upper(), path, item[method], item


def _describe_call(method: str, path: str, node: Node, item: Node, parts: Parts) -> Object:
    content = node.get("requestBody", {}).get("content", {})
    parameters = [*item.get("parameters", ()), *node.get("parameters", ())]
    return {
        "id": node["operationId"],
        "method": method,
        "path": path,
        **_source(node),
        "parameters": [*_describe_parameters(parameters, parts), *_describe_bodies(content)],
        "samples": [
            {"type": media, "name": name, "value": value}
            for media, each in content.items()
            for name, value in samples_of(media, each, parts).items()
        ],
    }


def _describe_parameters(parameters: list[Node], parts: Parts) -> Iterator[Object]:
    for each in parameters:
        schema = each["schema"]
        if schema.get("type") == "object":
            values = sample_fields(each, parts)
            yield from (
                {**field, "example": values.get(str(field["name"]))} for field in _describe_fields("query", schema)
            )
        else:
            field = _describe_field(each["name"], each["in"], schema, source=each, required=bool(each.get("required")))
            yield {**field, "example": sample_parameter(each["name"], each, parts)}


def _describe_bodies(content: Node) -> Iterator[Object]:
    """Yield the fields of a body once, whatever media types it may have."""
    seen: set[str] = set()
    for each in content.values():
        for field in _describe_fields("body", each["schema"]):
            if field["name"] not in seen:
                seen.add(str(field["name"]))
                yield field


def _describe_fields(place: str, schema: Node) -> Iterator[Object]:
    """Yield the fields of an object; those that depend on another field are never required."""
    fields = dict(schema.get("properties", {}))
    for branch in ("else", "then"):
        fields = schema.get(branch, {}).get("properties", {}) | fields
    for name, each in fields.items():
        yield _describe_field(name, place, each, source=each, required=name in schema.get("required", ()))


def _describe_field(name: str, place: str, schema: Node, *, source: Node, required: bool) -> Object:
    described = source if "x-word" in source else schema
    description = schema.get("description") or source.get("description")
    return {
        "name": name,
        "in": place,
        "required": required,
        "description": description,
        "example": None,
        **_source(described),
    }


def _describe_errors(nodes: list[tuple[str, str, Node, Node]], operation: Operation) -> Iterator[Object]:
    seen: set[str] = set()
    for _, _, node, _ in nodes:
        for status, response in node.get("responses", {}).items():
            for content in response.get("content", {}).values():
                for name, example in content.get("examples", {}).items():
                    if "x-code" in example and name not in seen:
                        seen.add(name)
                        yield {"name": name, "status": int(status), "code": example["x-code"], **_source(example)}
    for name, error in operation.errors.items():
        if name not in seen and error is OWN_ERRORS.get(name):
            source = "chosen by the sandbox; the provider's document has no error of this name"
            yield {"name": name, "status": error.status, "code": error.code, "word": "inferred", "source": source}


def _describe_channel(name: str, channel: Node, inbound: Inbound | None) -> Object:
    return {
        "name": name,
        "statuses": [
            {
                "status": status,
                "says": each["says"],
                "variants": list(each.get("variants", ())),
                "next": list(each.get("next", ())),
                "reported": bool(each.get("reported")),
                **_source(each),
            }
            for status, each in channel["statuses"].items()
        ],
        "omitted": [{"status": status, **_source(each)} for status, each in channel.get("omitted", {}).items()],
        "inbound": None if inbound is None else {"stop": sorted(inbound.stop), "start": sorted(inbound.start)},
    }
