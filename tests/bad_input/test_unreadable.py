"""What cannot be read gets the provider's own refusal with the reason, and nothing else comes of it."""

import gzip
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from sandbox.specs.body_parsing import FORM
from tests.bad_input.ways import JSON, XML, Sender, ask, faults, ways
from tests.builders import Desk


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
