"""What tests of stores start from."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store.restarts import Database, File, Place, Restarts


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return where a store is, of each kind; a test for one kind says `@pytest.mark.parametrize("place", …)`."""
    if request.param == "postgres":
        return Database(request.getfixturevalue("postgres_url"))
    return File(tmp_path)


@pytest.fixture
async def restarts(place: Place) -> AsyncIterator[Restarts]:
    """Return what starts sandboxes on one store, one after the other; the last ends with the test."""
    running = Restarts(place)
    yield running
    await running.stop()
