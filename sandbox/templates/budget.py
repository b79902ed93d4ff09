"""The work that the templates of one reply may do: steps, memory and processor time.

Rendering happens in the server's only thread, and a call into C (a long `center`, a large power) cannot be interrupted.
So nothing large is started: sizes are computed before a value is made, and everything that repeats spends a step. Steps
and sizes do not depend on the machine, so the same template always ends at the same place. The limit on time is a
second line of defence, checked at each step. It counts the processor time of this thread, because a machine that was
busy elsewhere is no fault of the template. Other requests wait for a rendering, as they do for each other: at most
100 ms.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import chain
from sys import getsizeof

from sandbox.core.clock import processor_seconds
from sandbox.core.errors import SandboxError

STEPS = 25_000
MEMORY = 8_000_000  # bytes of all values together; with what is not counted, a rendering stays below 10 MB
SECONDS = 0.1
WRITTEN = 1024 * 1024  # characters
DEEPEST = 100  # levels of lists within lists
STEPS_BETWEEN_LOOKS = 8  # at the clock, which takes as long as a step
READ_IN_A_STEP = 500  # bytes that a step searches or compares
MADE_IN_A_STEP = 2_000  # bytes that a step copies
MEMBERS_IN_A_STEP = 2  # members that are looked at in a step
LEAVES = (str, bytes, int, float, type(None), range)
REFERENCE = 64  # bytes for a member of a list, its value included where it is small


class BudgetExceededError(SandboxError):
    """A template that asks for more work or memory than one reply may use."""


class Budget:
    """What is left of the work of one reply; every method raises BudgetExceededError where it is spent."""

    __slots__ = ("_clock", "_end", "_look", "made", "steps", "written")

    def __init__(self, clock: Callable[[], float] = processor_seconds) -> None:
        self._clock = clock
        self._end = clock() + SECONDS
        self.steps = self.made = self.written = self._look = 0

    def step(self, count: int = 1) -> None:
        """Spend steps."""
        self.steps += count
        if self.steps > STEPS:
            message = f"the templates of one reply may take {STEPS} steps, and these take more"
            raise BudgetExceededError(message)
        if self.steps < self._look:
            return
        self._look = self.steps + STEPS_BETWEEN_LOOKS
        if self._clock() > self._end:
            message = f"the templates of one reply may take {SECONDS * 1000:.0f} ms, and these take longer"
            raise BudgetExceededError(message)

    def read(self, size: int) -> None:
        """Spend the steps of reading `size` bytes."""
        self.step(1 + size // READ_IN_A_STEP)

    def make(self, size: int) -> None:
        """Spend `size` bytes of memory; call it before the value is made."""
        self.made += size
        if self.made > MEMORY:
            message = f"the templates of one reply may make values of {MEMORY} bytes together, and these make more"
            raise BudgetExceededError(message)
        self.step(1 + size // MADE_IN_A_STEP)

    def write(self, text: str) -> None:
        """Spend the characters of a piece of the reply, which is copied once more."""
        self.make(getsizeof(text))
        self.written += len(text)
        if self.written > WRITTEN:
            message = f"it writes more than {WRITTEN} characters"
            raise BudgetExceededError(message)


_ACTIVE: ContextVar[Budget] = ContextVar("budget of the templates")


def active() -> Budget:
    """Return the budget of the reply that is being written."""
    return _ACTIVE.get()


@contextmanager
def spending(budget: Budget) -> Iterator[None]:
    """Let every template that is rendered inside spend from one budget."""
    token = _ACTIVE.set(budget)
    try:
        yield
    finally:
        _ACTIVE.reset(token)


def measure(budget: Budget, *values: object) -> int:
    """Return how many bytes values have with all they contain: what occurs twice counts twice, as it does in a text."""
    size, members = 0, 0
    walks: list[Iterator[object]] = [iter(values)]
    while walks:
        for value in walks[-1]:
            members += 1
            if members % MEMBERS_IN_A_STEP == 0:
                budget.step()
            size += sized(value)
            if not isinstance(value, LEAVES) and isinstance(value, Collection):
                walks.append(chain(value, value.values()) if isinstance(value, Mapping) else iter(value))
                break
        else:
            walks.pop()
        if len(walks) > DEEPEST:
            message = f"lists stand within lists more than {DEEPEST} levels deep"
            raise BudgetExceededError(message)
    return size


def sized(value: object) -> int:
    """Return the bytes of a value without its members, those of a list as references."""
    if isinstance(value, str | bytes | int):
        return getsizeof(value)
    if isinstance(value, LEAVES) or not isinstance(value, Collection):
        return REFERENCE
    return REFERENCE * (1 + len(value))


class Counted:
    """Members that spend a step each."""

    def __init__(self, values: Iterable[object]) -> None:
        self._values = iter(values)

    def __iter__(self) -> Iterator[object]:
        return self

    def __next__(self) -> object:
        active().step()
        value = next(self._values)
        if isinstance(value, list | tuple):
            active().make(sized(value))
        return value


class CountedCollection:
    """Members that spend a step each, and whose number is known."""

    def __init__(self, values: Collection[object]) -> None:
        self._values = values

    def __iter__(self) -> Iterator[object]:
        return Counted(self._values)

    def __len__(self) -> int:
        return len(self._values)


def counted(values: Iterable[object]) -> Iterable[object]:
    """Return the same members, which spend a step each as they are read."""
    return CountedCollection(values) if isinstance(values, Collection) else Counted(values)
