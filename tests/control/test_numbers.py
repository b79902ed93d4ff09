import pytest

from sandbox.control.messages import same_number
from sandbox.specs.spec import NumberPlan

INDIA = {"smsbuddy": NumberPlan(10, "91")}


@pytest.mark.parametrize(
    "written",
    ["38761930305", "+38761930305", "0038761930305", " 38761930305", "387 61 930-305", "+387-61-930305"],
)
def test_numbers_compare_by_their_digits_however_they_are_written(written: str) -> None:
    assert same_number(written, {})("38761930305", "betatel")


@pytest.mark.parametrize("other", ["38761930306", "8761930305", "138761930305", ""])
def test_another_number_is_another_number(other: str) -> None:
    assert not same_number("38761930305", {})(other, "betatel")


def test_ten_digits_equal_their_form_with_the_country_in_front_at_the_provider_of_that_country() -> None:
    short, long = same_number("9812345678", INDIA), same_number("+919812345678", INDIA)

    assert [
        short("919812345678", "smsbuddy"),
        long("9812345678", "smsbuddy"),
        long("919812345678", "smsbuddy"),
        short("919812345678", "betatel"),
        long("9812345678", "betatel"),
    ] == [True, True, True, False, False]


def test_a_sender_that_is_a_word_compares_as_it_is() -> None:
    assert [same_number("FACEBOOK", {})(each, "betatel") for each in ("FACEBOOK", "Facebook", "FACEBOOK1")] == [
        True,
        False,
        False,
    ]
