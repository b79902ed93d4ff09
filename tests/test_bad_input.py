"""What is malformed gets the provider's own refusal with the reason, and nothing else comes of it."""

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import unquote, urlencode

import pytest
from yarl import URL

from sandbox.core.scenario import Scenario
from sandbox.core.world import World
from sandbox.handling import BODY_ACCEPTED, Answer, answer, arrive
from sandbox.specs.reading import FORM, Request
from sandbox.specs.routing import Missed
from tests.builders import Desk, make_world, packs, router
from tests.conformance import reply_problems
from tests.servers import PATIENCE, Sandbox

JSON, XML = "application/json", "application/xml"
Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sender:
    """An operation that sends, asked in one of its ways; `to`, `text` and `sender` are its own words."""

    name: str
    method: str
    path: str
    kind: str
    good: Values
    to: str
    text: str
    sender: str | None
    headers: Mapping[str, str]
    query: Mapping[str, str]

    def request(self, values: Values) -> Request:
        """Return a request with these values in place of the good ones."""
        if self.kind == "query":
            return self.raw(b"", query={**self.query, **values})
        if self.kind == FORM:
            return self.raw(urlencode(values, doseq=True).encode())
        return self.raw(xml(values) if self.kind == XML else json.dumps(values).encode())

    def raw(self, body: bytes, *, kind: str | None = None, query: Values | str | None = None) -> Request:
        """Return a request with this body, whatever it is."""
        given = self.kind if kind is None else kind
        headers = {**self.headers, **({"content-type": given} if given and given != "query" else {})}
        text = query if isinstance(query, str) else urlencode(self.query if query is None else query, doseq=True)
        return Request(self.method, self.path, text, headers, body)

    def changed(self, **changes: object) -> Values:
        """Return the good values, some of them changed; those of a JSON send change in its first node."""
        if "nodes" in self.good:
            root, nodes = self.good["root"], self.good["nodes"]
            assert isinstance(nodes, list)
            return {"root": root, "nodes": [{**nodes[0], **changes}, *nodes[1:]]}
        return {**self.good, **changes}


def xml(values: Values) -> bytes:
    children = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    return f"<request>{children}</request>".encode()


SMS = {"from": "ACME", "to": "38761930305", "text": "hello"}
CODE = {"to": "38761444555", "text": "482910"}
UBILL = {"brandID": "1", "numbers": "995511194242", "text": "hello"}
BUDDY = {"key": "k1", "type": "1", "to": "9812345678", "sender": "SMSBDY", "message": "hello"}
ROOT = {"key": "k1", "type": "1", "sender": "SMSBDY", "message": "hello"}
OTP = {"key": "k1", "to": "9812345678", "sender": "SMSBDY", "message": "Your code is {#otp#}."}
KEYS = {"x-api-key": "k1", "x-account-id": "a1", "x-user-id": "u1"}


def sender(name: str, method: str, path: str, kind: str, good: Values, **rest: object) -> Sender:
    provider = name.partition(".")[0]
    return Sender(name, method, path, kind, good, **{**OWN[provider], **rest})  # type: ignore[arg-type]


OWN: Mapping[str, Values] = {
    "betatel": {"to": "to", "text": "text", "sender": "from", "headers": KEYS, "query": {}},
    "ubill": {"to": "numbers", "text": "text", "sender": None, "headers": {}, "query": {"key": "k1"}},
    "smsbuddy": {"to": "to", "text": "message", "sender": "sender", "headers": {}, "query": {}},
}

