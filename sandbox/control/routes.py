"""Ties the control API's paths to its functions, and checks every call before one of them sees it."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.control import (
    accounts,
    callbacks,
    clock,
    events,
    messages,
    otp,
    requests,
    scenarios,
    system,
    targets,
    verify,
    workspaces,
)
from sandbox.control.access import Access
from sandbox.control.call import ControlCall
from sandbox.control.call_input import Given, read_body, read_query
from sandbox.control.inbox import add_inbox
from sandbox.control.middleware import BASE, front
from sandbox.control.openapi import contract
from sandbox.control.parameter_types import Setting
from sandbox.control.problems import refuse
from sandbox.control.server_state import Memory
from sandbox.core.world import DEFAULT_WORKSPACE
from sandbox.engine.engine import Engine
from sandbox.engine.workspace import Workspace

NOTHING = Given({})
Call = Callable[[ControlCall], Awaitable[web.StreamResponse]]
Route = tuple[str, str, Call]

# Calls about the server as a whole.
ONCE: tuple[Route, ...] = (
    ("GET", "/", system.index),
    ("GET", "/health", system.health),
    ("GET", "/providers", system.providers),
    ("GET", "/openapi.json", system.openapi),
    ("GET", "/schemas/scenario.json", system.scenario_schema),
    ("GET", "/metrics", system.metrics),
    ("GET", "/scenarios", scenarios.list_scenarios),
    ("GET", "/workspaces", workspaces.list_workspaces),
    ("POST", "/workspaces", workspaces.make_workspace),
    ("GET", "/workspaces/{id}", workspaces.get_workspace),
    ("DELETE", "/workspaces/{id}", workspaces.delete_workspace),
)
# Calls about one workspace: each stands as written for `default`, and below /workspaces/{workspace}.
EVERYWHERE: tuple[Route, ...] = (
    ("GET", "/messages", messages.list_messages),
    ("DELETE", "/messages", messages.forget_messages),
    ("GET", "/messages/{id}", messages.get_message),
    ("POST", "/messages/{id}/status", messages.move_message),
    ("GET", "/otp", otp.get_otp),
    ("POST", "/verify", verify.verify),
    ("GET", "/requests", requests.list_requests),
    ("GET", "/requests/{id}", requests.get_request),
    ("GET", "/callbacks", callbacks.list_callbacks),
    ("GET", "/callbacks/{id}", callbacks.get_callback),
    ("POST", "/callbacks/{id}/fire", callbacks.fire),
    ("POST", "/callbacks/{id}/hold", callbacks.hold),
    ("POST", "/callbacks/{id}/release", callbacks.release),
    ("POST", "/callbacks/{id}/cancel", callbacks.cancel),
    ("POST", "/callbacks/{id}/replay", callbacks.replay),
    ("GET", "/targets", targets.list_targets),
    ("PUT", "/targets", targets.put_targets),
    ("GET", "/targets/{provider}", targets.get_target),
    ("PUT", "/targets/{provider}", targets.put_target),
    ("DELETE", "/targets/{provider}", targets.delete_target),
    ("GET", "/scenario", scenarios.get_scenario),
    ("PUT", "/scenario", scenarios.put_scenario),
    ("GET", "/clock", clock.get_clock),
    ("PUT", "/clock", clock.put_clock),
    ("POST", "/clock/advance", clock.advance_clock),
    ("GET", "/accounts", accounts.list_accounts),
    ("GET", "/accounts/{provider}/{key}", accounts.get_account),
    ("PATCH", "/accounts/{provider}/{key}", accounts.patch_account),
    ("POST", "/reset", workspaces.reset),
    ("GET", "/events", events.events),
)
CALLS = tuple(path for _, path, _ in (*ONCE, *EVERYWHERE) if path != "/")  # the index is never the one that was meant


def add_control(app: web.Application, engine: Engine, access: Access) -> web.Application:
    """Add every control call to an application; return the part of it that answers below `/_sandbox`."""
    guarded = front(access, CALLS)
    control = web.Application(middlewares=[guarded])
    memory = Memory(engine)
    for method, path, call in (*ONCE, *EVERYWHERE):
        add(control, method, path, checked(memory, method, path, call))
    for method, path, call in EVERYWHERE:
        add(control, method, f"/workspaces/{{workspace}}{path}", checked(memory, method, path, call))
    add_inbox(app, control, guarded)
    control.on_shutdown.append(memory.close)
    app.add_subapp(BASE, control)
    return control


def add(control: web.Application, method: str, path: str, handler: Handler) -> None:
    """Add a call; one that takes GET takes HEAD too, but for the stream of events, which has no end."""
    if method == "GET" and not path.endswith("/events"):
        control.router.add_get(path, handler)
    else:
        control.router.add_route(method, path, handler)


def checked(memory: Memory, method: str, path: str, call: Call) -> Handler:
    """Return the handler that reads a request by what the contract says of its call."""
    engine = memory.engine
    plain = (method, path, call) in ONCE and method == "GET"  # takes nothing: the contract need not be read for it

    async def handle(request: web.Request) -> web.StreamResponse:
        workspace = workspace_of(engine, request.match_info)
        query, body = NOTHING, NOTHING
        if not plain or request.query_string:
            expected, setting = contract()[method, path], Setting(engine.packs, workspace.world)
            query = read_query(request.rel_url.raw_query_string, expected, setting)
            if method != "GET" and expected.body is not None:
                body = read_body(await request.read(), expected, setting)
        return await call(ControlCall(memory, workspace, request.match_info, query, body, request))

    return handle


def workspace_of(engine: Engine, path: Mapping[str, str]) -> Workspace:
    """Return the workspace that a path names, `default` where it names none.

    Raises:
        ProblemError: 404, there is none.

    """
    name = path.get("workspace", DEFAULT_WORKSPACE)
    workspace = engine.workspaces.get(name)
    if workspace is None:
        raise refuse(404, "/workspace", f"no workspace is called {name[:200]!r}")
    engine.touch(name)
    return workspace
