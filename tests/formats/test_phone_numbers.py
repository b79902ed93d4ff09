"""Phone numbers as people write them, and parts of them."""

import pytest

from sandbox.formats.phone_numbers import contains_number


@pytest.mark.parametrize(
    ("number", "part", "found"),
    [
        ("38761930305", "930305", True),
        ("38761930305", "+387 61", True),
        ("38761930305", "00387-61", True),
        ("38761930305", "39", False),
        ("+387 61 930 305", "61930", True),
        ("9812345678", "+91 98123 45678", True),
        ("12345", "0012345", True),
        ("12345", "99912345", False),
        ("FACEBOOK", "book", True),
        ("FACEBOOK", "booking", False),
        ("38761930305", "", True),
    ],
)
def test_a_part_of_a_number_is_found_by_its_digits(number: str, part: str, *, found: bool) -> None:
    assert contains_number(number, part) is found
