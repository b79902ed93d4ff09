"""What a crash test runs on: each kind of store, and a few kills, or as many as `--durability` says."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

FEW = 3
# By kind of store: returns what `serve --store` is given for a new one.
STORE_URLS: Mapping[str, Callable[[Path], str]] = {"sqlite": lambda folder: str(folder / "sandbox.db")}


@pytest.fixture(params=STORE_URLS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where the servers of a test keep everything."""
    return STORE_URLS[request.param](tmp_path)


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """Return how many times the server is killed."""
    given: int | None = request.config.getoption("--durability")
    return FEW if given is None else given
