"""What is young is looked through as often as things happen, so that it never grows old unseen."""

import subprocess
import sys

KEPT = """
import gc
from collections import deque
from sandbox.core.change import Subscribers
from sandbox.core.journal import RequestRecord
from sandbox.server.runner import COLLECT_EVERY, GarbageCollection

class Ended:
    def __init__(self):
        self.itself = self  # as a connection and its parser: Python's count of references never comes to 0

subscribers = Subscribers()
GarbageCollection(subscribers)
young = []
kept = [object() for _ in range(1000)]
under_way = deque(maxlen=COLLECT_EVERY // 8)  # those that are under way during a collection stay
for number in range(50_000):  # for each that comes one goes, as at the limit of what is kept
    kept[number % 1000] = [[] for _ in range(10)]
    under_way.append(Ended())
    for hear in subscribers[RequestRecord]:
        hear(None, None)
    if number > 1000 and number % 50 == 0:
        young.append(len(gc.get_objects(generation=0)))
left = sum(type(each) is Ended for each in gc.get_objects())
print(max(young) < 2 * COLLECT_EVERY * 12, left < 50_000 / 7, gc.get_freeze_count() > 0)
"""


def test_at_the_limit_of_what_is_kept_few_objects_are_young_and_most_garbage_goes() -> None:
    done = subprocess.run([sys.executable, "-c", KEPT], capture_output=True, text=True, check=True)  # noqa: S603 - our own

    assert done.stdout == "True True True\n"
