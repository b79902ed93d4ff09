"""ULIDs, held against a library of their own."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from sandbox.core.seeded_random import make_ulid


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1)), st.binary(min_size=10, max_size=10))  # noqa: DTZ001 - hypothesis wants them so
def test_a_ulid_is_the_librarys(at: datetime, drawn: bytes) -> None:
    instant = at.replace(tzinfo=UTC)

    assert make_ulid(instant, drawn) == str(ULID(int(instant.timestamp() * 1000).to_bytes(6, "big") + drawn))
