"""Brands: asked for, approved, listed, sent with."""

from datetime import timedelta

import pytest

from sandbox.core.account import Approval, Sender
from sandbox.core.scenario import AccountRule
from tests.builders import NOON, Desk, make_world, read
from tests.providers.ubill.requests import BRANDS, CREATE, KEY, accounts, post, status_id


@pytest.mark.parametrize(
    ("name", "status"),
    [
        (None, 10),
        ("", 10),
        ("a", 20),
        ("a" * 12, 20),
        ("ა", 20),
        ("აბგ", 30),
        ("a_b", 30),
        ("ab\n", 30),
        (55, 99),
        (["ab"], 99),
        ("Sandbox", 40),
        ("My Shop-1.0", 0),
    ],
)
def test_a_brand_name_is_refused_with_the_code_of_the_first_thing_wrong_with_it(name: object, status: int) -> None:
    reply = Desk().send("POST", CREATE, query=KEY, json_body={} if name is None else {"brandName": name})

    assert (reply.status, status_id(reply)) == (200, status)


def test_a_new_brand_waits_for_its_approval_and_can_then_be_sent_with() -> None:
    desk = Desk()
    created = read(desk.send("POST", CREATE, query=KEY, json_body={"brandName": "Shop"}))
    too_early = status_id(post(desk, brandID=2))
    another = read(desk.send("POST", CREATE, query=KEY, json_body={"brandName": "Other"}))
    desk.advance(timedelta(seconds=5))

    assert (created, too_early, another, status_id(post(desk, brandID=2))) == (
        {"statusID": 0, "brandID": 2, "message": "Success"},
        10,
        {"statusID": 50, "message": "The previous brandName is not approved yet"},
        0,
    )


def test_the_brands_are_listed_with_their_standing_and_local_time() -> None:
    brands = (
        Sender("7", "Old", Approval.REFUSED, NOON),
        Sender("8", "New", Approval.PENDING, NOON),
        Sender("9", "Shop", Approval.APPROVED, NOON),
    )
    reply = Desk(make_world(accounts(AccountRule("*", senders=brands)))).send("GET", BRANDS, query=KEY)

    assert read(reply) == {
        "statusID": 0,
        "message": "Success",
        "brands": [
            {"id": "7", "name": "Old", "authorized": "2", "createdAt": "2026-03-02 16:00:00"},
            {"id": "8", "name": "New", "authorized": "0", "createdAt": "2026-03-02 16:00:00"},
            {"id": "9", "name": "Shop", "authorized": "1", "createdAt": "2026-03-02 16:00:00"},
        ],
    }


@pytest.mark.parametrize("brand", ["7", "8"])
def test_a_brand_that_is_not_approved_cannot_be_sent_with(brand: str) -> None:
    brands = (Sender("7", "Old", Approval.REFUSED, NOON), Sender("8", "New", Approval.PENDING, NOON))

    assert status_id(post(Desk(make_world(accounts(AccountRule("*", senders=brands)))), brandID=brand)) == 10
