"""The two clients: `Client` blocks, on the standard library alone; `AsyncClient` uses aiohttp.

Both have every call of the control API as a method. The functions in `traffic`, `server` and `files` document the
calls.
"""

import http.client
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast, overload

from sandbox.client import files, server, traffic
from sandbox.client.call import DEFAULT_URL, SUCCESS, ApiCall, make_endpoint
from sandbox.client.codec import decode_json, no_content, path
from sandbox.client.errors import UnexpectedResponseError
from sandbox.client.values import Event

if TYPE_CHECKING:
    import aiohttp

Params = ParamSpec("Params")
Result = TypeVar("Result")

PIECE = 64 * 1024  # bytes of a body that are sent at once if somebody wants to know
SILENCE = 120.0  # seconds without a line, heartbeats included, after which the event stream counts as broken
LAST = "Last-Event-ID"
STREAM: ApiCall[None] = ApiCall("GET", path("events"), no_content, timeout=SILENCE)


class ApiMethod(Generic[Params, Result]):
    """A method that sends the call which a function makes of its arguments.

    It returns the result for a `Client`, and an awaitable of it for an `AsyncClient`.
    """

    def __init__(self, make: Callable[Params, ApiCall[Result]]) -> None:
        self.make = make
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> "ApiMethod[Params, Result]": ...
    @overload
    def __get__(self, client: "Client", owner: type) -> Callable[Params, Result]: ...
    @overload
    def __get__(self, client: "AsyncClient", owner: type) -> Callable[Params, Coroutine[Any, Any, Result]]: ...
    def __get__(self, client: "Client | AsyncClient | None", owner: type) -> object:
        if client is None:
            return self

        @wraps(self.make)
        def method(*args: Params.args, **kwargs: Params.kwargs) -> object:
            __tracebackhide__ = True  # a failing test shows its own line
            return client.execute(self.make(*args, **kwargs))

        return method


class ApiMethods:
    """The whole control API except its event stream."""

    messages = ApiMethod(traffic.messages)
    message = ApiMethod(traffic.message)
    delete_messages = ApiMethod(traffic.delete_messages)
    delete_message = ApiMethod(traffic.delete_message)
    move = ApiMethod(traffic.move)
    inbound = ApiMethod(traffic.inbound)
    otp = ApiMethod(traffic.otp)
    requests = ApiMethod(traffic.requests)
    request = ApiMethod(traffic.request)
    export_messages = ApiMethod(files.export_messages)
    export_requests = ApiMethod(files.export_requests)
    verify = ApiMethod(traffic.verify)
    overview = ApiMethod(traffic.overview)

    callbacks = ApiMethod(traffic.callbacks)
    callback = ApiMethod(traffic.callback)
    fire = ApiMethod(traffic.fire)
    hold = ApiMethod(traffic.hold)
    release = ApiMethod(traffic.release)
    cancel = ApiMethod(traffic.cancel)
    replay = ApiMethod(traffic.replay)

    targets = ApiMethod(server.targets)
    set_targets = ApiMethod(server.set_targets)
    target = ApiMethod(server.target)
    set_target = ApiMethod(server.set_target)
    delete_target = ApiMethod(server.delete_target)
    scenario = ApiMethod(server.scenario)
    use = ApiMethod(server.use)
    load_scenario = ApiMethod(server.load_scenario)
    check_scenario = ApiMethod(server.check_scenario)
    clock = ApiMethod(server.clock)
    set_clock = ApiMethod(server.set_clock)
    advance = ApiMethod(server.advance)
    agenda = ApiMethod(server.agenda)
    accounts = ApiMethod(server.accounts)
    account = ApiMethod(server.account)
    patch_account = ApiMethod(server.patch_account)
    reset = ApiMethod(server.reset)
    save_state = ApiMethod(files.save_state)
    load_state = ApiMethod(files.load_state)

    index = ApiMethod(server.index)
    health = ApiMethod(server.health)
    providers = ApiMethod(server.providers)
    provider_document = ApiMethod(files.provider_document)
    replicas = ApiMethod(server.replicas)
    scenarios = ApiMethod(server.scenarios)
    workspaces = ApiMethod(server.workspaces)
    make_workspace = ApiMethod(server.make_workspace)
    show_workspace = ApiMethod(server.show_workspace)
    rename_workspace = ApiMethod(server.rename_workspace)
    delete_workspace = ApiMethod(server.delete_workspace)
    metrics = ApiMethod(files.metrics)
    openapi = ApiMethod(files.openapi)
    scenario_schema = ApiMethod(files.scenario_schema)
    provider_schema = ApiMethod(files.provider_schema)

    def __init__(self, url: str = DEFAULT_URL, *, token: str | None = None, workspace: str | None = None) -> None:
        """Make a client of one workspace; nothing is sent yet.

        Args:
            url: the URL of the server.
            token: the control token, if the server requires one.
            workspace: the id of the workspace (default: `default`).

        Raises:
            AddressError: the URL or the token is invalid.

        """
        self._endpoint = make_endpoint(url, token=token, workspace=workspace)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r}, workspace={self._endpoint.workspace or 'default'!r})"

    @property
    def url(self) -> str:
        """The URL of the server, which the providers' paths are appended to."""
        return self._endpoint.url


