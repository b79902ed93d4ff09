"""What tests of messages from phones start from."""

from collections.abc import AsyncIterator

import pytest

from tests.providers.phones.serving import serving
from tests.servers import Sandbox


@pytest.fixture
async def acme() -> AsyncIterator[Sandbox]:
    """Return a sandbox with the provider Acme, whose clock stands at noon."""
    async with serving() as sandbox:
        yield sandbox
