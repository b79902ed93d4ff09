"""Which messages are deleted when there are too many: the oldest first, but those with something pending later."""

from collections import deque
from collections.abc import Iterator


class Retention:
    """The numbers of messages to check when there are too many; those below `next` were checked.

    A message with something pending is skipped and checked again when it has ended, so checking a few at a time is
    enough.
    """

    def __init__(self, following: int = 1) -> None:
        self.next = following
        self._ended: deque[int] = deque()  # numbers that were skipped, whose messages have ended since

    def add_ended(self, number: int) -> None:
        """Note that a message has ended."""
        if number < self.next:
            self._ended.append(number)

    def candidates(self, most: int, *, end: int) -> Iterator[int]:
        """Yield at most `most` numbers below `end`; those that were skipped come first."""
        for _ in range(most):
            if self._ended:
                yield self._ended.popleft()
            elif self.next < end:
                self.next += 1
                yield self.next - 1
            else:
                return
