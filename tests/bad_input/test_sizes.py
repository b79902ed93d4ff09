"""Bodies of all sizes: too large is 413, ten thousand recipients go through or not as a whole, none stalls the loop."""

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from urllib.parse import unquote

import pytest
from yarl import URL

from sandbox.pipeline import BODY_LIMIT, Response
from sandbox.specs.body_parsing import FORM, Request
from tests.bad_input.ways import (
    BUDDY,
    JSON,
    ROOT,
    SENDERS,
    XML,
    Sender,
    Values,
    ask,
    faults,
    label,
    traces,
    ways,
)
from tests.builders import Desk
from tests.conformance import reply_problems
from tests.servers import PATIENCE, Sandbox

# One way of each provider: what is large is large for all.
WEIGHED = [
    each
    for each in SENDERS
    if each.kind == JSON and each.name in {"betatel.sms.send", "ubill.sms.send", "smsbuddy.sms.send_json"}
]
MANY = [f"98{number:08}" for number in range(10_000)]


MANY_OF_BUDDY: list[tuple[str, Values]] = [
    ("/api/v1/sms/send", {**BUDDY, "to": ",".join(MANY)}),
    ("/api/v1/sms/send/json", {"root": ROOT, "nodes": [{"to": number} for number in MANY]}),
]


@pytest.mark.parametrize(("path", "body"), MANY_OF_BUDDY, ids=["send", "json"])
def test_ten_thousand_recipients_of_sms_buddy_are_refused_whole(path: str, body: Values) -> None:
    request = Request("POST", path, "", {"content-type": JSON}, json.dumps(body).encode())

    assert faults(Desk(), request) == []


def test_an_explanation_of_ten_thousand_mistakes_fits_its_header_and_names_the_rest() -> None:
    desk = Desk()
    nodes = [{"to": True, "message": f"a\0{number}"} for number in range(10_000)]
    request = Request(
        "POST",
        "/api/v1/sms/send/json",
        "",
        {"content-type": JSON},
        json.dumps({"root": ROOT, "nodes": nodes}).encode(),
    )
    why = ask(desk, request).headers["X-Sandbox-Why"]

    assert (len(why) <= 2048, why.rpartition("; ")[2].endswith(" more: /_sandbox/requests/1")) == (True, True)


def padded(way: Sender, size: int) -> bytes:
    """Return a body of exactly `size` bytes that is well formed as far as it goes."""
    room = size - len(way.request(way.changed(**{way.text: ""})).body)
    return way.request(way.changed(**{way.text: "a" * room})).body


async def post(
    sandbox: Sandbox, request: Request, *, data: object = None, headers: Mapping[str, str] | None = None
) -> Response:
    url = URL(str(sandbox.client.make_url(request.path)) + (f"?{request.query}" if request.query else ""), encoded=True)
    sent = {name: value for name, value in {**request.headers, **(headers or {})}.items() if value}
    reply = await sandbox.client.session.request(
        request.method,
        url,
        data=BytesIO(request.body) if data is None else data,
        headers=sent,
        skip_auto_headers=["Content-Type"],
    )
    return Response(reply.status, dict(reply.headers), await reply.read())


@pytest.mark.parametrize("way", ways(JSON, FORM, XML))
async def test_a_body_of_more_than_a_mebibyte_is_refused_with_413(sandbox: Sandbox, way: Sender) -> None:
    at_most = await post(sandbox, way.raw(padded(way, BODY_LIMIT)))
    kept = len(sandbox.world.messages)
    over = await post(sandbox, way.raw(padded(way, BODY_LIMIT + 1)))

    assert (
        at_most.status != 413,
        over.status,
        reply_problems(over, way.method, way.path),
        unquote(over.headers["X-Sandbox-Why"]),
        len(sandbox.world.messages),
    ) == (True, 413, [], "body: more than 1048576 bytes", kept)


@pytest.mark.parametrize("way", WEIGHED, ids=label)
async def test_a_body_whose_length_is_not_told_is_refused_with_413_too(sandbox: Sandbox, way: Sender) -> None:
    async def pieces() -> object:
        for _ in range(20):
            yield b" " * 65536

    reply = await post(sandbox, way.raw(b""), data=pieces())

    assert (reply.status, reply_problems(reply, way.method, way.path), traces(sandbox.world)) == (413, [], [])


