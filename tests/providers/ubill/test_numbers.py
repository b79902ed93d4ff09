"""Which numbers are valid, and what becomes of those that are not."""

import pytest

from tests.builders import Desk
from tests.providers.ubill.requests import FIRST_ID, ONE, TWO, balance, post, report, rows, status_id


@pytest.mark.parametrize(
    "number",
    [
        "+995511194242",
        "00995511194242",
        "0995511194242",
        "٩٩٥٥١١١٩٤٢٤٢",
        "995 511 194 242",
        "995-511194242",
        "995511194",
        "99551119424",
        "9955111942421",
        "995511194242\0",
        "511194242",
        "12",
        "-995511194242",
        "9" * 4000,
        int("9" * 4000),
        995511194242.0,
        True,
        None,
        {"number": TWO},
    ],
)
def test_what_is_no_complete_international_number_is_no_valid_number(number: object) -> None:
    assert status_id(post(Desk(), numbers=[number])) == 50


@pytest.mark.parametrize("number", ["995500000042", "38761000042", "919876000042", "14155000042", "442071000042", TWO])
def test_the_numbers_of_the_default_scenario_are_valid(number: str) -> None:
    assert status_id(post(Desk(), numbers=number)) == 0


def test_the_valid_numbers_of_a_request_go_out_and_the_others_are_left_out() -> None:
    desk = Desk()
    post(desk, numbers=f"+{ONE},{TWO},,12,{ONE}")

    assert (report(desk), balance(desk)) == (
        rows((TWO, "3"), (ONE, "3")),
        {"statusID": 0, "message": "Success", "sms": "999998"},
    )


def test_ten_thousand_numbers_are_sent_to_under_one_sms_id() -> None:
    desk = Desk()
    post(desk, numbers=[995_511_100_000 + number for number in range(10_000)])

    assert (len(desk.world.messages), [*desk.world.numbers][-1]) == (10_000, f"{FIRST_ID}-10000")