SENDERS = [
    sender("betatel.sms.send", "POST", "/api/smpp/client/send", JSON, SMS),
    sender("betatel.connect.sms.send", "POST", "/api/v1/connect-hub/sms", JSON, SMS),
    sender("betatel.whatsapp.otp", "POST", "/api/v1/connect-hub/whatsapp/otp", JSON, CODE, sender=None),
    sender("ubill.sms.send", "GET", "/v1/sms/send", "query", UBILL),
    sender("ubill.sms.send", "POST", "/v1/sms/send", JSON, UBILL),
    sender("ubill.sms.send", "POST", "/v1/sms/send", FORM, UBILL),
    sender("ubill.sms.send_xml", "POST", "/v1/sms/sendXml", XML, UBILL),
    sender("smsbuddy.sms.send", "GET", "/api/v1/sms/send", "query", BUDDY),
    sender("smsbuddy.sms.send", "POST", "/api/v1/sms/send", FORM, BUDDY),
    sender("smsbuddy.sms.send", "POST", "/api/sms/send", JSON, BUDDY),
    sender(
        "smsbuddy.sms.send_json", "POST", "/api/v1/sms/send/json", JSON, {"root": ROOT, "nodes": [{"to": "9812345678"}]}
    ),
    sender("smsbuddy.otp.create", "POST", "/api/v1/otp/create", FORM, OTP),
    sender("smsbuddy.otp.create", "POST", "/api/otp/create", JSON, OTP),
    sender("smsbuddy.otp.create", "GET", "/api/otp/create", "query", OTP),
]


def label(way: Sender) -> str:
    return f"{way.name}-{way.method}-{way.kind.rpartition('/')[2]}"


def ways(*kinds: str) -> list[object]:
    """Return the senders that can be asked in one of these ways; all when none is named."""
    return [pytest.param(way, id=label(way)) for way in SENDERS if not kinds or way.kind in kinds]


def ask(desk: Desk, request: Request) -> Answer:
    arrival = arrive(request, packs=packs(), router=router(), arrived=0.0)
    assert not isinstance(arrival, Missed)
    return answer(desk.world, arrival)


def traces(world: World) -> list[object]:
    """Return what a refused request must not leave: anything but its entry in the journal."""
    kept = (world.messages, world.accounts, world.callbacks, world.otps, world.windows)
    return [*filter(None, kept), *world.agenda, *(each for each in world.exchanges.values() if not each.refused)]


def faults(desk: Desk, request: Request) -> list[object]:
    """Return all that is wrong with the way in which a request is refused."""
    reply = ask(desk, request)
    why = reply.headers.get("X-Sandbox-Why", "")
    return [
        *reply_problems(reply, request.method, request.path),
        *(["not refused"] if not why.isascii() or not unquote(why, errors="strict").strip() else []),
        *(["a header too long"] if len(why) > 2048 else []),
        *(["a server error"] if reply.status >= 500 else []),
        *traces(desk.world),
    ]


@pytest.mark.parametrize("way", ways())
def test_what_is_well_formed_is_accepted(way: Sender) -> None:
    desk = Desk()
    reply = ask(desk, way.request(way.good))

    assert (reply.status, reply.headers.get("X-Sandbox-Why"), len(desk.world.messages)) == (200, None, 1)


UNREADABLE_JSON: Mapping[str, bytes] = {
    "empty": b"",
    "blank": b" \r\n",
    "cut short": b'{"to": "38761930305"',
    "a trailing comma": b'{"to": "38761930305",}',
    "single quotes": b"{'to': '38761930305'}",
    "a comment": b'{"to": "38761930305"} // x',
    "two documents": b"{}{}",
    "an array": b"[]",
    "a string": b'"to"',
    "a number": b"5",
    "null": b"null",
    "not utf-8": b'{"to": "\xff\xfe"}',
    "utf-16": '{"to": "38761930305"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "NaN": b'{"to": NaN}',
    "Infinity": b'{"to": -Infinity}',
    "a number of 5000 digits": b'{"to": ' + b"9" * 5000 + b"}",
    "half a surrogate pair": b'{"to": "38761930305", "text": "\\ud83d"}',
    "half a surrogate pair in a key": b'{"\\udc00": 1}',
    "a raw line break in a string": b'{"text": "a\nb"}',
    "a raw NUL in a string": b'{"text": "a\x00b"}',
    "100000 arrays deep": b'{"to": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100000 arrays deep and never closed": b"[" * 100_000,
    "100000 objects deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "1000 arrays deep": b'{"to": ' + b"[" * 1000 + b"]" * 1000 + b"}",
    "form data": b"to=38761930305&text=hello",
    "gzip": gzip.compress(b"{}"),
}


