"""The behaviours `message`, `messages` and `code.check`, option by option."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.core.account import Otp
from tests.providers.own import GOOD, Own, own, read, why

BATCH = "send: {recipient: to, text: text, id: {kind: digits, per: request}, keep: {ref: extra}}"
STATE = "{id: '{{ message.id }}', state: '{{ message.provider_status }}', all: '{{ messages | length }}'}"


def test_a_message_is_shown_as_it_is_now() -> None:
    place = own(
        get="message: {id: id, reply: {body: {status: '{{ message.status }}', word: '{{ message.provider_status }}', "
        "sent: '{{ message.sent_at }}', ended: '{{ message.ended_at }}', ms: '{{ message.delivery_ms }}', "
        "updated: '{{ message.updated_at }}', by: '{{ message.operation }} {{ message.account }}'}}}"
    )
    path = f"/own/messages/{read(place.send())['id']}"
    first = place.get(path)
    place.advance(1)
    second = place.get(path)
    place.advance(2)

    noon = "2026-03-02T12:00:0"
    begin = {"by": "own.send k1", "ended": None, "ms": None}
    assert [first, second, place.get(path)] == [
        {**begin, "status": "queued", "word": "accepted", "sent": None, "updated": f"{noon}0.000Z"},
        {**begin, "status": "sent", "word": "sent", "sent": f"{noon}1.000Z", "updated": f"{noon}1.000Z"},
        {
            **begin,
            "status": "delivered",
            "word": "delivered",
            "sent": f"{noon}1.000Z",
            "ended": f"{noon}3.000Z",
            "ms": 3000,
            "updated": f"{noon}3.000Z",
        },
    ]


FOUND = {
    "its own id": ("id: id", lambda ids: ids[1], 1, 1),
    "no id": ("id: id", lambda _: "nothing", None, 0),
    "the id of its request": ("id: id, by: request", lambda ids: ids[0].partition("-")[0], 0, 2),
    "its own id by request": ("id: id, by: request", lambda ids: ids[1], 1, 1),
    "the beginning of an id": ("id: id, by: request", lambda ids: ids[0][:4], None, 0),
    "a kept value, the newest first": ("id: id, by: data.ref", lambda _: "r1", 2, 3),
    "another channel": ("id: id, channel: mail", lambda ids: ids[0], None, 0),
    "its channel": ("id: id, channel: sms", lambda ids: ids[0], 0, 1),
}


@pytest.mark.parametrize(("options", "asked", "row", "count"), FOUND.values(), ids=FOUND)
def test_a_message_is_found_as_declared(
    options: str, asked: Callable[[list[str]], str], row: int | None, count: int
) -> None:
    def two_channels(document: dict[str, Any]) -> None:
        channels = document["x-sandbox"]["channels"]
        channels["mail"] = json.loads(json.dumps(channels["sms"]))

    place = own(BATCH, get=f"message: {{{options}, reply: {{body: {STATE}}}}}", change=two_channels)
    place.send({**GOOD, "to": ["491761111111", "491761111112"], "extra": "r1"})
    place.send({**GOOD, "extra": "r1"})
    ids = [each.id for each in place.messages]
    reply = place.call("GET", f"/own/messages/{asked(ids)}")

    expected = {"error": "none"} if row is None else {"id": ids[row], "state": "accepted", "all": count}
    assert (reply.status, read(reply)) == (404 if row is None else 200, expected)


def test_a_message_of_another_account_is_not_found() -> None:
    place = own()
    found = read(place.send())["id"]
    reply = place.call("GET", f"/own/messages/{found}", headers={"x-key": "k2"})

    assert (reply.status, reply.headers["X-Sandbox-Why"]) == (
        404,
        f"path.id: no message of this account has the id '{found}'",
    )


PAGE = """
messages:
  filters: {state: provider_status, to: to, mode: data.ref}
  of: batch
  sort: {by: by, direction: dir, default: number, order: asc,
    fields: {number: number, to: to, ref: data.ref, sent: sent_at}}
  page: {number: page, size: size, default: 3}
  reply: {body: {to: {x-each: message in messages, x-value: "{{ message.to }}"}, page: "{{ page }}"}}
