"""What is young is looked through as often as things happen, so that it never grows old unseen."""

import subprocess
import sys

KEPT = """
import gc
from sandbox.core.change import Hearers
from sandbox.core.journal import Exchange
from sandbox.sweeping import EVERY, Sweep

hearers = Hearers()
Sweep(hearers)
young = []
kept = [object() for _ in range(1000)]
for number in range(50_000):  # for each that comes one goes, as at the limit of what is kept
    kept[number % 1000] = [[] for _ in range(10)]
    for hear in hearers[Exchange]:
        hear(None, None)
    if number > 1000:
        young.append(len(gc.get_objects(generation=0)))
print(max(young) < 2 * EVERY * 11, gc.get_freeze_count() > 0)
"""


def test_at_the_limit_of_what_is_kept_few_objects_are_young() -> None:
    done = subprocess.run([sys.executable, "-c", KEPT], capture_output=True, text=True, check=True)  # noqa: S603 - our own

    assert done.stdout == "True True\n"