@pytest.mark.parametrize("body", UNREADABLE_JSON.values(), ids=UNREADABLE_JSON)
@pytest.mark.parametrize("way", ways(JSON))
def test_json_that_cannot_be_read_is_refused(way: Sender, body: bytes) -> None:
    assert faults(Desk(), way.raw(body)) == []


UNREADABLE_XML: Mapping[str, bytes] = {
    "empty": b"",
    "cut short": b"<request><brandID>1</brandID>",
    "two roots": b"<request/><request/>",
    "json": b"{}",
    "not utf-8": b"<request>\xff</request>",
    "another declared encoding": '<?xml version="1.0" encoding="utf-16"?><request/>'.encode("utf-16"),
    "an unknown encoding": b'<?xml version="1.0" encoding="nil"?><request/>',
    "a NUL": b"<request><text>a\x00b</text></request>",
    "a reference to NUL": b"<request><text>a&#0;b</text></request>",
    "an unknown entity": b"<request><text>&b;</text></request>",
    "a doctype": b"<!DOCTYPE request><request/>",
    "an entity": b'<!DOCTYPE a [<!ENTITY b "c">]><request><text>&b;</text></request>',
    "an external entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><request><text>&b;</text></request>',
    "an external doctype": b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><request/>',
    "entities of entities": (
        b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;"><!ENTITY d "&c;&c;&c;">]><request>&d;</request>'
    ),
    "100000 elements deep and never closed": b"<a>" * 100_000,
}


@pytest.mark.parametrize("body", UNREADABLE_XML.values(), ids=UNREADABLE_XML)
@pytest.mark.parametrize("way", ways(XML))
def test_xml_that_cannot_be_read_is_refused(way: Sender, body: bytes) -> None:
    assert faults(Desk(), way.raw(body)) == []


@pytest.mark.parametrize("way", ways(XML))
def test_xml_that_is_100000_elements_deep_is_refused(way: Sender) -> None:
    assert faults(Desk(), way.raw(b"<a>" * 100_000 + b"</a>" * 100_000)) == []


UNREADABLE_FORM: Mapping[str, bytes] = {
    "empty": b"",
    "not utf-8": b"to=\xff",
    "an encoding that is not utf-8": b"to=%ff",
    "half a surrogate pair": b"message=%ED%A0%80",
    "1001 fields": b"&".join([b"a=1"] * 1001),
    "json": b'{"to": "9812345678"}',
}


@pytest.mark.parametrize("body", UNREADABLE_FORM.values(), ids=UNREADABLE_FORM)
@pytest.mark.parametrize("way", ways(FORM))
def test_a_form_that_cannot_be_read_is_refused(way: Sender, body: bytes) -> None:
    assert faults(Desk(), way.raw(body)) == []


@pytest.mark.parametrize("body", UNREADABLE_FORM.values(), ids=UNREADABLE_FORM)
@pytest.mark.parametrize("way", ways("query"))
def test_a_query_that_cannot_be_read_is_refused(way: Sender, body: bytes) -> None:
    query = f"{urlencode(way.query)}&{body.decode('latin-1')}"

    assert faults(Desk(), way.raw(b"", query=query)) == []


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/octet-stream",
        "multipart/form-data; boundary=x",
        "nonsense",
        "application/xhtml+xml",
    ],
)
@pytest.mark.parametrize("way", ways(JSON, FORM, XML))
def test_a_body_of_another_type_is_refused(way: Sender, kind: str) -> None:
    request = way.request(way.good)

    assert faults(Desk(), way.raw(request.body, kind=kind)) == []


