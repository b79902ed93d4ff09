"""Calls to receivers: connections that are kept or not, answers of every form, and what is no answer."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.client import HTTPResponse
from io import BytesIO
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from sandbox.callbacks import http_client
from sandbox.callbacks.connection import NoAnswerError, NotThereError, Peer
from sandbox.callbacks.http_client import HttpClient
from tests.servers import PATIENCE, turn

CALL = b"POST /dlr HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LIMIT = 2048
NOWHERE = Peer("127.0.0.1", 0, None)


@dataclass
class Listener:
    """A receiver that says just these bytes: a row of pieces for each request, then it closes if it `closes`."""

    answers: list[tuple[bytes, ...]]
    closes: bool = False
    greeting: bytes = b""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    peer: Peer = NOWHERE

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            writer.write(self.greeting)
            while request := await reader.read(len(CALL)):
                self.requests.append(request)
                self.asked.set()
                for piece in self.answers.pop(0):
                    writer.write(piece)
                    await writer.drain()
                    await turn()
                if self.closes:
                    return
        except ConnectionError:
            pass
        finally:
            writer.close()
            self.ended.set()


@asynccontextmanager
async def listening(
    *answers: bytes | tuple[bytes, ...],
    closes: bool = False,
    greeting: bytes = b"",
    tls: ssl.SSLContext | None = None,
    name: str | None = None,
) -> AsyncIterator[Listener]:
    rows = [answer if isinstance(answer, tuple) else (answer,) for answer in answers]
    listener = Listener(rows, closes, greeting)
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0, ssl=tls)
    listener.peer = Peer("127.0.0.1", server.sockets[0].getsockname()[1], name)
    try:
        yield listener
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def calls() -> AsyncIterator[HttpClient]:
    made = HttpClient()
    yield made
    made.close()
    await turn()  # what was aborted is told so


def keeps(calls: HttpClient, peer: Peer) -> None:
    """Let it be known that a peer leaves its connections open."""
    calls.pool(peer).keeps = True


async def elapsed(calls: HttpClient, seconds: float) -> None:
    """Return when connections that are watched for so many seconds are no longer."""
    expiries = [connection.expiry for connection in calls.waiting if connection.expiry is not None]
    done = asyncio.Event()
    asyncio.get_running_loop().call_at(max(expiry.when() for expiry in expiries), done.set)
    await asyncio.wait_for(done.wait(), seconds + PATIENCE)
    await turn()


async def told(calls: HttpClient, listener: Listener) -> str:
    """Return why a call learnt nothing."""
    with pytest.raises(NoAnswerError) as caught:
        await calls.call(listener.peer, CALL)
    return str(caught.value)


ANSWERS = {
    "with a length": (OK, (200, b"ok")),
    "without a body": (b"HTTP/1.1 204 No Content\r\n\r\n", (204, b"")),
    "without a reason": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", (200, b"ok")),
    "in chunks": (
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\nA: b\r\n\r\n",
        (201, b"ok"),
    ),
    "after another": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + OK, (200, b"ok")),
    "in chunks whose size is padded": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2  \r\nok\r\n0\r\n\r\n",
        (200, b"ok"),
    ),
    "with a header over two lines": (
        b"HTTP/1.1 200 OK\r\nA: b\r\n c\x01\r\nContent-Length: 2\r\n\r\nok",
        (200, b"ok"),
    ),
    "of lines without CR": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", (200, b"ok")),
    "that is no success": (b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", (503, b"busy")),
    "of a status of its own": (b"HTTP/1.1 799 Odd\r\nContent-Length: 0\r\n\r\n", (799, b"")),
}


@pytest.mark.parametrize("form", ANSWERS)
async def test_an_answer_is_taken_and_its_connection_is_used_again(calls: HttpClient, form: str) -> None:
    answer, expected = ANSWERS[form]
    async with listening(answer, answer) as listener:
        keeps(calls, listener.peer)
        taken = [await calls.call(listener.peer, CALL) for _ in range(2)]

        assert (taken, listener.requests, listener.connections) == ([expected] * 2, [CALL] * 2, 1)


ENDING = {
    "says that it closes": (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", (200, b"ok")),
    "is of HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", (200, b"ok")),
    "has an answer behind it": (OK + OK, (200, b"ok")),
    "has something else behind it": (OK + b"\x00", (200, b"ok")),
    "switches to another protocol": (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\x01",
        (101, b""),
    ),
    "is longer than what is kept": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b"a" * 3000,
        (200, b"a" * LIMIT),
    ),
}


@pytest.mark.parametrize("form", ENDING)
async def test_a_connection_is_not_used_again_after_an_answer_that(calls: HttpClient, form: str) -> None:
    answer, expected = ENDING[form]
    async with listening(answer, OK) as listener:
        keeps(calls, listener.peer)
        taken = [await calls.call(listener.peer, CALL) for _ in range(2)]

        assert (taken, listener.connections) == ([expected, (200, b"ok")], 2)


@pytest.mark.parametrize("header", [b"", b"Transfer-Encoding: identity\r\n"])
async def test_a_body_without_a_length_ends_with_its_connection(calls: HttpClient, header: bytes) -> None:
    async with listening((b"HTTP/1.1 200 OK\r\n" + header + b"\r\no", b"k"), closes=True) as listener:
        assert await calls.call(listener.peer, CALL) == (200, b"ok")


@pytest.mark.parametrize("greeting", [OK, b"HTTP/1.0 200 OK\r\n\r\nok"])
async def test_a_receiver_made_by_hand_may_answer_before_it_is_asked(calls: HttpClient, greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        peer = Peer("127.0.0.1", server.getsockname()[1], None)

        def answer() -> None:
            theirs, _ = server.accept()
            with theirs:
                theirs.sendall(greeting)
                theirs.shutdown(socket.SHUT_WR)
                while theirs.recv(LIMIT):
                    pass

        _, taken = await asyncio.gather(asyncio.to_thread(answer), calls.call(peer, CALL))

    assert taken == (200, b"ok")


async def test_a_server_of_another_protocol_that_speaks_first_is_no_receiver(calls: HttpClient) -> None:
    async with listening((), closes=True, greeting=b"220 mail ready\r\n") as listener:
        assert await told(calls, listener) == "the receiver's response is not HTTP: Expected HTTP/, RTSP/ or ICE/"


async def test_a_receiver_that_closes_after_its_answer_without_a_word_misses_nothing(calls: HttpClient) -> None:
    async with listening(OK, OK, OK, closes=True) as listener:
        taken = []
        for _ in range(3):
            taken.append(await calls.call(listener.peer, CALL))
            await asyncio.wait_for(listener.ended.wait(), PATIENCE)
            listener.ended.clear()

        assert (taken, listener.connections) == ([(200, b"ok")] * 3, 3)


async def test_a_connection_that_nobody_needs_is_closed_after_a_while(
    calls: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "KEEP_TIME", 0)
    async with listening(OK) as listener:
        keeps(calls, listener.peer)
        answer = await calls.call(listener.peer, CALL)
        kept = len(calls.waiting)
        await asyncio.wait_for(listener.ended.wait(), PATIENCE)

        assert (answer, kept, calls.waiting) == ((200, b"ok"), 1, [])


@asynccontextmanager
async def accepting() -> AsyncIterator[tuple[Peer, Callable[[], Awaitable[socket.socket]]]]:
    """A receiver whose every step the test takes itself: where it listens, and how its next connection is accepted."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)

        async def accept() -> socket.socket:
            return (await asyncio.wait_for(asyncio.get_running_loop().sock_accept(server), PATIENCE))[0]

        yield Peer("127.0.0.1", server.getsockname()[1], None), accept


