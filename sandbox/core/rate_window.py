"""How much of something has happened lately: the value behind every rate limit."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """`count` things since `since`; a window that is over counts as empty when it is read."""

    name: str
    since: datetime
    count: int

    def at(self, now: datetime, span: timedelta) -> "Window":
        """Return the window that holds at `now`: this one, or an empty one that begins now."""
        return self if now - self.since < span else Window(self.name, now, 0)

    def plus(self, count: int) -> "Window":
        """Return the window with `count` more."""
        return Window(self.name, self.since, self.count + count)
