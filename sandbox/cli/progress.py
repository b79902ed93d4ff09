"""How far long work has come: on a terminal in one line that is drawn anew, elsewhere not at all.

```python
with Progress("comparing") as progress:
    for done, each in enumerate(exchanges):
        progress.update(done, len(exchanges))
```

The line appears once the work has taken half a second, is on standard error, and is cleared at the end.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self, TextIO

from sandbox.core.clock import monotonic
from sandbox.formats.terminal import columns_of, is_live, shorten, visible

DELAY = 0.5  # seconds of work before the line appears
REDRAW = 0.1  # seconds between two drawings, at least
ASK = 0.2  # seconds between two questions of `polling`
BAR = 20  # cells
CLEAR_LINE = "\r\x1b[K"


class LiveLine:
    """The last line of a terminal, which is drawn anew; `is_live` says whether the stream can do that."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._columns = columns_of(stream)
        self.is_live = is_live(stream)
        self._drawn = False

    def draw(self, text: str) -> None:
        """Draw a text in place of the one before, cut to the width of the terminal."""
        self._drawn = True
        self._stream.write(CLEAR_LINE + shorten(visible(text), max(1, self._columns() - 1)))
        self._stream.flush()

    def clear(self) -> None:
        """Remove the text."""
        if self._drawn:
            self._drawn = False
            self._stream.write(CLEAR_LINE)
            self._stream.flush()


class Progress:
    """The progress of one piece of work, by its label. Updates may come as often as they like, from any thread."""

    def __init__(self, label: str, stream: TextIO | None = None, *, delay: float = DELAY) -> None:
        self._label = label
        self._line = LiveLine(sys.stderr if stream is None else stream)
        self._lock = threading.Lock()
        self._begin = monotonic()
        self._next = self._begin + delay  # when it may be drawn
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._ended = True
            self._line.clear()

    @property
    def is_shown(self) -> bool:
        """Whether anybody sees the progress; if not, nobody needs to find it out."""
        return self._line.is_live

    @property
    def seconds(self) -> float:
        """For how long the work has taken."""
        return monotonic() - self._begin

    def update(self, done: float, total: float, text: str = "") -> None:
        """Show that so much of the whole is done; `text` stands in place of the two numbers."""
        now = monotonic()
        if not self._line.is_live or now < self._next:
            return
        with self._lock:
            if not self._ended:
                self._next = now + REDRAW
                self._line.draw(describe(self._label, done, total, text))


def describe(label: str, done: float, total: float, text: str = "") -> str:
    """Return the line that shows how much of the whole is done."""
    share = min(1.0, max(0.0, done / total)) if total > 0 else 0.0
    full = round(share * BAR)
    numbers = text or f"{done:,.0f} of {total:,.0f}"
    return f"{label}  [{'#' * full}{'.' * (BAR - full)}]  {share:4.0%}  {numbers}"


@contextmanager
def polling(ask: Callable[[], None]) -> Iterator[None]:
    """Call a function again and again, in another thread, for the length of the block."""
    done = threading.Event()

    def run() -> None:
        while not done.wait(ASK):
            ask()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