"""
ROWS = {
    "the default": ("", ["2", "1", "4"], (1, 3, 0, 5, 2, True, False)),
    "the next page": ("page=2", ["3", "5"], (2, 3, 3, 5, 2, False, True)),
    "beyond the last page": ("page=9", [], (9, 3, 24, 5, 2, False, True)),
    "another size": ("size=1&page=2", ["1"], (2, 1, 1, 5, 5, True, True)),
    "no page of this number": ("page=0", ["2", "1", "4"], (1, 3, 0, 5, 2, True, False)),
    "no size": ("size=0", ["2"], (1, 1, 0, 5, 5, True, False)),
    "sorted": ("by=to", ["1", "2", "3"], (1, 3, 0, 5, 2, True, False)),
    "sorted downwards": ("by=to&dir=DESC", ["5", "4", "3"], (1, 3, 0, 5, 2, True, False)),
    "sorted by a kept value": ("by=ref&dir=desc&size=9", ["3", "5", "2", "1", "4"], (1, 9, 0, 5, 1, False, False)),
    "sorted by a time that some lack": (
        "by=sent&dir=asc&size=9",
        ["5", "2", "1", "4", "3"],
        (1, 9, 0, 5, 1, False, False),
    ),
    "sorted by nothing known": ("by=what&dir=what", ["2", "1", "4"], (1, 3, 0, 5, 2, True, False)),
    "filtered": ("to=4", ["4"], (1, 3, 0, 1, 1, False, False)),
    "filtered by a status": ("state=accepted", ["5"], (1, 3, 0, 1, 1, False, False)),
    "filtered by a kept value": ("mode=b", ["3", "5"], (1, 3, 0, 2, 1, False, False)),
    "filtered by nothing": ("to=", ["2", "1", "4"], (1, 3, 0, 5, 2, True, False)),
    "filtered away": ("to=9", [], (1, 3, 0, 0, 0, False, False)),
}
MEMBERS = ("number", "size", "offset", "total", "pages", "has_next", "has_previous")


def with_rows(own_list: str) -> Own:
    """Return a place with five messages in two requests, the last of which is still accepted."""

    def change(document: dict[str, Any]) -> None:
        document["paths"]["/own/list"]["get"]["parameters"].append({"name": "mode", "in": "query", "schema": {}})

    place = own(BATCH, change=change, list=own_list)
    place.send({"to": ["2", "1", "4"], "text": "x"})
    place.send({"to": ["3"], "text": "x", "extra": "b"})
    place.advance()
    place.send({"to": "5", "text": "x", "extra": "b"})
    return place


@pytest.mark.parametrize(("query", "numbers", "page"), ROWS.values(), ids=ROWS)
def test_a_list_has_the_messages_and_the_page_that_are_asked_for(
    query: str, numbers: list[str], page: tuple[object, ...]
) -> None:
    found = with_rows(PAGE).get(f"/own/list?{query}")

    assert (found["to"], tuple(found["page"][each] for each in MEMBERS)) == (numbers, page)


def test_a_list_tells_how_it_is_sorted() -> None:
    page = with_rows(PAGE).get("/own/list?by=to&dir=desc")["page"]

    assert (page["sort_by"], page["order"]) == ("to", "desc")


def test_a_list_may_be_of_one_request() -> None:
    place = with_rows(PAGE)
    batch = place.messages[0].id.partition("-")[0]

    assert [place.get(f"/own/list?batch={each}")["to"] for each in (batch, batch[:-1])] == [["2", "1", "4"], []]


OFFSETS = {
    "from the start": ("", ["5", "3"], 0, 1),
    "from an offset": ("from=3", ["1", "2"], 3, 2),
    "from a number of no offset": ("from=-3", ["5", "3"], 0, 1),
}


@pytest.mark.parametrize(("query", "numbers", "offset", "number"), OFFSETS.values(), ids=OFFSETS)
def test_a_list_may_have_an_offset_and_is_the_newest_first(
    query: str, numbers: list[str], offset: int, number: int
) -> None:
    own_list = (
        "messages: {page: {offset: from, size: size, default: 2}, reply: {body: {page: '{{ page }}', "
        "to: {x-each: message in messages, x-value: '{{ message.to }}'}}}}"
    )
    found = with_rows(own_list).get(f"/own/list?{query}")

    assert (found["to"], found["page"]["offset"], found["page"]["number"]) == (numbers, offset, number)


def test_a_list_has_the_messages_of_the_account_alone() -> None:
    place = with_rows(PAGE)
    reply = place.call("GET", "/own/list", headers={"x-key": "k2"})

    assert read(reply)["page"]["total"] == 0


CHECK = """{recipient: to, code: state, tries: settings.tries, reply: {body: {
  is: "{{ code.result }}", left: "{{ code.tries_left }}", id: "{{ message.id }}"}}}"""
CODE = "send: {recipient: to, text: text, code: extra, make_code: {expires: 1m}}"


def check(place: Own, code: object, to: str = GOOD["to"]) -> tuple[int, object]:
    reply = place.call("GET", f"/own/list?to={to}&state={code}")
    return reply.status, read(reply)


def with_code(refusals: str = "", errors: str = "") -> tuple[Own, str]:
    more = f"\nrefusals: {refusals}" if refusals else ""
    place = own(CODE, list=f"code.check: {CHECK}{more}", errors=errors)
    place.send({"to": f"+{GOOD['to']}", "text": "x", "extra": "1234"})
    return place, place.messages[0].id


def test_a_code_is_right_once() -> None:
    place, found = with_code()

    assert [check(place, "1234"), check(place, "1234")] == [
        (200, {"is": "right", "left": 2, "id": found}),
        (200, {"is": "used", "left": 2, "id": found}),
    ]


def test_a_wrong_try_counts_and_the_last_ends_the_code() -> None:
    place, found = with_code()

    assert [check(place, each) for each in ("1", "2", "1234")] == [
        (200, {"is": "wrong", "left": 1, "id": found}),
        (200, {"is": "wrong", "left": 0, "id": found}),
        (200, {"is": "exhausted", "left": 0, "id": found}),
    ]


def test_a_code_expires_and_an_unknown_number_has_none() -> None:
    place, found = with_code()
    place.advance(61)

    assert [check(place, "1234"), check(place, "1234", "4917000000000")] == [
        (200, {"is": "expired", "left": 2, "id": found}),
        (200, {"is": "unknown", "left": 0, "id": None}),
    ]


def test_a_code_is_found_by_the_id_of_its_message_until_another_replaces_it() -> None:
    place = own(CODE, list="code.check: {id: to, code: state, reply: {body: {is: '{{ code.result }}'}}}")
    place.send({**GOOD, "extra": "1234"})
    place.send({"to": "4917612345679", "text": "x", "extra": "5678"})
    first, second = (each.id for each in place.messages)
    asked = [check(place, "5678", first), check(place, "1234", first), check(place, "5678", second)]
    place.send({**GOOD, "extra": "9999"})

    assert [each for _, each in (*asked, check(place, "1234", first), check(place, "1234", "x"))] == [
        {"is": "wrong"},
        {"is": "right"},
        {"is": "right"},
        {"is": "unknown"},
        {"is": "unknown"},
    ]


def test_a_new_code_replaces_the_one_before() -> None:
    place, _ = with_code()
    place.send({**GOOD, "extra": "5678"})

    assert [check(place, each)[1] for each in ("1234", "5678")] == [
        {"is": "wrong", "left": 1, "id": place.messages[1].id},
        {"is": "right", "left": 1, "id": place.messages[1].id},
    ]


REFUSED = (
    "[{check: code-wrong, error: wrong-code}, {check: code-unknown, error: odd}, {check: code-exhausted, error: odd}]"
)
WRONG = "wrong-code: {value: {why: '{{ error.message }}'}, x-code: W}"


def test_a_result_may_be_a_refusal_and_a_wrong_try_still_counts() -> None:
    place, _ = with_code(REFUSED, WRONG)
    reasons = [place.call("GET", f"/own/list?to={GOOD['to']}&state={each}") for each in ("1", "2", "1234")]

    assert [(each.status, read(each)) for each in reasons] == [
        (400, {"why": "code: '1' is not the code that was sent last"}),
        (400, {"why": "code: '2' is not the code that was sent last"}),
        (400, {"error": "odd"}),
    ]
    assert [each.wrong_tries for each in place.world.otps.values() if isinstance(each, Otp)] == [2]


def test_a_result_without_a_refusal_says_why_all_the_same() -> None:
    place, _ = with_code()

    assert why(place.call("GET", f"/own/list?to={GOOD['to']}&state=7"))[2] == (
        "code: '7' is not the code that was sent last"
    )


def test_a_number_is_the_same_in_any_form() -> None:
    place, found = with_code()

    assert check(place, "1234", "0049%20176-12345678") == (200, {"is": "right", "left": 2, "id": found})