async def test_an_end_that_the_loop_has_not_heard_of_yet_is_seen_all_the_same(calls: HttpClient) -> None:
    loop = asyncio.get_running_loop()
    taken = []
    async with accepting() as (peer, accept), contextlib.AsyncExitStack() as opened:
        keeps(calls, peer)
        for _ in range(2):
            call = asyncio.create_task(calls.call(peer, CALL))
            theirs = opened.enter_context(await accept())
            await loop.sock_sendall(theirs, OK)
            taken.append(await call)
            theirs.shutdown(socket.SHUT_WR)  # and the next call begins before the loop looks

    assert taken == [(200, b"ok")] * 2


async def test_what_comes_unasked_ends_a_connection(calls: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "KEEP_TIME", PATIENCE * 2)
    loop = asyncio.get_running_loop()
    async with accepting() as (peer, accept):
        keeps(calls, peer)
        call = asyncio.create_task(calls.call(peer, CALL))
        with await accept() as theirs:
            await loop.sock_recv(theirs, LIMIT)
            await loop.sock_sendall(theirs, OK)
            await call
            await loop.sock_sendall(theirs, OK)
            end = await asyncio.wait_for(loop.sock_recv(theirs, LIMIT), PATIENCE)

    assert (end, calls.waiting) == (b"", [])


