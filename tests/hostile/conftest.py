"""What fuzz starts from: a short run in the suite, a long one when `--hostile DURATION` asks for it."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest

from sandbox.core.clock import monotonic


@pytest.fixture
def seeds(request: pytest.FixtureRequest) -> Iterator[int]:
    """Return the seeds of a fuzz's rounds: 0 alone, or with `--hostile` one after the other until the time is up."""
    duration: timedelta | None = request.config.getoption("--hostile")
    return iter((0,)) if duration is None else _until(monotonic() + duration.total_seconds())


@pytest.fixture
def hostile(request: pytest.FixtureRequest) -> bool:
    """Return whether `--hostile` asks for all that is too slow for the suite."""
    return request.config.getoption("--hostile") is not None


def _until(end: float) -> Iterator[int]:
    for seed in count():
        yield seed
        if monotonic() >= end:
            return
