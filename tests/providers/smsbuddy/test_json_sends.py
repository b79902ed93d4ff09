"""JSON sends: nodes over their root."""

import pytest

from sandbox.core.callback import Target, TargetOrigin
from tests.builders import Desk, packs, read
from tests.providers.smsbuddy.requests import (
    FIRST_ID,
    JSON,
    KEY,
    accepted,
    balance,
    post_json,
    refusal,
    refused,
    row,
    rows,
    why,
)

APPROVED = "documented: an approved one, here SMSBDY, XXXXXX"
DOCUMENTED = b"""{
"root":{
"type":"1",
"template_id":"XHXdxxxxxxxxxxxxxxxxUci",
},
"nodes":[]
}"""


@pytest.mark.parametrize("path", [JSON, "/api/sms/send/json"])
def test_the_documented_example_without_its_stray_commas_is_accepted(path: str) -> None:
    body = {
        "root": {**KEY, "type": "1", "flash": "0", "sender": "SMSBDY", "message": "common test message"},
        "nodes": [{"to": "9800000000", "message": "test message 1", "refid": "2"}, {"to": "9800000000"}],
    }
    reply = Desk().send("POST", path, json_body=body)

    assert read(reply) == accepted(row(length=14, refid=2), row(id=f"{FIRST_ID}-2", length=19, refid=""))


def test_the_documented_example_as_it_stands_is_no_json_and_is_told_where() -> None:
    reply = Desk().send("POST", JSON, headers={"Content-Type": "application/json"}, body=DOCUMENTED)

    assert (refusal(reply), why(reply)) == (
        refused(400),
        "body: invalid JSON: trailing comma at line 4 column 40",
    )


@pytest.mark.parametrize(
    ("given", "echoed"),
    [
        ("2", 2),
        (2, 2),
        (" 2 ", 2),
        ("0", 0),
        ("-7", -7),
        ("007", "007"),
        ("order-1", "order-1"),
        ("٢", "٢"),
        ("9" * 40, "9" * 40),
        ("", ""),
        ("1.5", "1.5"),
    ],
)
def test_a_refid_comes_back_as_an_integer_where_it_is_one(given: object, echoed: object) -> None:
    assert [each["refid"] for each in rows(post_json(Desk(), {"to": "9800000000", "refid": given}))] == [echoed]


def test_a_node_overrides_its_root_and_a_blank_member_does_not() -> None:
    desk = Desk()
    post_json(
        desk,
        {"to": "9800000000", "type": "3", "sender": "XXXXXX", "message": "own", "custom": "c2"},
        {"to": "9800000001", "type": "", "sender": " ", "message": "", "refid": "r"},
        custom="c1",
        refid="r1",
    )

    sent = [(each.sender, each.text, each.fact("custom"), each.fact("refid")) for each in desk.world.messages.values()]
    assert (sent, balance(desk)) == (
        [("XXXXXX", "own", "c2", "r1"), ("SMSBDY", "common test message", "c1", "r")],
        {"trans": 999_999, "promo": 1_000_000, "transscrub": 999_999},
    )


def test_a_node_overrides_neither_the_report_s_url_nor_the_time() -> None:
    desk = Desk()
    post_json(
        desk,
        {**KEY, "to": "9800000000", "dlr_url": "http://127.0.0.1/node", "schedule": "1", "time": "2026-03-03 09:00:00"},
        dlr_url="http://127.0.0.1/root",
    )

    (message,) = desk.world.messages.values()
    assert (packs()["smsbuddy"].provider.target(message), message.scheduled_for) == (
        Target("http://127.0.0.1/root", origin=TargetOrigin.REQUEST),
        None,
    )


@pytest.mark.parametrize(
    ("nodes", "root", "explained"),
    [
        ([], {}, "body.nodes: has 0 items, fewer than the minimum of 1 "),
        ([{}], {}, "body.nodes[0].to: is missing "),
        ([{"to": "9800000000"}, {"to": "  "}], {}, "body.nodes[1].to: '  ' does not match "),
        ([{"to": "9800000000"}], {"message": None}, "body.nodes[0].message: is missing here and in body.root"),
        ([{"to": "9800000000", "type": " "}], {"type": ""}, "body.nodes[0].type: is missing here and in body.root"),
        (["9800000000"], {}, "body.nodes[0]: '9800000000' is a string, not an object"),
        ([{"to": "9800000000", "message": 5}], {}, "body.nodes[0].message: 5 is a number, not a string "),
        ([{"to": "9800000000"}], {"key": " "}, "body.root.key: ' ' does not match "),
        ([{"to": "9800000000"}], {"dlr_url": "ftp://h/"}, "dlr_url: 'ftp://h/' is not an http or https URL "),
    ],
)
def test_what_is_missing_or_unreadable_in_it_is_refused_with_its_place(
    nodes: list[object], root: dict[str, object], explained: str
) -> None:
    desk = Desk()
    reply = post_json(desk, *nodes, **root)

    assert (refusal(reply), (why(reply) or "")[: len(explained)], {**desk.world.messages}) == (
        refused(400),
        explained,
        {},
    )


@pytest.mark.parametrize(
    ("node", "code", "explained"),
    [
        (
            {"type": 9},
            422,
            "body.nodes[1].type: '9' is not a type (documented: 1 transactional, 2 promotional, 3 transscrub)",
        ),
        (
            {"sender": "NOBODY"},
            412,
            f"body.nodes[1].sender: 'NOBODY' is not a sender ID of this account ({APPROVED})",
        ),
    ],
)
def test_one_node_of_a_wrong_type_or_sender_refuses_them_all(
    node: dict[str, object], code: int, explained: str
) -> None:
    reply = post_json(Desk(), {"to": "9800000000"}, {"to": "9800000000", **node})

    assert (refusal(reply), why(reply)) == (refused(code), explained)


def test_nodes_without_a_valid_number_are_left_out_while_others_have_one() -> None:
    reply = post_json(Desk(), {"to": "12"}, {"to": "9800000000", "refid": 5})

    assert read(reply) == accepted(row(length=19, refid=5))


def test_a_key_outside_the_root_is_not_looked_for() -> None:
    reply = Desk().send("POST", JSON, json_body={**KEY, "root": {}, "nodes": [{"to": "9800000000"}]})

    assert refusal(reply) == refused(400)
