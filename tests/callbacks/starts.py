"""What the tests of delivery start from."""

from datetime import timedelta

from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.core.scenario import Scenario
from sandbox.engine.workspace import WorkspaceConfig
from tests.builders import NOON
from tests.servers import Receiver

SOON = timedelta(seconds=1)  # when a Betatel SMS has reported `sent` and not yet `delivered`
LATER = timedelta(seconds=5)  # when its life is over
FAST = ClockConfig(ClockMode.SCALED, 1000, NOON)  # a second of the clock takes a millisecond


def running() -> WorkspaceConfig:
    """Return a start whose clock runs, and fast."""
    return WorkspaceConfig(Scenario("running"), seed=7, clock_config=FAST)


def statuses(receiver: Receiver) -> list[str]:
    return [call.json["status"] for call in receiver.calls]
