"""Raw bytes on a socket: whatever HTTP gets wrong is refused in our words, stored, and the same either way."""

import pytest

from tests.hostile.wire import Outcome, WireCase, cases, play
from tests.server.connections import aiohttp_server, fast_path_server, frozen


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
async def test_bytes_on_the_wire_are_answered_as_the_table_says(
    case: WireCase, caplog: pytest.LogCaptureFixture
) -> None:
    async with fast_path_server(frozen()) as short, aiohttp_server(frozen()) as web:
        outcomes = [await play(case, local) for local in (short, web)]

    assert (*outcomes, caplog.text) == (*[Outcome(case.replies, case.entries, case.why)] * 2, "")