NO_STRINGS: Mapping[str, object] = {
    "null": None,
    "true": True,
    "a float": 387619303.5,
    "an object": {"a": "38761930305"},
    "an array of arrays": [["38761930305"]],
    "a boolean in an array": [True],
}


@pytest.mark.parametrize("value", NO_STRINGS.values(), ids=NO_STRINGS)
@pytest.mark.parametrize("field", ["to", "text", "sender"])
@pytest.mark.parametrize("way", ways(JSON))
def test_what_is_no_string_is_refused_where_one_belongs(way: Sender, field: str, value: object) -> None:
    name = getattr(way, field) or way.text

    assert faults(Desk(), way.request(way.changed(**{name: value}))) == []


@pytest.mark.parametrize("value", [5, 1.5, ["hello"], 10**300])
@pytest.mark.parametrize("way", ways(JSON))
def test_a_text_that_is_a_number_or_an_array_is_refused(way: Sender, value: object) -> None:
    assert faults(Desk(), way.request(way.changed(**{way.text: value}))) == []


NO_NUMBERS: Mapping[str, str] = {
    "empty": "",
    "blank": " ",
    "a comma": ",",
    "too short": "12345",
    "letters": "38761x30305",
    "4000 digits": "9" * 4000,
    "a zero in front": "012345678901",
    "arabic-indic digits": "٣٨٧٦١٩٣٠٣٠٥",
    "fullwidth digits": "\uff13\uff18\uff17\uff16\uff11\uff19\uff13\uff10\uff13\uff10\uff15",
    "superscript digits": "³⁸⁷⁶¹⁹³⁰³⁰⁵",
    "a line separator": "38761930305\u2028",
    "a no-break space": "38761930305\u00a0",
    "a right-to-left mark": "\u200f38761930305",
    "a plus at the end": "38761930305+",
    "two pluses": "++38761930305",
    "an exponent": "3.8761930305e10",
    "hexadecimal": "0x906e0f3c1",
    "sql": "1' OR '1'='1",
    "markup": "<script>alert(1)</script>",
    "a format": "%s%n{0}{{7*7}}",
}


@pytest.mark.parametrize("number", NO_NUMBERS.values(), ids=NO_NUMBERS)
@pytest.mark.parametrize("way", ways())
def test_what_is_no_number_is_refused(way: Sender, number: str) -> None:
    text = number if way.kind != XML else number.replace("&", "&amp;").replace("<", "&lt;")

    assert faults(Desk(), way.request(way.changed(**{way.to: text}))) == []


@pytest.mark.parametrize("mark", ["\n", "\0", "\x1b", "\x7f", "\x0b"])
@pytest.mark.parametrize("way", ways(JSON))
def test_a_number_with_a_control_character_at_its_end_is_never_sent_to_with_it(way: Sender, mark: str) -> None:
    desk = Desk()
    number = str(way.good.get(way.to, "9812345678"))
    reply = ask(desk, way.request(way.changed(**{way.to: number + mark})))

    recipients = [message.recipient[-1:] for message in desk.world.messages.values()]
    assert (reply_problems(reply, way.method, way.path), mark in recipients, reply.status < 500) == ([], False, True)


@pytest.mark.parametrize("way", [way for way in SENDERS if way.name.startswith("betatel")], ids=label)
def test_a_betatel_number_with_a_line_break_at_its_end_is_refused(way: Sender) -> None:
    assert faults(Desk(), way.request(way.changed(to="38761930305\n"))) == []


@pytest.mark.parametrize("text", ["a\0b", "\x1b[31mred", "a\x7fb", "a\x0bb", "\x08"])
@pytest.mark.parametrize("way", ways(JSON, FORM, "query"))
def test_a_text_with_a_control_character_is_refused(way: Sender, text: str) -> None:
    assert faults(Desk(), way.request(way.changed(**{way.text: text}))) == []


