"""The blocking client, on the standard library alone."""

import http.client
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import TypeVar

from sandbox.client.call import ApiCall
from sandbox.client.endpoint import DEFAULT_URL, GOOD, make_address
from sandbox.client.event_stream import LAST, STREAM, Lines
from sandbox.client.methods import Calls
from sandbox.client.values import Event

Answer = TypeVar("Answer")


class Client(Calls):
    """Speaks to a sandbox, for one workspace. Each call has its own connection, so threads may share a client.

    ```python
    client = Client("http://127.0.0.1:8080")
    code = client.otp("38761444555", wait="5s").code
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

    def workspace(self, id: str | None) -> "Client":  # noqa: A002 - the API's word
        """Return a client for another workspace of the same server; None for `default`."""
        return Client(self.url, token=self._address.token, workspace=id)

    def ask(self, question: ApiCall[Answer]) -> Answer:
        """Put a question and return its answer.

        Raises:
            RefusedError: the sandbox refused.
            UnreachableError: nobody answers.
            StrangerError: whoever answers is no sandbox.

        """
        __tracebackhide__ = True
        with closing(self._connect(question.patience)) as connection:
            status, answer = self._exchange(connection, question)
            return self._address.read(question, status, answer)

    def events(self, last: str | None = None) -> Generator[Event, None, None]:
        """Yield what happens, for as long as the caller listens; `last` is the id of the last event already known.

        Raises:
            RefusedError: the sandbox refused.
            UnreachableError: nobody answers, or the stream broke off.

        """
        with closing(self._connect(STREAM.patience)) as connection:
            try:
                reply = self._send(connection, STREAM, {} if last is None else {LAST: last})
                if reply.status not in GOOD:
                    self._address.read(STREAM, reply.status, reply.read())
                lines = Lines()
                while line := reply.readline():
                    event = lines.feed(line)
                    if event is not None:
                        yield event
            except (OSError, UnicodeError, http.client.HTTPException) as failure:
                raise self._address.unreachable(failure, STREAM.patience) from None

    def _connect(self, patience: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._address.tls else http.client.HTTPConnection
        return kind(self._address.host, self._address.port, timeout=patience)

    def _exchange(self, connection: http.client.HTTPConnection, question: ApiCall[Answer]) -> tuple[int, bytes]:
        __tracebackhide__ = True
        try:
            reply = self._send(connection, question, {"Connection": "close"})
            return reply.status, reply.read()
        except (OSError, UnicodeError, http.client.HTTPException) as failure:
            raise self._address.unreachable(failure, question.patience) from None

    def _send(
        self,
        connection: http.client.HTTPConnection,
        question: ApiCall[Answer],
        more: Mapping[str, str],
    ) -> http.client.HTTPResponse:
        headers = {**self._address.headers(question), **more}
        connection.request(question.method, self._address.target(question), question.body or None, headers)
        return connection.getresponse()
