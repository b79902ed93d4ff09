"""Python's garbage collection while something is loaded that stays."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collections() -> Iterator[None]:
    """Collect no garbage in the block: what a start makes stays, and collections would take a fifth of the start.

    What was made counts as old afterwards, so that the next collection of young objects skips it.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if not gc.get_freeze_count():  # nobody else keeps objects from being collected
                gc.freeze()
                gc.unfreeze()
            gc.enable()