@pytest.mark.parametrize("text", ["a\r\nb", "a\tb", "ქართული", "😀", "\u202e", "<b>&amp;</b>", "{{7*7}}", "%00"])
@pytest.mark.parametrize("way", ways(JSON, FORM, "query"))
def test_any_other_text_is_kept_as_it_came(way: Sender, text: str) -> None:
    desk = Desk()
    ask(desk, way.request(way.changed(**{way.text: f"a {text}"})))

    assert [message.text for message in desk.world.messages.values()] == [f"a {text}"]


@pytest.mark.parametrize("name", ["", " ", "a\0b", "AB\n", "A\x1b", "A" * 5000, "ЖЖ", "\u202eACME"])
@pytest.mark.parametrize("way", [way for way in SENDERS if way.sender and "nodes" not in way.good], ids=label)
def test_a_sender_with_control_or_foreign_characters_is_refused(way: Sender, name: str) -> None:
    assert faults(Desk(), way.request(way.changed(**{str(way.sender): name}))) == []


@pytest.mark.parametrize("way", ways())
def test_a_missing_recipient_text_or_sender_is_refused(way: Sender) -> None:
    names = [each for each in (way.to, way.text, way.sender) if each]
    missing = [{name: value for name, value in way.changed().items() if name != left_out} for left_out in names]
    if "nodes" in way.good:
        missing = [{"nodes": way.good["nodes"]}, {"root": way.good["root"]}, {"root": {}, "nodes": [{}]}]

    assert [faults(Desk(), way.request(values)) for values in missing] == [[]] * len(missing)


@pytest.mark.parametrize("value", [{}, [], "x", 5, True, None, [[]], ["x"], [None], [5], [{}]])
@pytest.mark.parametrize("field", ["root", "nodes"])
def test_a_json_send_whose_parts_are_of_another_kind_is_refused(field: str, value: object) -> None:
    way = next(each for each in SENDERS if "nodes" in each.good)

    assert faults(Desk(), way.request({**way.good, field: value})) == []


@pytest.mark.parametrize("key", ["", " ", "\0", "k" * 5000, "k\n", "ключ", "\u202e"])
@pytest.mark.parametrize("way", ways())
def test_a_key_that_is_none_is_refused_or_is_an_account_of_its_own(way: Sender, key: str) -> None:
    desk = Desk()
    request = with_key(way, key)
    reply = ask(desk, request)

    opened = [account.key for account in desk.world.accounts.values()]
    assert (reply_problems(reply, request.method, request.path), reply.status < 500, len(opened) <= 1) == (
        [],
        True,
        True,
    )


def with_key(way: Sender, key: str) -> Request:
    """Return a good request under another key."""
    if way.name.startswith("betatel"):
        request = way.request(way.good)
        return Request(request.method, request.path, request.query, {**request.headers, "x-api-key": key}, request.body)
    if way.name.startswith("ubill"):
        values = {**way.query, "key": key, **(way.good if way.kind == "query" else {})}
        return way.raw(b"" if way.kind == "query" else way.request(way.good).body, query=values)
    if "root" in way.good:
        return way.request({**way.good, "root": {**ROOT, "key": key}})
    return way.request({**way.good, "key": key})


@pytest.mark.parametrize("way", ways(FORM, "query"))
def test_of_a_repeated_parameter_the_last_one_counts(way: Sender) -> None:
    desk = Desk()
    twice = urlencode([(way.text, "first"), *way.query.items(), *way.good.items(), (way.text, "last")])
    request = way.raw(twice.encode()) if way.kind == FORM else way.raw(b"", query=twice)
    ask(desk, request if way.kind != FORM else way.raw(twice.encode()))

    assert [message.text for message in desk.world.messages.values()] == ["last"]


@pytest.mark.parametrize("way", ways(FORM, "query"))
def test_a_text_given_as_an_array_is_refused(way: Sender) -> None:
    pairs = urlencode([*way.query.items(), *way.good.items(), (f"{way.text}[]", "x")]).replace(f"&{way.text}=", "&x=")
    request = way.raw(pairs.encode()) if way.kind == FORM else way.raw(b"", query=pairs)

    assert faults(Desk(), request) == []


