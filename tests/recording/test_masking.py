"""No credential, number, text or code that was sent is in a session, however it is written."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.formats.phone_numbers import is_possible
from sandbox.recording.masking import CALLBACK, Masker
from sandbox.recording.session import RecordedReply, RecordedRequest
from tests.builders import packs
from tests.recording.recordings import SALT, recording
from tests.servers import make_sandbox
from tests.test_examples import DOCUMENTED, parts, provider_of, replaced

JSON_TYPE = ("Content-Type", "application/json")
FORM_TYPE = ("Content-Type", "application/x-www-form-urlencoded")
XML_TYPE = ("Content-Type", "application/xml")


def forms(value: str) -> Iterator[str]:
    """Yield a value in every way in which it may be written."""
    data = value.encode()
    yield from (value, quote(value, safe=""), quote(value), quote_plus(value), quote(value, safe="").lower())
    for text in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], escape(value)):
        yield text
        yield json.dumps(text)[1:-1]  # inside of a body, which is a string of JSON itself
    yield b64encode(data).decode().rstrip("=")
    yield from (data.hex(), data.hex().upper(), value.encode("utf-16-be").hex())


def traces(written: str, values: list[str]) -> list[str]:
    """Return the values that are in a file, as words or numbers of their own, and how they are written."""
    return [
        f"{value} as {form}"
        for value in values
        for form in set(forms(value))
        if re.search(rf"(?<![0-9A-Za-z]){re.escape(form)}(?![0-9A-Za-z])", written)
    ]


def masked(*parts: object) -> str:
    return "\n".join(map(str, parts))


WORD = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=7, max_size=12)
FOREIGN = st.sampled_from(
    ["კოდი არის", "Ваш пароль", "naïve café", "a&b <c>", 'say "hi" \\ bye', "50% off+more", "😀 hello"]
)
TEXTS = st.builds(lambda first, more, last: f"{first} {more} {last}", WORD, FOREIGN, WORD)
CODES = st.text("123456789", min_size=6, max_size=8).filter(lambda code: len(set(code)) > 2)
KEYS = st.text("abcdefghijkmnopqrstuvwxyzABCDEFGH0123456789+/=&%_-", min_size=12, max_size=40)
NUMBERS = st.builds("387{}".format, st.integers(61_000_000, 66_999_999)).filter(is_possible)


@given(key=KEYS, number=NUMBERS, text=TEXTS, code=CODES)
def test_nothing_of_any_form_of_request_is_left(key: str, number: str, text: str, code: str) -> None:
    masker = Masker(packs(), SALT)
    words = f"{text}. Your code is {code}."
    fields = {"key": key, "to": f"+{number},00{number}", "sender": "Sendername", "message": words}
    asked = {
        "from": "Sendername",
        "to": number,
        "text": words,
        "extra": [
            {"deep": f"for {number}: {code}", "hex": words.encode().hex(), "b": b64encode(words.encode()).decode()}
        ],
        "dlr_url": f"https://app.example/dlr?{urlencode({'token': key, 'text': words})}",
        "again": json.dumps({"message": words, "n": int(number)}),
    }
    xml = f"<request><numbers>{number}</numbers><text>{escape(words)}</text><x y={json.dumps(number)}/></request>"
    basic = b64encode(f"{key.replace(':', '')}:{key}".encode()).decode()
    head = (JSON_TYPE, ("x-api-key", key), ("Authorization", f"Basic {basic}"), ("X-Other", f"to {number} {code}"))

    def post(provider: str, query: str, body: str | bytes, *headers: tuple[str, str]) -> RecordedRequest:
        sent = RecordedRequest("POST", f"/x/{quote(number)}/{quote(words, safe='')}", query, headers)
        return masker.request(provider, sent, body.encode() if isinstance(body, str) else body)

    written = masked(
        post("betatel", "", json.dumps(asked), *head),
        post("betatel", "", json.dumps(asked, ensure_ascii=False, indent=1), *head),
        post("smsbuddy", urlencode(fields), urlencode(fields), FORM_TYPE),
        post("ubill", urlencode({"key": key, "numbers": number, "text": words}), xml, XML_TYPE),
        post("betatel", "", f'{{"to": "{number}", "text": {json.dumps(words)[:-1]}', JSON_TYPE),
        masker.request(
            "betatel", RecordedRequest("POST", "/cb", urlencode({"code": code}), (JSON_TYPE,)), b"", side=CALLBACK
        ),
        masker.reply(
            "betatel",
            RecordedReply(400, (JSON_TYPE, ("Location", f"/m/{number}"), ("Set-Cookie", f"sid={quote(key)}; Path=/"))),
            json.dumps({"message": f"'{words}' to +{number} with {key} ({code})", "number": number}).encode(),
            reads=False,
        ),
        masker.reply(
            "ubill", RecordedReply(500, (XML_TYPE,)), f"<h1>{escape(words)} {number}</h1>".encode(), reads=True
        ),
    )

    assert traces(written, [key, number, f"+{number}", text, words, code]) == []


def test_the_same_value_has_one_stand_in_in_every_part_and_shape() -> None:
    masker = Masker(packs(), SALT)
    request = masker.request(
        "betatel",
        RecordedRequest("POST", "/api/smpp/client/send", "", (JSON_TYPE, ("x-api-key", "SECRET-KEY-1"))),
        b'{"from":"FACEBOOK", "to":"+38761930305", "text":"Your code is 555345", "n": 38761930305}',
    )
    reply = masker.reply(
        "betatel",
        RecordedReply(200, (JSON_TYPE,)),
        b'{"uuid":"2f62155f-83f4-4127-9a4f-311c5fff3161","to":"0038761930305","code":"555345","key":"SECRET-KEY-1"}',
        reads=True,
    )

    sent, back = json.loads(request.body.text), json.loads(reply.body.text)
    assert sent["to"].removeprefix("+") == back["to"].removeprefix("00") == str(sent["n"])
    assert sent["text"].split()[-1] == back["code"]
    assert dict(request.headers)["x-api-key"] == back["key"]
    assert back["uuid"] == "2f62155f-83f4-4127-9a4f-311c5fff3161"


def test_what_a_comparison_needs_is_kept() -> None:
    masker = Masker(packs(), SALT)
    replies = {
        "ubill": b'{"statusID":20,"message":"Numbers not found","at":"2026-11-28 07:27:35","t":"20261128072735"}',
        "betatel": b'{"status":"DELIVERED","uuid":"01JV5V54KPYK9GB29265EQRZ2P","error":"Something new","n":1764312345}',
        "smsbuddy": b'{"status": 200, "message": "2 numbers accepted for delivery.", "data": {"1": "AWAITING-DLR"}}',
    }

    kept = {
        name: masker.reply(name, RecordedReply(200, (JSON_TYPE,)), body, reads=True).body.text
        for name, body in replies.items()
    }

    assert kept == {name: body.decode() for name, body in replies.items()}


def test_the_texts_of_messages_from_before_the_recording_are_masked() -> None:
    masker = Masker(packs(), SALT)
    body = b'{"records":[{"to":"38761930305","message":"Dear Anna, code 481516","status":"SENT"}]}'

    found = masker.reply("betatel", RecordedReply(200, (JSON_TYPE,)), body, reads=True).body.text

    assert traces(found, ["38761930305", "Dear Anna", "481516"]) == []
    assert '"status":"SENT"' in found


def test_a_credential_that_a_provider_cuts_is_the_beginning_of_its_stand_in() -> None:
    masker = Masker(packs(), SALT)
    key = "abcdefghijklmnopqrstuvwxyz0123456789"
    whole = masker.request("ubill", RecordedRequest("GET", "/v1/sms/balance", f"key={key}", ()), b"").query
    cut = masker.request("ubill", RecordedRequest("GET", "", f"key={key[:30]}", ()), b"", side=CALLBACK).query

    assert whole.startswith(cut)


def test_keep_content_keeps_all_but_credentials() -> None:
    masker = Masker(packs(), SALT, keep_content=True)
    query = "key=abcdefgh12345&numbers=995511194242&text=Your+code+is+482910"
    found = masker.request("ubill", RecordedRequest("GET", "/v1/sms/send", query, (("X", "abcdefgh12345"),)), b"")

    assert found.query.endswith("&numbers=995511194242&text=Your+code+is+482910")
    assert traces(str(found), ["abcdefgh12345"]) == []


def test_the_search_of_these_tests_finds_what_is_not_masked() -> None:
    masker = Masker(packs(), SALT, keep_content=True)
    text, number, code = "Hello <you> & გამარჯობა", "38761930305", "482910"
    body = json.dumps({"text": text, "to": number, "code": code, "hex": code.encode().hex()})
    sent = RecordedRequest("POST", f"/x/{quote(text, safe='')}", urlencode({"text": text}), (JSON_TYPE,))
    written = str(masker.request("betatel", sent, body.encode()))

    assert {each.partition(" as ")[0] for each in traces(written, [text, number, code])} == {text, number, code}


def test_a_short_word_under_the_name_of_a_credential_is_not_one_in_a_reply() -> None:
    masker = Masker(packs(), SALT)
    body = b'{"errors": [{"key": "to", "token": "null"}], "fields": ["to", 1]}'
    masker.request("ubill", RecordedRequest("GET", "/v1/sms/balance", "key=1", ()), b"")

    assert masker.reply("ubill", RecordedReply(400, (JSON_TYPE,)), body, reads=False).body.text == body.decode()


ACCOUNT = {
    "betatel": (
        (JSON_TYPE, ("x-user-id", "user-5521"), ("X-Account-Id", "4711007")),
        '{"from":"IVANA","to":"38761930305","text":"hello","customerName":"Selma Kovac","company":"Kovac & Sons"}',
        '{"messageId":"m-1","userId":"user-5521","account_id":4711007,"login":"selma","name":"ACMEBANK"}',
    ),
    "ubill": (
        (JSON_TYPE,),
        '{"brandName":"ACME Ltd.","email":"selma.kovac@acme.example","first_name":"Selma","user_id":8831}',
        '{"brands":[{"id":"1","name":"ACMEBANK","authorized":"1"}],"username":"kovac","userId":8831}',
    ),
}
ACCOUNT_VALUES = ["user-5521", "4711007", "Selma", "Kovac", "selma", "kovac", "ACMEBANK", "ACME", "Ltd", "acme", "8831"]


@pytest.mark.parametrize("name", ACCOUNT)
def test_ids_of_the_account_and_names_of_people_and_brands_are_masked(name: str) -> None:
    masker = Masker(packs(), SALT)
    headers, asked, answered = ACCOUNT[name]
    request = masker.request(name, RecordedRequest("POST", "/x", "", headers), asked.encode())
    reply = masker.reply(name, RecordedReply(200, (JSON_TYPE,)), answered.encode(), reads=True)

    assert traces(masked(request, reply), ACCOUNT_VALUES) == []


def test_an_id_of_the_account_has_one_stand_in_in_requests_and_replies() -> None:
    masker = Masker(packs(), SALT)
    sent = RecordedRequest("GET", "/x", "", (("x-user-id", "user-5521"),))
    request = masker.request("betatel", sent, b"")
    reply = masker.reply("betatel", RecordedReply(200, (JSON_TYPE,)), b'{"userId":"user-5521"}', reads=True)

    assert json.loads(reply.body.text)["userId"] == dict(request.headers)["x-user-id"]


def test_the_name_of_an_error_and_fixed_words_are_kept() -> None:
    masker = Masker(packs(), SALT)
    body = b'{"name":"BadRequest","message":"Bad Request","user":"DELIVERED"}'

    assert masker.reply("betatel", RecordedReply(400, (JSON_TYPE,)), body, reads=True).body.text == body.decode()


async def send_examples(path: Path) -> list[str]:
    """Send every documented request through a recorder to a sandbox; return the values that were sent."""
    values: list[str] = []
    sandbox = await make_sandbox()
    url = f"http://127.0.0.1:{sandbox.client.port}"
    try:
        async with recording(path, dict.fromkeys(packs(), url)) as recorder:
            for example in DOCUMENTED["requests"]:
                body = replaced(example.get("body", ""), example)
                _, target = parts(example)
                headers = {name: replaced(value, example) for name, value in example.get("headers", {}).items()}
                await recorder.ask(
                    example["method"], quote(target, safe="/?&=%+,:;@{}#[]!$'()*~"), data=body.encode(), headers=headers
                )
                values += re.findall(r"\b\d{10,12}\b|(?<=code is )\d{6}", target + body)
                values += [
                    value for name, value in headers.items() if name.lower() in {"x-api-key", "x-account-id", "key"}
                ]
                assert provider_of(example)
    finally:
        await sandbox.client.close()
    return values


async def test_no_value_of_the_documented_requests_is_left(tmp_path: Path) -> None:
    values = await send_examples(tmp_path / "s.jsonl")
    written = (tmp_path / "s.jsonl").read_text(encoding="utf-8")

    assert len(values) > 40
    assert traces(written, sorted({*values})) == []


BROKEN = Masker(packs(), SALT)


@given(
    st.binary(max_size=200), st.sampled_from([JSON_TYPE, FORM_TYPE, XML_TYPE, ("Content-Type", "multipart/form-data")])
)
def test_no_body_is_too_broken_to_be_masked(body: bytes, kind: tuple[str, str]) -> None:
    for begin in (b"", b"{", b"<a>", b"a=", b'--x\r\nname="a"\r\n\r\n'):
        BROKEN.request("ubill", RecordedRequest("POST", "/x", "a=%ff&%", (kind,)), begin + body)
