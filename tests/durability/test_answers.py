"""The checker of the replica test sees each kind of contradiction."""

from decimal import Decimal

import pytest

from tests.durability.answers import Answer, Balance, ClockNow, Listed, Sent, find_contradictions


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        (
            [
                Sent("a"),
                Listed({"a": ["accepted"]}),
                Balance(Decimal(9)),
                ClockNow("2026-01-01T00:00:00Z"),
                Sent("b"),
                Listed({"a": ["accepted", "sent"], "b": ["accepted"], "c": ["accepted"]}),
                Balance(Decimal(7)),
                ClockNow("2026-01-01T00:00:00Z"),
            ],
            [],
        ),
        ([Sent("a"), Sent("a")], ["answer 1: the id a was given twice"]),
        ([Sent("a"), Listed({})], ["answer 1: a was acknowledged and is missing"]),
        (
            [Listed({"a": ["accepted", "sent"]}), Listed({"a": ["accepted"]})],
            ["answer 1: the history of a ran back from ['accepted', 'sent'] to ['accepted']"],
        ),
        ([Balance(Decimal(7)), Balance(Decimal(8))], ["answer 1: the balance rose from 7 to 8"]),
        ([ClockNow("2026-02"), ClockNow("2026-01")], ["answer 1: the clock ran back from 2026-02 to 2026-01"]),
    ],
)
def test_each_contradiction_is_found(answers: list[Answer], found: list[str]) -> None:
    assert find_contradictions(answers) == found