def test_ten_thousand_recipients_of_ubill_are_accepted_whole() -> None:
    desk = Desk()
    numbers = [995_511_100_000 + number for number in range(10_000)]
    body = json.dumps({**UBILL, "numbers": numbers}).encode()
    ask(desk, Request("POST", "/v1/sms/send", "key=k1", {"content-type": JSON}, body))

    assert [message.recipient for message in desk.world.messages.values()] == list(map(str, numbers))


MANY = [f"98{number:08}" for number in range(10_000)]
MANY_OF_BUDDY: list[tuple[str, Values]] = [
    ("/api/v1/sms/send", {**BUDDY, "to": ",".join(MANY)}),
    ("/api/v1/sms/send/json", {"root": ROOT, "nodes": [{"to": number} for number in MANY]}),
]


@pytest.mark.parametrize(("path", "body"), MANY_OF_BUDDY, ids=["send", "json"])
def test_ten_thousand_recipients_of_sms_buddy_are_refused_whole(path: str, body: Values) -> None:
    request = Request("POST", path, "", {"content-type": JSON}, json.dumps(body).encode())

    assert faults(Desk(), request) == []


@pytest.mark.parametrize(("path", "body"), MANY_OF_BUDDY, ids=["send", "json"])
def test_ten_thousand_recipients_of_sms_buddy_are_accepted_where_the_rate_is_off(path: str, body: Values) -> None:
    desk = Desk(make_world(Scenario("free", settings={"smsbuddy": {"rate_per_minute": "off"}})))
    reply = ask(desk, Request("POST", path, "", {"content-type": JSON}, json.dumps(body).encode()))

    assert (reply.status, len(desk.world.messages)) == (200, 10_000)


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
) -> Answer:
    url = URL(str(sandbox.client.make_url(request.path)) + (f"?{request.query}" if request.query else ""), encoded=True)
    sent = {name: value for name, value in {**request.headers, **(headers or {})}.items() if value}
    reply = await sandbox.client.session.request(
        request.method,
        url,
        data=BytesIO(request.body) if data is None else data,
        headers=sent,
        skip_auto_headers=["Content-Type"],
    )
    return Answer(reply.status, dict(reply.headers), await reply.read())


@pytest.mark.parametrize("way", ways(JSON, FORM, XML))
async def test_a_body_of_more_than_a_mebibyte_is_refused_with_413(sandbox: Sandbox, way: Sender) -> None:
    at_most = await post(sandbox, way.raw(padded(way, BODY_ACCEPTED)))
    kept = len(sandbox.world.messages)
    over = await post(sandbox, way.raw(padded(way, BODY_ACCEPTED + 1)))

    assert (
        at_most.status != 413,
        over.status,
        reply_problems(over, way.method, way.path),
        unquote(over.headers["X-Sandbox-Why"]),
        len(sandbox.world.messages),
    ) == (True, 413, [], "body: more than 1048576 bytes", kept)


@pytest.mark.parametrize("way", ways(JSON))
async def test_a_body_whose_length_is_not_told_is_refused_with_413_too(sandbox: Sandbox, way: Sender) -> None:
    async def pieces() -> object:
        for _ in range(20):
            yield b" " * 65536

    reply = await post(sandbox, way.raw(b""), data=pieces())

    assert (reply.status, reply_problems(reply, way.method, way.path), traces(sandbox.world)) == (413, [], [])


@pytest.mark.parametrize("way", ways(JSON))
async def test_a_compressed_body_that_grows_beyond_the_limit_is_refused_with_413(sandbox: Sandbox, way: Sender) -> None:
    bomb = gzip.compress(b" " * (4 * BODY_ACCEPTED))
    reply = await post(sandbox, way.raw(bomb), headers={"Content-Encoding": "gzip"})

    assert (reply.status, reply_problems(reply, way.method, way.path), traces(sandbox.world)) == (413, [], [])


