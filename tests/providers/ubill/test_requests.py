"""What forms a request may have: query, JSON, form, XML, and the key."""

from collections.abc import Mapping

import pytest

from sandbox.core.scenario import AccountRule
from tests.builders import Desk, make_world, read
from tests.providers.ubill.requests import (
    ACCEPTED,
    BALANCE,
    BRANDS,
    CREATE,
    FIRST_ID,
    KEY,
    ONE,
    REPORT,
    SEND,
    TWO,
    XML,
    accounts,
    post,
    post_xml,
    recipients,
    sms,
)

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def test_the_documented_sample_is_accepted_and_sends_twice_to_the_number_it_names_twice() -> None:
    desk = Desk()
    query = {"key": "0123456789", "brandID": "1", "numbers": "995511194242,995511194242", "text": "message"}

    reply = desk.send("GET", SEND, query=query)

    assert (reply.status, reply.headers["Content-Type"], read(reply), list(desk.world.numbers)) == (
        200,
        "application/json",
        ACCEPTED,
        [f"{FIRST_ID}-1", f"{FIRST_ID}-2"],
    )


@pytest.mark.parametrize(
    "numbers", [f"{ONE},{TWO}", f" {ONE} , {TWO} ", [int(ONE), int(TWO)], [ONE, TWO], [int(ONE), TWO]]
)
def test_numbers_may_be_text_with_commas_or_an_array_of_integers_or_strings(numbers: object) -> None:
    desk = Desk()
    post(desk, numbers=numbers)

    assert recipients(desk) == [ONE, TWO]


def test_a_form_is_read_as_json_is() -> None:
    desk = Desk()
    reply = desk.send("POST", SEND, query=KEY, form=sms(numbers=f"{ONE},{TWO}", stopList="false", otp="true"))

    assert (read(reply), recipients(desk)) == (ACCEPTED, [ONE, TWO])


def test_an_xml_request_gets_an_xml_reply() -> None:
    desk = Desk()
    numbers = f"<numbers>{ONE},{TWO}</numbers>"
    reply = post_xml(desk, f"<request><brandID>1</brandID>{numbers}<text>a &lt; b &amp; ქართული</text></request>")

    texts = {message.text for message in desk.world.messages.values()}
    children = f"<statusID>0</statusID><smsID>{FIRST_ID}</smsID><message>Success</message>"
    assert (reply.headers["Content-Type"], reply.body.decode(), recipients(desk), texts) == (
        "application/xml",
        f"{DECLARATION}<response>{children}</response>",
        [ONE, TWO],
        {"a < b & ქართული"},
    )


@pytest.mark.parametrize(
    ("children", "status", "message"),
    [
        ("<numbers>995511194242</numbers><text>a</text>", 10, "Brand not found"),
        ("<brandID>1</brandID><text>a</text>", 20, "Numbers not found"),
        ("<brandID>1</brandID><numbers>12</numbers><text>a</text>", 50, "No valid numbers"),
        ("<brandID>1</brandID><numbers>995511194242</numbers><text/>", 30, "Text is empty"),
        ("<brandID>1</brandID><numbers>995511194242</numbers><text>a</text><otp/>", 99, "General error"),
        ("<brandID>", 90, "JSON error"),
        ("&unknown;", 90, "JSON error"),
    ],
)
def test_a_refused_xml_request_gets_its_code_in_xml(children: str, status: int, message: str) -> None:
    reply = post_xml(Desk(), f"<request>{children}</request>")

    assert (reply.status, reply.headers["Content-Type"], reply.body.decode()) == (
        200,
        "application/xml",
        f"{DECLARATION}<response><statusID>{status}</statusID><message>{message}</message></response>",
    )


@pytest.mark.parametrize("path", [SEND, f"{REPORT}/1", BALANCE, BRANDS])
def test_no_key_is_answered_with_a_text_wherever_it_is_missing(path: str) -> None:
    reply = Desk().send("GET", path)

    assert (reply.status, reply.headers["Content-Type"], reply.body) == (
        401,
        "text/plain",
        b"Please authorize with valid API key!",
    )


@pytest.mark.parametrize("path", [SEND, XML, CREATE])
def test_a_key_that_is_nobodys_is_refused_before_the_body_is_judged(path: str) -> None:
    reply = Desk(make_world(accounts(AccountRule("invalid*", closed=True)))).send(
        "POST", path, query={"key": "invalid-1"}, body=b"{"
    )

    assert (reply.status, reply.body) == (401, b"Please authorize with valid API key!")


@pytest.mark.parametrize(
    ("query", "headers"),
    [({"key": "k1"}, {}), ({}, {"key": "k1"}), ({"key": "k1"}, {"Key": "k1"}), ({"key": ""}, {"key": "k1"})],
)
def test_the_key_travels_in_the_query_in_a_header_or_in_both(
    query: Mapping[str, str], headers: Mapping[str, str]
) -> None:
    desk = Desk()
    reply = desk.send("GET", BALANCE, query=query, headers=headers)

    assert (read(reply), set(desk.world.accounts)) == (
        {"statusID": 0, "message": "Success", "sms": "1000000"},
        {("ubill", "k1")},
    )
