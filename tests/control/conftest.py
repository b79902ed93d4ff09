"""What tests of the control API start from."""

import pytest

from tests.control.calls import Control
from tests.servers import Sandbox


@pytest.fixture
def control(sandbox: Sandbox) -> Control:
    """Return the control API of `default`."""
    return Control(sandbox)
