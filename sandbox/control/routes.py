"""The routes of the control API: each path with its endpoint, and what every call passes before it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.control import (
    accounts,
    callbacks,
    events,
    inbound,
    messages,
    overview,
    requests,
    scenarios,
    states,
    system,
    verify,
    workspaces,
)
from sandbox.control.access import Access, make_middleware
from sandbox.control.call import ControlCall, Parameters, call_schemas, read_body, read_query
from sandbox.control.events import EventStreams
from sandbox.control.forwarding import HANDLE, NOT_HERE, REPEATABLE, Forwarder, is_passed_on, make_receiver
from sandbox.control.lists import WaitRegistry
from sandbox.control.mcp import McpEndpoint, add_mcp
from sandbox.control.messages import number_plans_of
from sandbox.control.metrics import Metrics
from sandbox.control.parameters import Context
from sandbox.control.problems import BASE, refuse
from sandbox.core.errors import ResetError, SandboxError, StoreError
from sandbox.core.world import DEFAULT_WORKSPACE, World
from sandbox.docs.site import add_docs
from sandbox.engine.engine import Engine
from sandbox.engine.workspace import Workspace
from sandbox.scenarios import ScenarioLibrary, scenario_paths

EMPTY = Parameters({})
Endpoint = Callable[[ControlCall], Awaitable[web.StreamResponse]]
Route = tuple[str, str, Endpoint]

# Calls about the server as a whole.
SERVER_ROUTES: tuple[Route, ...] = (
    ("GET", "/", system.get_index),
    ("GET", "/health", system.get_health),
    ("GET", "/providers", system.list_providers),
    ("GET", "/providers/{provider}/document", system.get_provider_document),
    ("GET", "/openapi.json", system.get_openapi),
    ("GET", "/schemas/scenario.json", system.get_scenario_schema),
    ("GET", "/schemas/provider.json", system.get_provider_schema),
    ("GET", "/metrics", system.get_metrics),
    ("GET", "/replicas", workspaces.list_replicas),
    ("GET", "/scenarios", scenarios.list_scenarios),
    ("GET", "/workspaces", workspaces.list_workspaces),
    ("POST", "/workspaces", workspaces.create_workspace),
    ("GET", "/workspaces/{id}", workspaces.get_workspace),
    ("PATCH", "/workspaces/{id}", workspaces.patch_workspace),
    ("DELETE", "/workspaces/{id}", workspaces.delete_workspace),
)
# Calls about one workspace: each exists as written for `default`, and below /workspaces/{workspace}.
WORKSPACE_ROUTES: tuple[Route, ...] = (
    ("GET", "/messages", messages.list_messages),
    ("DELETE", "/messages", messages.delete_messages),
    ("GET", "/messages/{id}", messages.get_message),
    ("DELETE", "/messages/{id}", messages.delete_message),
    ("POST", "/messages/{id}/status", messages.move_message),
    ("POST", "/inbound", inbound.receive_text),
    ("GET", "/otp", messages.get_otp),
    ("POST", "/verify", verify.verify),
    ("GET", "/requests", requests.list_requests),
    ("GET", "/requests/{id}", requests.get_request),
    ("GET", "/callbacks", callbacks.list_callbacks),
    ("GET", "/callbacks/{id}", callbacks.get_callback),
    ("POST", "/callbacks/{id}/fire", callbacks.fire_callback),
    ("POST", "/callbacks/{id}/hold", callbacks.hold_callback),
    ("POST", "/callbacks/{id}/release", callbacks.release_callback),
    ("POST", "/callbacks/{id}/cancel", callbacks.cancel_callback),
    ("POST", "/callbacks/{id}/replay", callbacks.replay_callback),
    ("GET", "/targets", callbacks.list_targets),
    ("PUT", "/targets", callbacks.put_targets),
    ("GET", "/targets/{provider}", callbacks.get_target),
    ("PUT", "/targets/{provider}", callbacks.put_target),
    ("DELETE", "/targets/{provider}", callbacks.delete_target),
    ("GET", "/scenario", scenarios.get_scenario),
    ("PUT", "/scenario", scenarios.put_scenario),
    ("POST", "/scenario/check", scenarios.check_scenario),
    ("GET", "/clock", workspaces.get_clock),
    ("PUT", "/clock", workspaces.put_clock),
    ("POST", "/clock/advance", workspaces.advance_clock),
    ("GET", "/agenda", overview.list_agenda),
    ("GET", "/overview", overview.get_overview),
    ("GET", "/accounts", accounts.list_accounts),
    ("GET", "/accounts/{provider}/{key}", accounts.get_account),
    ("PATCH", "/accounts/{provider}/{key}", accounts.patch_account),
    ("POST", "/reset", workspaces.reset_workspace),
    ("GET", "/state", states.get_state),
    ("PUT", "/state", states.put_state),
    ("GET", "/events", events.get_events),
)
# The calls that are answered while the store is not: they are about the server alone.
WITHOUT_STORE = frozenset(
    {
        "/",
        "/health",
        "/metrics",
        "/openapi.json",
        "/providers",
        "/providers/{provider}/document",
        "/scenarios",
        "/schemas/scenario.json",
        "/schemas/provider.json",
    }
)
WITHOUT_CHANGE = frozenset({"/scenario/check", "/verify"})  # calls that are no GET and change nothing all the same
# The paths that an unknown one is compared with; the index is never the one that was meant.
PATHS = tuple(path for _, path, _ in (*SERVER_ROUTES, *WORKSPACE_ROUTES) if path != "/")


class ServerState:
    """What the control API of one server keeps between calls; the state of the workspaces is in their worlds."""

    def __init__(self, engine: Engine, metrics: Metrics) -> None:
        self.engine = engine
        self.number_plans = number_plans_of(engine.packs)
        self.event_streams = EventStreams(engine.router)
        self.waits = WaitRegistry()
        self.metrics = metrics
        self.forwarder = Forwarder(engine)
        engine.elsewhere = self.forwarder.handle
        engine.check_address = self.forwarder.check_address
        engine.on_failure.append(self._fail)
        engine.providers.on_change.append(self._read_providers)
        engine.on_loss.append(lambda world, error: self._fail(error, world))
        self._library: ScenarioLibrary | None = None
        self._modified: dict[Path, int] = {}

    def _read_providers(self) -> None:
        """Read again what depends on the providers, which were replaced."""
        self.number_plans = number_plans_of(self.engine.packs)
        self._library = None

    def _fail(self, error: SandboxError, world: World | None = None) -> None:
        """End every event stream and waiting call, or those of a workspace: what they would tell may not be stored."""
        self.waits.fail(error, world)
        self.event_streams.close(world)

    async def close(self, _: object) -> None:
        """End every event stream and every waiting call."""
        self.waits.stop()
        self.event_streams.close()

    def library(self) -> ScenarioLibrary:
        """Return the scenarios that can be used by name; files are read again after a change."""
        modified = {path: path.stat().st_mtime_ns for path in scenario_paths(self.engine.folders).values()}
        if self._library is None or modified != self._modified:
            self._library, self._modified = ScenarioLibrary(self.engine.packs, self.engine.folders), modified
        return self._library


def add_control(
    app: web.Application,
    engine: Engine,
    access: Access,
    *,
    mcp: McpEndpoint | None = None,
    metrics: Metrics | None = None,
) -> web.Application:
    """Add the control API, and MCP if it is wanted; return the application that answers below `/_sandbox`."""
    middleware = make_middleware(access, PATHS, lambda request: is_passed_on(engine, request))
    control = web.Application(middlewares=[middleware])
    server = ServerState(engine, metrics or Metrics(engine))
    for route in (*SERVER_ROUTES, *WORKSPACE_ROUTES):
        _add(control, route, _make_handler(server, route))
    for route in WORKSPACE_ROUTES:
        method, path, endpoint = route
        _add(control, (method, f"/workspaces/{{workspace}}{path}", endpoint), _make_handler(server, route))
    control.router.add_post(HANDLE.removeprefix(BASE), make_receiver(engine))
    add_mcp(control, mcp)
    system.add_inbox(app, control, middleware)
    engine.providers.on_change.append(add_docs(control, engine.packs).forget)
    control.on_shutdown.append(server.close)
    control.on_cleanup.append(server.forwarder.close)
    app.add_subapp(BASE, control)
    return control


def _add(control: web.Application, route: Route, handler: Handler) -> None:
    """Add a route; one for GET accepts HEAD too, except for the stream of events, which has no end."""
    method, path, _ = route
    if method == "GET" and not path.endswith("/events"):
        control.router.add_get(path, handler)
    else:
        control.router.add_route(method, path, handler)


def _make_handler(server: ServerState, route: Route) -> Handler:
    """Return the handler that reads a request by the schema of its call and passes it to the endpoint."""
    method, path, endpoint = route
    engine = server.engine
    needs_store = path not in WITHOUT_STORE
    changes = method != "GET" and path not in WITHOUT_CHANGE
    is_plain = method == "GET" and route in SERVER_ROUTES  # without a query, the OpenAPI document is not needed

    async def answer(request: web.Request) -> web.StreamResponse:
        if engine.read_only is not None and changes:
            raise refuse(409, "", str(engine.read_only))
        workspace = _workspace_of(engine, request.match_info)
        query, body = EMPTY, EMPTY
        if not is_plain or request.query_string:
            schema, context = call_schemas()[method, path], Context(engine.providers.known, workspace.world)
            query = read_query(request.rel_url.raw_query_string, schema, context)
            if method != "GET" and schema.body is not None:
                body = read_body(await request.read(), schema, context)
        try:
            response = await endpoint(ControlCall(server, workspace, request.match_info, query, body, request))
        except ResetError as error:
            if not workspace.is_suspended:
                raise
            raise refuse(503, "", str(engine.failure or error)) from None
        if needs_store and not response.prepared:
            stored = engine.latest() if route in SERVER_ROUTES else workspace.gate.latest()
            if stored is not None:
                await asyncio.shield(stored)  # what a reply tells is in the store before it leaves
        return response

    return _pass_on(server, route, answer)


def _pass_on(server: ServerState, route: Route, answer: Handler) -> Handler:
    """Return the handler that makes a call here, or in the replica that has its workspace at work."""
    engine, needs_store = server.engine, route[1] not in WITHOUT_STORE

    async def handle(request: web.Request) -> web.StreamResponse:
        comes_from_replica = is_passed_on(engine, request)
        if engine.failure is not None and needs_store:
            if comes_from_replica:  # which takes the workspace over, if the database is away for this server alone
                return web.Response(status=NOT_HERE)
            raise refuse(503, "", str(engine.failure))
        name = None if engine.replica is None else _name_of(route, request.match_info)
        if name is None:
            return await answer(request)
        if engine.serves(name):
            try:
                return await answer(request)
            except SandboxError as error:
                stops = server.waits.stopping and not comes_from_replica
                if request.method not in REPEATABLE or stops or not _is_unavailable(error):
                    raise
        if comes_from_replica:
            return web.Response(status=NOT_HERE)
        passed_on = await server.forwarder.call(request, name, lambda: answer(request))
        return await answer(request) if passed_on is None else passed_on

    return handle


def _is_unavailable(error: SandboxError) -> bool:
    """Return whether a call has failed because the store has, or another replica has taken the workspace over."""
    return isinstance(error, StoreError) or getattr(error, "status", None) == web.HTTPServiceUnavailable.status_code


def _name_of(route: Route, path: Mapping[str, str]) -> str | None:
    """Return the name of the workspace that a call is about; None if it is about the server."""
    if route in SERVER_ROUTES:
        return path.get("id")
    return path.get("workspace", DEFAULT_WORKSPACE)


def _workspace_of(engine: Engine, path: Mapping[str, str]) -> Workspace:
    """Return the workspace that a path names, or `default`.

    Raises:
        ProblemError: 404, there is none.

    """
    name = path.get("workspace", DEFAULT_WORKSPACE)
    workspace = engine.workspaces.get(name)
    if workspace is None:
        raise refuse(404, "/workspace", f"no workspace is called {name[:200]!r}")
    engine.touch(name)
    return workspace
