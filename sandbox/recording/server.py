"""The recorder as an HTTP server: it reads requests and writes responses as they are, and stops on Ctrl-C."""

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from sandbox import __version__
from sandbox.callbacks.egress import BadUrlError, RefusedAddressError, parse_url, refuse_never_allowed
from sandbox.core.clock import utc_now
from sandbox.core.errors import SandboxError, near_miss
from sandbox.core.seeded_random import make_token
from sandbox.formats.terminal import has_colour
from sandbox.pipeline import BODY_LIMIT
from sandbox.providers.registry import Registry
from sandbox.recording.limits import Limits, check_globs
from sandbox.recording.masking import SALT_LENGTH, Masker
from sandbox.recording.recorder import Incoming, Recorder, Route
from sandbox.recording.session import SessionHeader, SessionWriter
from sandbox.recording.upstream import Upstream, UpstreamReply
from sandbox.server.logs import LogLine, format_text
from sandbox.server.response_writer import BODILESS, REASONS
from sandbox.server.runner import open_port

CALLBACKS = "/_sandbox/recorded"
GRACE = 1.0  # seconds that requests under way have when the recorder stops


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """The options of `record`; `upstreams` and `callback` have URLs by provider."""

    upstreams: Mapping[str, str]
    out: Path
    host: str = "127.0.0.1"
    port: int = 8080
    callback: Mapping[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    most: int | None = None
    budget: int | None = None
    keep_content: bool = False
    insecure: bool = False
    upstream_ca: Path | None = None
    timeout: float = 30.0


class Forwarded(web.Response):
    """A response with the headers of another server alone: aiohttp adds none but those of the connection."""

    async def _prepare_headers(self) -> None:
        request, writer = self._req, self._payload_writer
        if request is None or writer is None:
            message = "the response is not prepared for a request"
            raise TypeError(message)
        self._keep_alive = request.keep_alive if self._keep_alive is None else self._keep_alive
        writer.length = self.content_length
        if self.status in BODILESS:
            self._headers.popall("Content-Length", None)
        if not self._keep_alive:
            self._headers["Connection"] = "close"


def make_response(reply: UpstreamReply) -> web.Response:
    """Return a reply as a response of aiohttp."""
    headers = CIMultiDict((name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in reply.headers)
    body = b"" if reply.status in BODILESS else reply.body
    if reply.status not in BODILESS:
        headers.setdefault("Content-Length", str(len(body)))
    return Forwarded(
        status=reply.status, reason=reply.reason or REASONS.get(reply.status, ""), headers=headers, body=body
    )


async def read_request(request: web.Request) -> Incoming:
    """Return a request as it arrived."""
    target = request.raw_path
    if "://" in target.partition("?")[0]:  # in absolute form, as clients send it to a proxy
        target = "/" + target.partition("://")[2].partition("/")[2]
    oversize, body = False, b""
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        oversize = True
    return Incoming(request.method, target, tuple(request.raw_headers), body, oversize=oversize)


def make_app(recorder: Recorder, *, takes_requests: bool = True) -> web.Application:
    """Return the application: addresses for callbacks, a health check and, if it takes requests, providers' paths."""
    app = web.Application(client_max_size=BODY_LIMIT)

    async def callback(request: web.Request) -> web.StreamResponse:
        incoming = await read_request(request)
        after = incoming.target.partition("?")[0].removeprefix(f"{CALLBACKS}/")
        _, _, rest = after.partition("/")
        return make_response(await recorder.pass_callback(request.match_info["provider"], rest, incoming))

    async def provider(request: web.Request) -> web.StreamResponse:
        return make_response(await recorder.pass_request(await read_request(request)))

    async def health(_: web.Request) -> web.StreamResponse:
        return web.json_response({"status": "ok"})

    app.router.add_route("*", CALLBACKS + "/{provider}", callback)
    app.router.add_route("*", CALLBACKS + r"/{provider}/{rest:[\s\S]*}", callback)
    app.router.add_get("/_sandbox/health", health)
    if takes_requests:
        app.router.add_route("*", r"/{path:[\s\S]*}", provider)
    return app


def make_runner(recorder: Recorder, *, takes_requests: bool = True) -> web.AppRunner:
    """Return what runs the application: bodies stay as they are, and a GET may be as long as a POST."""
    options: dict[str, Any] = {"auto_decompress": False, "max_line_size": BODY_LIMIT}
    app = make_app(recorder, takes_requests=takes_requests)
    return web.AppRunner(app, access_log=None, shutdown_timeout=GRACE, **options)


def make_routes(options: RecordOptions, packs: Registry) -> dict[str, Route]:
    """Return where the requests of each provider go, and its callbacks.

    Raises:
        SandboxError: a provider, an address or an operation of the options is wrong.

    """
    if not options.upstreams:
        message = "name the address of a provider, such as betatel=https://api.betatel.com"
        raise SandboxError(message)
    for name in (*options.upstreams, *options.callback):
        if name not in packs:
            message = f"no provider is called '{name}'.{near_miss(name, packs)}"
            raise SandboxError(message)
    for name in options.callback:
        if name not in options.upstreams:
            message = f"--callback: {name} is not recorded; name its address: {name}=https://…"
            raise SandboxError(message)
    check_globs(options.only, {each: None for name in options.upstreams for each in packs[name].spec.operations})
    routes = {}
    for name, text in options.upstreams.items():
        url = _read_url(text, name)
        if url.scheme != "https" and not options.insecure:
            message = f"{name}: {url} would carry your key in plain text; use https://, or allow it with --insecure"
            raise SandboxError(message)
        target = _read_url(options.callback[name], f"--callback {name}") if name in options.callback else None
        routes[name] = Route(
            Upstream(url, ca=options.upstream_ca, timeout=options.timeout),
            None if target is None else Upstream(target, ca=options.upstream_ca, timeout=options.timeout),
            target,
        )
    return routes


def _read_url(text: str, where: str) -> URL:
    try:
        url = parse_url(text)
        refuse_never_allowed(text)
    except (BadUrlError, RefusedAddressError) as error:
        message = f"{where}: {str(error).replace('a callback URL', 'an address')}"
        raise SandboxError(message) from None
    if url.query_string and not where.startswith("--"):
        message = f"{where}: '{url}' has a query; an address has none"
        raise SandboxError(message)
    return url


async def record(
    options: RecordOptions, packs: Registry, *, show: Callable[[str], None], write_log: Callable[[str], None]
) -> None:
    """Record until SIGINT or SIGTERM.

    Raises:
        SandboxError: an option is wrong, the port cannot be opened, or the file cannot be written.

    """
    routes = make_routes(options, packs)
    limits = Limits(options.only, options.most, options.budget)
    masker = Masker(packs, make_token(SALT_LENGTH), keep_content=options.keep_content)
    colour = has_colour(sys.stderr)

    def log(line: LogLine) -> None:
        write_log(format_text(line, colour=colour))

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    with open_port(options.host, options.port) as listener:
        upstreams = {name: str(route.upstream.url.origin()) for name, route in routes.items()}
        header = SessionHeader(utc_now(), __version__, "record", upstreams, masker.masked)
        with SessionWriter(options.out, header) as writer:
            recorder = Recorder(packs, routes, masker=masker, limits=limits, writer=writer, log=log)
            runner = make_runner(recorder)
            await runner.setup()
            try:
                await web.SockSite(runner, listener).start()
                show(describe(options, listener.getsockname()[1], masker.masked))
                await stop.wait()
            finally:
                await runner.cleanup()
                for route in routes.values():
                    route.close()
            show(summary(options.out, recorder.counts))


def describe(options: RecordOptions, port: int, masked: tuple[str, ...]) -> str:
    """Return what a start prints: where to point the application and the provider, and what is limited and masked."""
    url = f"http://[{options.host}]:{port}" if ":" in options.host else f"http://{options.host}:{port}"
    lines = [f"sms-sandbox records {', '.join(options.upstreams)} on {url} to {options.out}"]
    for name, upstream in options.upstreams.items():
        lines.append(f"  {name:10} requests go to {upstream}")
        where = f"passed on to {options.callback[name]}" if name in options.callback else "answered with 200"
        lines.append(f"  {'':10} callbacks come to {url}{CALLBACKS}/{name} (by your tunnel), and are {where}")
    limits = [f"only {' '.join(options.only)}"] if options.only else []
    limits += [f"at most {options.most} requests"] if options.most is not None else []
    limits += [f"at most {options.budget} messages"] if options.budget is not None else []
    lines.append(f"  {'limits':10} {', '.join(limits) or 'none: the provider charges each send (set --budget N)'}")
    lines.append(f"  {'masked':10} {', '.join(masked)}")
    lines.append(f"Point your application at {url}. Ctrl-C ends the recording.")
    return "\n".join(lines)


def summary(out: Path, counts: Mapping[str, int]) -> str:
    """Return what an end prints."""
    words = [
        f"{counts[name]} {name}{'' if counts[name] == 1 or name == 'refused' else 's'}"
        for name in ("exchange", "callback", "fault", "refused")
        if counts[name] or name in {"exchange", "callback"}
    ]
    return f"wrote {out}: {', '.join(words)}"
