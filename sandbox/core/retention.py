"""Which messages are deleted when there are too many: the oldest first, but those with something pending later."""

from collections import deque


class Retention:
    """The numbers of messages to check when there are too many; those below `next` were checked.

    Messages with something pending are skipped, and checked again once they have ended, so that each insertion needs to
    check only a few.
    """

    def __init__(self, following: int = 1) -> None:
        self.next = following
        self._ended: deque[int] = deque()  # numbers that were skipped, whose messages have ended since

    def add_ended(self, number: int) -> None:
        """Note that a message has ended."""
        if number < self.next:
            self._ended.append(number)

    def take(self, *, end: int) -> int | None:
        """Return the number of the next message to check, skipped ones first; None if there is none before `end`."""
        if self._ended:
            return self._ended.popleft()
        if self.next >= end:
            return None
        self.next += 1
        return self.next - 1
