"""The client to be awaited, on aiohttp, which is imported at its first call."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from sandbox.client.call import ApiCall
from sandbox.client.endpoint import DEFAULT_URL, GOOD, make_address
from sandbox.client.event_stream import LAST, STREAM, Lines
from sandbox.client.methods import Calls
from sandbox.client.values import Event

if TYPE_CHECKING:
    import aiohttp

Answer = TypeVar("Answer")


class AsyncClient(Calls):
    """Speaks to a sandbox, for one workspace, in whichever event loop it is awaited; there is nothing to be closed.

    ```python
    client = AsyncClient("http://127.0.0.1:8080")
    code = (await client.otp("38761444555", wait="5s")).code
    ```
    """

    def __init__(self, url: str = DEFAULT_URL, *, token: str | None = None, workspace: str | None = None) -> None:
        """Look at a sandbox; nothing is sent yet.

        Args:
            url: where it serves.
            token: its control token, if it asks for one.
            workspace: the id of the workspace; `default` unless told.

        Raises:
            AddressError: the URL or the token cannot be used.

        """
        self._address = make_address(url, token=token, workspace=workspace)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address.url!r}, workspace={self._address.workspace or 'default'!r})"

    @property
    def url(self) -> str:
        """Where the sandbox serves, for applications too: the providers' paths follow it."""
        return self._address.url

    def workspace(self, id: str | None) -> "AsyncClient":  # noqa: A002 - the API's word
        """Return a client for another workspace of the same server; None for `default`."""
        return AsyncClient(self.url, token=self._address.token, workspace=id)

    async def ask(self, question: ApiCall[Answer]) -> Answer:
        """Put a question and return its answer.

        Raises:
            RefusedError: the sandbox refused.
            UnreachableError: nobody answers.
            StrangerError: whoever answers is no sandbox.

        """
        __tracebackhide__ = True
        async with self._sent(question, {}) as reply:
            answer = await reply.read()
        return self._address.read(question, reply.status, answer)

    async def events(self, last: str | None = None) -> AsyncGenerator[Event, None]:
        """Yield what happens, for as long as the caller listens; `last` is the id of the last event already known.

        Raises:
            RefusedError: the sandbox refused.
            UnreachableError: nobody answers, or the stream broke off.

        """
        async with self._sent(STREAM, {} if last is None else {LAST: last}) as reply:
            if reply.status not in GOOD:
                self._address.read(STREAM, reply.status, await reply.read())
            lines = Lines()
            async for line in reply.content:
                event = lines.feed(line)
                if event is not None:
                    yield event

    @asynccontextmanager
    async def _sent(
        self,
        question: ApiCall[Answer],
        more: Mapping[str, str],
    ) -> "AsyncIterator[aiohttp.ClientResponse]":
        import aiohttp  # noqa: PLC0415 - the blocking client and the command line do without it
        from yarl import URL  # noqa: PLC0415 - as aiohttp

        origin = self._address.url.removesuffix(self._address.prefix)
        url = URL(origin + self._address.target(question), encoded=True)
        headers = {**self._address.headers(question), **more}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=question.patience, sock_read=question.patience)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.request(question.method, url, data=question.body or None, headers=headers) as reply,
            ):
                yield reply
        except (aiohttp.ClientError, OSError, UnicodeError) as failure:
            raise self._address.unreachable(failure, question.patience) from None
