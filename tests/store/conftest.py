"""What tests of stores start from."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store.restarts import Restarts


@pytest.fixture
async def restarts(tmp_path: Path) -> AsyncIterator[Restarts]:
    """Return what starts sandboxes on one store, one after the other; the last ends with the test."""
    running = Restarts(tmp_path)
    yield running
    await running.stop()