@pytest.mark.parametrize("way", WEIGHED, ids=label)
async def test_a_compressed_body_that_grows_beyond_the_limit_is_refused_with_413(sandbox: Sandbox, way: Sender) -> None:
    bomb = gzip.compress(b" " * (4 * BODY_LIMIT))
    reply = await post(sandbox, way.raw(bomb), headers={"Content-Encoding": "gzip"})

    assert (reply.status, reply_problems(reply, way.method, way.path), traces(sandbox.world)) == (413, [], [])


@pytest.mark.parametrize("way", WEIGHED, ids=label)
async def test_a_compressed_body_is_read(sandbox: Sandbox, way: Sender) -> None:
    body = gzip.compress(way.request(way.good).body)
    reply = await post(sandbox, way.raw(body), headers={"Content-Encoding": "gzip"})

    assert (reply.status, len(sandbox.world.messages)) == (200, 1)


@pytest.mark.parametrize("way", WEIGHED, ids=label)
async def test_a_body_that_is_not_compressed_as_it_says_is_refused(sandbox: Sandbox, way: Sender) -> None:
    reply = await post(sandbox, way.request(way.good), headers={"Content-Encoding": "gzip"})

    assert (reply_problems(reply, way.method, way.path), "X-Sandbox-Why" in reply.headers, traces(sandbox.world)) == (
        [],
        True,
        [],
    )


HEAVY: Mapping[str, Callable[[], bytes]] = {
    "deep arrays": lambda: b"[" * BODY_LIMIT,
    "flat arrays": lambda: b'{"to":[' + b"[]," * (BODY_LIMIT // 3 - 10) + b"[]]}",
    "many keys": lambda: b"{" + b",".join(b'"%d":1' % number for number in range(90_000)) + b"}",
    "a long number": lambda: b'{"to":' + b"9" * (BODY_LIMIT - 10) + b"}",
    "a long string": lambda: b'{"to":"' + b"9" * (BODY_LIMIT - 10) + b'"}',
    "backslashes": lambda: b'{"to":"' + b"\\\\" * (BODY_LIMIT // 2 - 10) + b'"}',
    "quotes": lambda: b'"' * BODY_LIMIT,
    "escaped surrogates": lambda: b'{"text":"' + b"\\ud83d\\ude00" * (BODY_LIMIT // 12 - 10) + b'"}',
    "nodes": lambda: b'{"root":{},"nodes":[' + b"{}," * (BODY_LIMIT // 3 - 20) + b"{}]}",
}


@pytest.mark.parametrize("body", HEAVY.values(), ids=HEAVY)
async def test_no_body_stalls_the_loop(sandbox: Sandbox, body: Callable[[], bytes]) -> None:
    content = body()
    async with asyncio.timeout(PATIENCE):
        replies = [await post(sandbox, way.raw(content)) for way in WEIGHED]

    assert (max(each.status for each in replies) < 500, traces(sandbox.world)) == (True, [])


def slow() -> Iterator[tuple[str, str, bytes]]:
    """Yield content type, path and body of what is laborious to read in other forms than JSON."""
    yield FORM, "/v1/sms/send", b"&".join([b"numbers[]=1"] * 1000)
    yield FORM, "/v1/sms/send", b"numbers=" + b"," * (BODY_LIMIT - 10)
    yield FORM, "/v1/sms/send", b"text=" + b"%" * (BODY_LIMIT - 10)
    yield FORM, "/api/v1/sms/send", b"to=" + b"9," * (BODY_LIMIT // 2 - 10)
    yield XML, "/v1/sms/sendXml", b"<request>" + b"<a/>" * (BODY_LIMIT // 4 - 10) + b"</request>"
    yield XML, "/v1/sms/sendXml", b"<request " + b'a="1" ' * (BODY_LIMIT // 6 - 10) + b"/>"


@pytest.mark.parametrize(("kind", "path", "body"), list(slow()))
async def test_no_form_and_no_xml_stalls_the_loop(sandbox: Sandbox, kind: str, path: str, body: bytes) -> None:
    async with asyncio.timeout(PATIENCE):
        reply = await post(sandbox, Request("POST", path, "key=k1", {"content-type": kind}, body))

    assert (reply.status < 500, traces(sandbox.world)) == (True, [])