@pytest.mark.parametrize("way", ways(JSON))
async def test_a_compressed_body_is_read(sandbox: Sandbox, way: Sender) -> None:
    body = gzip.compress(way.request(way.good).body)
    reply = await post(sandbox, way.raw(body), headers={"Content-Encoding": "gzip"})

    assert (reply.status, len(sandbox.world.messages)) == (200, 1)


@pytest.mark.parametrize("way", ways(JSON))
async def test_a_body_that_is_not_compressed_as_it_says_is_refused(sandbox: Sandbox, way: Sender) -> None:
    reply = await post(sandbox, way.request(way.good), headers={"Content-Encoding": "gzip"})

    assert (reply_problems(reply, way.method, way.path), "X-Sandbox-Why" in reply.headers, traces(sandbox.world)) == (
        [],
        True,
        [],
    )


HEAVY: Mapping[str, Callable[[], bytes]] = {
    "deep arrays": lambda: b"[" * BODY_ACCEPTED,
    "flat arrays": lambda: b'{"to":[' + b"[]," * (BODY_ACCEPTED // 3 - 10) + b"[]]}",
    "many keys": lambda: b"{" + b",".join(b'"%d":1' % number for number in range(90_000)) + b"}",
    "a long number": lambda: b'{"to":' + b"9" * (BODY_ACCEPTED - 10) + b"}",
    "a long string": lambda: b'{"to":"' + b"9" * (BODY_ACCEPTED - 10) + b'"}',
    "backslashes": lambda: b'{"to":"' + b"\\\\" * (BODY_ACCEPTED // 2 - 10) + b'"}',
    "quotes": lambda: b'"' * BODY_ACCEPTED,
    "escaped surrogates": lambda: b'{"text":"' + b"\\ud83d\\ude00" * (BODY_ACCEPTED // 12 - 10) + b'"}',
    "nodes": lambda: b'{"root":{},"nodes":[' + b"{}," * (BODY_ACCEPTED // 3 - 20) + b"{}]}",
}


WEIGHED = ("betatel.sms.send", "ubill.sms.send", "smsbuddy.sms.send_json")


@pytest.mark.parametrize("body", HEAVY.values(), ids=HEAVY)
async def test_no_body_stalls_the_loop(sandbox: Sandbox, body: Callable[[], bytes]) -> None:
    content = body()
    async with asyncio.timeout(PATIENCE):
        replies = [await post(sandbox, way.raw(content)) for way in SENDERS if way.name in WEIGHED and way.kind == JSON]

    assert (max(each.status for each in replies) < 500, traces(sandbox.world)) == (True, [])


def slow() -> Iterator[tuple[str, str, bytes]]:
    """Yield content type, path and body of what is laborious to read in other forms than JSON."""
    yield FORM, "/v1/sms/send", b"&".join([b"numbers[]=1"] * 1000)
    yield FORM, "/v1/sms/send", b"numbers=" + b"," * (BODY_ACCEPTED - 10)
    yield FORM, "/v1/sms/send", b"text=" + b"%" * (BODY_ACCEPTED - 10)
    yield FORM, "/api/v1/sms/send", b"to=" + b"9," * (BODY_ACCEPTED // 2 - 10)
    yield XML, "/v1/sms/sendXml", b"<request>" + b"<a/>" * (BODY_ACCEPTED // 4 - 10) + b"</request>"
    yield XML, "/v1/sms/sendXml", b"<request " + b'a="1" ' * (BODY_ACCEPTED // 6 - 10) + b"/>"


@pytest.mark.parametrize(("kind", "path", "body"), list(slow()))
async def test_no_form_and_no_xml_stalls_the_loop(sandbox: Sandbox, kind: str, path: str, body: bytes) -> None:
    async with asyncio.timeout(PATIENCE):
        reply = await post(sandbox, Request("POST", path, "key=k1", {"content-type": kind}, body))

    assert (reply.status < 500, traces(sandbox.world)) == (True, [])
