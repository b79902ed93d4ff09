"""Every call of the control API as a method: written once, it returns its answer, or an awaitable of it.

What a call takes and means stands at its function in `traffic`, `callbacks`, `state` and `server`.
"""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from sandbox.client import callbacks as reports
from sandbox.client import server, state, traffic
from sandbox.client.call import ApiCall

if TYPE_CHECKING:
    from sandbox.client.async_client import AsyncClient
    from sandbox.client.sync_client import Client

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class Asked(Generic[Given, Answer]):
    """A method that puts the question which a function makes of its arguments."""

    def __init__(self, make: Callable[Given, ApiCall[Answer]]) -> None:
        self.make = make
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> "Asked[Given, Answer]": ...
    @overload
    def __get__(self, client: "Client", owner: type) -> Callable[Given, Answer]: ...
    @overload
    def __get__(self, client: "AsyncClient", owner: type) -> Callable[Given, Coroutine[Any, Any, Answer]]: ...
    def __get__(self, client: "Client | AsyncClient | None", owner: type) -> object:
        if client is None:
            return self

        @wraps(self.make)
        def put(*args: Given.args, **kwargs: Given.kwargs) -> object:
            __tracebackhide__ = True  # a failing test shows its own line
            return client.ask(self.make(*args, **kwargs))

        return put


class Calls:
    """The whole control API, but for its stream of events."""

    messages = Asked(traffic.messages)
    message = Asked(traffic.message)
    delete_messages = Asked(traffic.delete_messages)
    move = Asked(traffic.move)
    otp = Asked(traffic.otp)
    requests = Asked(traffic.requests)
    request = Asked(traffic.request)
    verify = Asked(traffic.verify)

    callbacks = Asked(reports.callbacks)
    callback = Asked(reports.callback)
    fire = Asked(reports.fire)
    hold = Asked(reports.hold)
    release = Asked(reports.release)
    cancel = Asked(reports.cancel)
    replay = Asked(reports.replay)
    targets = Asked(reports.targets)
    set_targets = Asked(reports.set_targets)
    target = Asked(reports.target)
    set_target = Asked(reports.set_target)
    delete_target = Asked(reports.delete_target)

    scenario = Asked(state.scenario)
    use = Asked(state.use)
    load_scenario = Asked(state.load_scenario)
    clock = Asked(state.clock)
    set_clock = Asked(state.set_clock)
    advance = Asked(state.advance)
    accounts = Asked(state.accounts)
    account = Asked(state.account)
    patch_account = Asked(state.patch_account)
    reset = Asked(state.reset)

    index = Asked(server.index)
    health = Asked(server.health)
    providers = Asked(server.providers)
    scenarios = Asked(server.scenarios)
    workspaces = Asked(server.workspaces)
    make_workspace = Asked(server.make_workspace)
    show_workspace = Asked(server.show_workspace)
    delete_workspace = Asked(server.delete_workspace)
    metrics = Asked(server.metrics)
    openapi = Asked(server.openapi)
    scenario_schema = Asked(server.scenario_schema)