async def test_a_peer_is_called_over_new_connections_until_it_has_left_one_open(
    calls: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    async with listening(*[OK] * 6) as listener:
        await calls.call(listener.peer, CALL)
        await calls.call(listener.peer, CALL)
        made.append(listener.connections)
        await elapsed(calls, http_client.WATCH_TIME)
        monkeypatch.setattr(http_client, "KEEP_TIME", PATIENCE * 2)
        for _ in range(4):
            await calls.call(listener.peer, CALL)
        made.append(listener.connections)

    assert made == [2, 3]


async def test_a_peer_that_closes_a_watched_connection_gets_a_new_one_for_each_call(calls: HttpClient) -> None:
    async with listening(*[OK] * 4, closes=True) as listener:
        await calls.call(listener.peer, CALL)
        await asyncio.wait_for(listener.ended.wait(), PATIENCE)
        await turn()
        listener.closes = False
        taken = [await calls.call(listener.peer, CALL) for _ in range(3)]

        assert (taken, listener.connections, calls.waiting) == ([(200, b"ok")] * 3, 4, [])


async def test_a_peer_that_closes_a_kept_connection_gets_a_new_one_for_each_call(calls: HttpClient) -> None:
    async with listening(OK, (), OK, OK) as listener:
        keeps(calls, listener.peer)
        await calls.call(listener.peer, CALL)
        listener.closes = True
        await told(calls, listener)
        listener.closes = False
        taken = [await calls.call(listener.peer, CALL) for _ in range(2)]

        assert (taken, listener.connections, calls.waiting) == ([(200, b"ok")] * 2, 3, [])


async def test_a_peer_that_serves_one_connection_at_a_time_gets_a_new_one_for_each_call(calls: HttpClient) -> None:
    loop = asyncio.get_running_loop()
    async with accepting() as (peer, accept):

        async def serve() -> None:
            for _ in range(3):
                with await accept() as theirs:
                    while await loop.sock_recv(theirs, LIMIT):
                        await loop.sock_sendall(theirs, OK)

        server = loop.create_task(serve())
        taken = [await asyncio.wait_for(calls.call(peer, CALL), PATIENCE) for _ in range(3)]
        await asyncio.wait_for(server, PATIENCE)

    assert (taken, calls.waiting) == ([(200, b"ok")] * 3, [])


async def test_a_call_that_is_given_up_does_not_count_as_an_end_by_the_peer(calls: HttpClient) -> None:
    async with listening(OK, ()) as listener:
        keeps(calls, listener.peer)
        await calls.call(listener.peer, CALL)
        listener.asked.clear()
        call = asyncio.create_task(calls.call(listener.peer, CALL))
        await asyncio.wait_for(listener.asked.wait(), PATIENCE)
        call.cancel()
        await asyncio.wait_for(listener.ended.wait(), PATIENCE)

        assert calls.pool(listener.peer).keeps


def test_the_habits_of_peers_that_were_called_last_are_remembered(calls: HttpClient) -> None:
    peers = [Peer("127.0.0.1", port, None) for port in range(http_client.PEERS + 1)]
    for peer in peers[:-1]:
        keeps(calls, peer)
    calls.pool(peers[0])
    keeps(calls, peers[-1])

    assert [calls.pool(peer).keeps for peer in (peers[0], peers[2], peers[1])] == [True, True, None]


async def test_calls_side_by_side_have_a_connection_each(calls: HttpClient) -> None:
    async with listening(*[OK] * 5) as listener:
        taken = await asyncio.gather(*(calls.call(listener.peer, CALL) for _ in range(5)))

        assert (taken, listener.connections) == ([(200, b"ok")] * 5, 5)


async def test_a_call_that_is_given_up_closes_its_connection(calls: HttpClient) -> None:
    async with listening(()) as listener:
        call = asyncio.create_task(calls.call(listener.peer, CALL))
        async with asyncio.timeout(PATIENCE):
            await listener.asked.wait()
            call.cancel()
            await listener.ended.wait()

        assert call.cancelled()


NO_ANSWERS = {
    "the receiver closed the connection without a response": b"",
    "the receiver closed the connection in the middle of its response": OK[:-1],
    "the receiver's response is not HTTP: Expected HTTP/, RTSP/ or ICE/": b"SSH-2.0-x\r\n",
    "the head of the receiver's response has more than 65536 bytes": b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000,
}


@pytest.mark.parametrize("words", NO_ANSWERS)
async def test_what_is_no_answer_is_told_in_words_and_sent_once(calls: HttpClient, words: str) -> None:
    async with listening(NO_ANSWERS[words], closes=True) as listener:
        assert (await told(calls, listener), listener.requests) == (words, [CALL])


@pytest.mark.parametrize("said", [OK[:20], b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_what_has_no_status_of_its_own_is_no_answer(calls: HttpClient, said: bytes) -> None:
    async with listening(said, closes=True) as listener:
        assert await told(calls, listener) == "the receiver closed the connection without a response"


async def test_a_kept_connection_that_ends_without_an_answer_is_not_tried_again(calls: HttpClient) -> None:
    async with listening(OK, ()) as listener:
        keeps(calls, listener.peer)
        await calls.call(listener.peer, CALL)
        listener.closes = True

        assert (await told(calls, listener), listener.requests) == (
            "the receiver closed the connection without a response",
            [CALL] * 2,
        )


async def test_where_nobody_listens_the_system_says_why(calls: HttpClient) -> None:
    async with listening() as listener:
        pass
    with pytest.raises(NotThereError) as caught:
        await calls.call(listener.peer, CALL)

    assert str(caught.value) == "cannot connect: Connection refused"


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def speaks_tls(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def test_a_receiver_with_tls_is_judged_by_the_authority_that_was_named(
    authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    calls = HttpClient(tmp_path / "ca.pem")
    async with listening(OK, OK, tls=speaks_tls(authority, "app.test"), name="app.test") as listener:
        taken = [await calls.call(listener.peer, CALL) for _ in range(2)]
        calls.close()
        await asyncio.wait_for(listener.ended.wait(), PATIENCE)

    assert (taken, listener.requests) == ([(200, b"ok")] * 2, [CALL] * 2)


@pytest.mark.parametrize("close", [b"Connection: close\r\n", b""])
async def test_a_connection_with_tls_ends_with_a_goodbye(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, close: bytes
) -> None:
    monkeypatch.setattr(http_client, "KEEP_TIME", 0)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)

        def answer() -> bytes:
            with speaks_tls(authority, "app.test").wrap_socket(server.accept()[0], server_side=True) as theirs:
                theirs.recv(LIMIT)
                theirs.sendall(OK.replace(b"\r\n", b"\r\n" + close, 1))
                return theirs.recv(LIMIT)  # raises where the end comes without a goodbye

        peer = Peer("127.0.0.1", server.getsockname()[1], "app.test")
        end, taken = await asyncio.gather(asyncio.to_thread(answer), HttpClient(tmp_path / "ca.pem").call(peer, CALL))

    assert (end, taken) == (b"", (200, b"ok"))


async def test_a_connection_with_tls_ends_though_the_peer_does_not_answer_the_goodbye(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "TLS_CLOSE_TIMEOUT", 0.05)  # of real time
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)

        def answer() -> bytes:
            theirs = speaks_tls(authority, "app.test").wrap_socket(server.accept()[0], server_side=True)
            theirs.recv(LIMIT)
            theirs.sendall(OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            with socket.socket(fileno=theirs.detach()) as bare:
                bare.settimeout(PATIENCE)
                while bare.recv(LIMIT):
                    pass
            return b"ended"

        peer = Peer("127.0.0.1", server.getsockname()[1], "app.test")
        end, taken = await asyncio.gather(asyncio.to_thread(answer), HttpClient(tmp_path / "ca.pem").call(peer, CALL))

    assert (end, taken) == (b"ended", (200, b"ok"))


DISTRUST = "cannot connect: its certificate is not trusted ({}); to trust it, name its CA in a file with --callback-ca"


async def test_a_receiver_with_a_certificate_of_its_own_is_not_trusted(
    calls: HttpClient, authority: trustme.CA
) -> None:
    async with listening(tls=speaks_tls(authority, "app.test"), name="app.test") as listener:
        reason = "unable to get local issuer certificate"

        assert (await told(calls, listener), listener.requests) == (DISTRUST.format(reason), [])


async def test_a_certificate_must_be_for_the_host_of_the_target(authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    calls = HttpClient(tmp_path / "ca.pem")
    async with listening(tls=speaks_tls(authority, "app.test"), name="other.test") as listener:
        reason = "Hostname mismatch, certificate is not valid for 'other.test'."

        assert await told(calls, listener) == DISTRUST.format(reason)


async def test_a_receiver_without_tls_is_no_peer_for_https(calls: HttpClient) -> None:
    async with listening(OK, name="app.test") as listener:
        assert (await told(calls, listener)).startswith("cannot connect: TLS failed (")


def by_the_library(answer: bytes) -> tuple[int, bytes]:
    """Return what the standard library reads in an answer."""

    class Socket:
        def makefile(self, _: str) -> BytesIO:
            return BytesIO(answer)

    response = HTTPResponse(Socket())  # type: ignore[arg-type]
    response.begin()
    return response.status, response.read()[:LIMIT]


def chunked(parts: list[bytes]) -> bytes:
    sized = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part)
    return b"Transfer-Encoding: chunked\r\n\r\n" + sized + b"0\r\n\r\n"


def with_length(parts: list[bytes]) -> bytes:
    body = b"".join(parts)
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


BODIES = st.lists(st.binary(max_size=1500), max_size=3)


@given(
    st.integers(200, 599), BODIES, st.sampled_from([chunked, with_length]), st.lists(st.integers(1, 60), max_size=12)
)
async def test_however_an_answer_is_cut_it_is_read_as_the_standard_library_reads_it(
    status: int, parts: list[bytes], framed: Callable[[list[bytes]], bytes], cuts: list[int]
) -> None:
    answer = b"HTTP/1.1 %d X\r\n" % status + framed(parts)
    pieces, rest = [], answer
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    calls = HttpClient()
    async with listening((*filter(None, pieces), rest)) as listener:
        taken = await calls.call(listener.peer, CALL)
        calls.close()
        await asyncio.wait_for(listener.ended.wait(), PATIENCE)

    assert taken == by_the_library(answer)
