"""What tests of deployments start from."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.postgres import PostgresServer


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> Iterator[str]:
    """Return the URL of a database without a store."""
    url = asyncio.run(postgres_server.take())
    yield url
    asyncio.run(postgres_server.give_back(url))
