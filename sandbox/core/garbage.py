"""Python's garbage collection while much is made that stays."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collections() -> Iterator[None]:
    """Collect no garbage in the block: what a start or a large request makes stays, and collections take a fifth of it.

    What was made counts as old afterwards, so that the next collection of young objects skips it.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            keeps = gc.get_freeze_count() > 0  # the program keeps what it has loaded from being collected
            gc.freeze()
            if not keeps:
                gc.unfreeze()
            gc.enable()
