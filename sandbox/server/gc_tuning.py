"""Looks for garbage among what is young as often as things happen.

Python itself looks once so much more was made than freed. Where the oldest goes for each that comes, as at the limit of
what is kept, that is seldom: by then a million objects are young, and all waits for 100 ms while they are looked at.
"""

import gc

from sandbox.core.callback import Callback
from sandbox.core.change import Subscribers
from sandbox.core.journal import RequestRecord

EVERY = 32  # requests and changes of callbacks; ten sends, some hundred objects, which are still in the cache
AGAIN = 32 * EVERY  # and once more through what has come since, for connections that ended meanwhile: 2 ms
NEVER = 1_000_000  # collections before Python itself looks through what is older
YOUNG = 1_000  # allocations before it looks through what is young


class GarbageCollection:
    """Counts what happens. What a start has made stays for good, and is looked through no more."""

    def __init__(self, subscribers: Subscribers) -> None:
        self._count = 0
        subscribers.add(self._hear, RequestRecord, Callback)
        gc.freeze()
        gc.set_threshold(YOUNG, NEVER, NEVER)
        gc.enable()

    def _hear(self, *_: object) -> None:
        self._count += 1
        if self._count % EVERY == 0:
            gc.collect(0 if self._count % AGAIN else 1)
