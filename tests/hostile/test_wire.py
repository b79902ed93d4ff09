"""Raw bytes on a socket: whatever HTTP gets wrong is refused in our words, stored, and the same either way."""

import pytest

from tests.hostile.wire import Outcome, RuleInput, cases, play
from tests.ways import frozen, short_way, web_way


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
async def test_bytes_on_the_wire_are_answered_as_the_table_says(
    case: RuleInput, caplog: pytest.LogCaptureFixture
) -> None:
    async with short_way(frozen()) as short, web_way(frozen()) as web:
        outcomes = [await play(case, place) for place in (short, web)]

    assert (*outcomes, caplog.text) == (*[Outcome(case.replies, case.entries, case.why)] * 2, "")