class Client(ApiMethods):
    """A blocking client of one workspace. Each call has its own connection, so threads may share a client.

    ```python
    client = Client("http://127.0.0.1:8080")
    code = client.otp("38761444555", wait="5s").code
    ```
    """

    def workspace(self, id: str | None) -> "Client":  # noqa: A002 - the API's word
        """Return a client of another workspace of the same server; None for `default`."""
        return Client(self.url, token=self._endpoint.token, workspace=id)

    def execute(self, call: ApiCall[Result], *, on_sent: Callable[[int], None] | None = None) -> Result:
        """Send a call and return its result; `on_sent` is told how many bytes of its body have left.

        Raises:
            RefusedError: the server refused the call.
            UnreachableError: the server does not respond.
            UnexpectedResponseError: the response does not come from a sandbox.

        """
        __tracebackhide__ = True
        with closing(self._connect(call.timeout)) as connection:
            try:
                response = self._send(connection, call, {"Connection": "close"}, on_sent)
                status, body = response.status, response.read()
            except (OSError, UnicodeError, http.client.HTTPException) as failure:
                raise self._endpoint.unreachable(failure, call.timeout) from None
            return self._endpoint.parse(call, status, body)

    def events(self, last: str | None = None) -> Generator[Event, None, None]:
        """Yield events until the generator is closed; `last` is the id of the last event that is known.

        Raises:
            RefusedError: the server refused the call.
            UnreachableError: the server does not respond, or the stream broke off.

        """
        with closing(self._connect(STREAM.timeout)) as connection:
            try:
                response = self._send(connection, STREAM, {} if last is None else {LAST: last})
                if response.status not in SUCCESS:
                    self._endpoint.parse(STREAM, response.status, response.read())
                parser = EventParser()
                while line := response.readline():
                    event = parser.feed(line)
                    if event is not None:
                        yield event
            except (OSError, UnicodeError, http.client.HTTPException) as failure:
                raise self._endpoint.unreachable(failure, STREAM.timeout) from None

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._endpoint.tls else http.client.HTTPConnection
        return kind(self._endpoint.host, self._endpoint.port, timeout=timeout)

    def _send(
        self,
        connection: http.client.HTTPConnection,
        call: ApiCall[Result],
        more: Mapping[str, str],
        on_sent: Callable[[int], None] | None = None,
    ) -> http.client.HTTPResponse:
        headers = {**self._endpoint.headers(call), **more}
        body: bytes | Iterator[bytes] | None = call.body or None
        if body is not None and on_sent is not None:
            body, headers["Content-Length"] = _pieces(call.body, on_sent), str(len(call.body))
        connection.request(call.method, self._endpoint.target(call), body, headers)
        return connection.getresponse()


def _pieces(body: bytes, on_sent: Callable[[int], None]) -> Iterator[bytes]:
    for place in range(0, len(body), PIECE):
        yield body[place : place + PIECE]
        on_sent(min(place + PIECE, len(body)))


class AsyncClient(ApiMethods):
    """A client of one workspace for asyncio. It works in any event loop and does not have to be closed.

    ```python
    client = AsyncClient("http://127.0.0.1:8080")
    code = (await client.otp("38761444555", wait="5s")).code
    ```
    """

    def workspace(self, id: str | None) -> "AsyncClient":  # noqa: A002 - the API's word
        """Return a client of another workspace of the same server; None for `default`."""
        return AsyncClient(self.url, token=self._endpoint.token, workspace=id)

    async def execute(self, call: ApiCall[Result]) -> Result:
        """Send a call and return its result; raise as `Client.execute` does."""
        __tracebackhide__ = True
        async with self._send(call, {}) as response:
            body = await response.read()
        return self._endpoint.parse(call, response.status, body)

    async def events(self, last: str | None = None) -> AsyncGenerator[Event, None]:
        """Yield events until the generator is closed; raise as `Client.events` does."""
        async with self._send(STREAM, {} if last is None else {LAST: last}) as response:
            if response.status not in SUCCESS:
                self._endpoint.parse(STREAM, response.status, await response.read())
            parser = EventParser()
            async for line in response.content:
                event = parser.feed(line)
                if event is not None:
                    yield event

    @asynccontextmanager
    async def _send(self, call: ApiCall[Result], more: Mapping[str, str]) -> "AsyncIterator[aiohttp.ClientResponse]":
        import aiohttp  # noqa: PLC0415 - neither the blocking client nor the command line needs it
        from yarl import URL  # noqa: PLC0415 - as aiohttp

        origin = self._endpoint.url.removesuffix(self._endpoint.prefix)
        url = URL(origin + self._endpoint.target(call), encoded=True)
        headers = {**self._endpoint.headers(call), **more}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=call.timeout, sock_read=call.timeout)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.request(call.method, url, data=call.body or None, headers=headers) as response,
            ):
                yield response
        except (aiohttp.ClientError, OSError, UnicodeError) as failure:
            raise self._endpoint.unreachable(failure, call.timeout) from None


class EventParser:
    """Parses server-sent events line by line."""

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}

    def feed(self, line: bytes) -> Event | None:
        """Add a line; return the event that it completes, if any.

        Raises:
            UnexpectedResponseError: the data of the event is not a JSON object.

        """
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            value = value.removeprefix(" ")
            before = self._fields.get(name)
            self._fields[name] = f"{before}\n{value}" if before is not None and name == "data" else value
            return None
        fields, self._fields = self._fields, {}
        return _event(fields) if "data" in fields else None


def _event(fields: Mapping[str, str]) -> Event:
    try:
        data = decode_json(fields["data"].encode())
    except ValueError:
        data = None
    if not isinstance(data, dict):
        message = f"the data of an event is not a JSON object: {fields['data'][:60]!r}"
        raise UnexpectedResponseError(message)
    return Event(fields.get("id", ""), fields.get("event", ""), cast("Mapping[str, object]", data))
