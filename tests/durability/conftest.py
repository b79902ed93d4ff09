"""What a crash test runs on: each kind of store, and a few kills, or as many as `--durability` says."""

from pathlib import Path

import pytest

FEW = 3


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return what `serve --store` is given for a new store."""
    if request.param == "sqlite":
        return str(tmp_path / "sandbox.db")
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """Return how many times the server is killed."""
    given: int | None = request.config.getoption("--durability")
    return FEW if given is None else given
