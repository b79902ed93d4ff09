"""The work that the templates of one reply may do: steps, memory and processor time.

Templates are rendered in the server's only thread, and a call into C (a long `center`, a large power) cannot be
interrupted. So nothing large is started: the size of a value is computed before the value is made, and everything that
repeats spends a step. Steps and sizes do not depend on the machine, so the same template always ends at the same place.
The time limit is a second line of defence, checked at each step. It counts the processor time of this thread, so a busy
machine does not make a template fail. Other requests wait while a template is rendered: at most 100 ms.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import chain
from sys import getsizeof
from typing import NoReturn

from sandbox.core.clock import processor_seconds
from sandbox.core.errors import SandboxError

STEP_LIMIT = 25_000
MEMORY_LIMIT = 8_000_000  # bytes of all values together; with what is not counted, rendering stays below 10 MB
TIME_LIMIT = 0.1  # seconds
OUTPUT_LIMIT = 1024 * 1024  # characters
DEPTH_LIMIT = 100  # levels of nested lists
STEPS_BETWEEN_CLOCK_READS = 8  # reading the clock takes as long as a step
BYTES_READ_PER_STEP = 500  # searched or compared
BYTES_MADE_PER_STEP = 2_000  # copied
MEMBERS_PER_STEP = 2  # measured
LEAVES = (str, bytes, int, float, type(None), range)
REFERENCE = 64  # bytes for a member of a list, with its value if that is small


class BudgetExceededError(SandboxError):
    """A template needs more work or memory than one reply may use."""


class Budget:
    """The work that one reply has done; every method raises BudgetExceededError if it exceeds a limit."""

    __slots__ = ("_clock", "_end", "_next_clock_read", "made", "steps", "written")

    def __init__(self, clock: Callable[[], float] = processor_seconds) -> None:
        self._clock = clock
        self._end = clock() + TIME_LIMIT
        self.steps = self.made = self.written = self._next_clock_read = 0

    def step(self, count: int = 1) -> None:
        """Spend `count` steps."""
        self.steps += count
        if self.steps > STEP_LIMIT:
            _exceed(f"{STEP_LIMIT} steps")
        if self.steps < self._next_clock_read:
            return
        self._next_clock_read = self.steps + STEPS_BETWEEN_CLOCK_READS
        if self._clock() > self._end:
            _exceed(f"{TIME_LIMIT * 1000:.0f} ms of processor time")

    def read(self, size: int) -> None:
        """Spend the steps for reading `size` bytes."""
        self.step(1 + size // BYTES_READ_PER_STEP)

    def make(self, size: int) -> None:
        """Spend `size` bytes of memory; call it before the value is made."""
        self.made += size
        if self.made > MEMORY_LIMIT:
            _exceed(f"{MEMORY_LIMIT} bytes of memory")
        self.step(1 + size // BYTES_MADE_PER_STEP)

    def write(self, text: str) -> None:
        """Spend the characters of a piece of the reply, and the memory for its copy."""
        self.make(getsizeof(text))
        self.written += len(text)
        if self.written > OUTPUT_LIMIT:
            _exceed(f"{OUTPUT_LIMIT} characters of output")


def _exceed(limit: str) -> NoReturn:
    message = f"the templates of this reply exceed the limit of {limit}"
    raise BudgetExceededError(message)


_ACTIVE: ContextVar[Budget] = ContextVar("budget of the templates")


def active_budget() -> Budget:
    """Return the budget of the reply that is being rendered."""
    return _ACTIVE.get()


@contextmanager
def spending(budget: Budget) -> Iterator[None]:
    """Charge every template that is rendered inside to one budget."""
    token = _ACTIVE.set(budget)
    try:
        yield
    finally:
        _ACTIVE.reset(token)


def measure(budget: Budget, *values: object) -> int:
    """Return the size of values in bytes, members included; a member that occurs twice counts twice, as in a text."""
    size, members = 0, 0
    walks: list[Iterator[object]] = [iter(values)]
    while walks:
        for value in walks[-1]:
            members += 1
            if members % MEMBERS_PER_STEP == 0:
                budget.step()
            size += shallow_size(value)
            if not isinstance(value, LEAVES) and isinstance(value, Collection):
                walks.append(chain(value, value.values()) if isinstance(value, Mapping) else iter(value))
                break
        else:
            walks.pop()
        if len(walks) > DEPTH_LIMIT:
            message = f"lists are nested more than {DEPTH_LIMIT} levels deep"
            raise BudgetExceededError(message)
    return size


def shallow_size(value: object) -> int:
    """Return the size of a value in bytes; the members of a list count as references."""
    if isinstance(value, str | bytes | int):
        return getsizeof(value)
    if isinstance(value, LEAVES) or not isinstance(value, Collection):
        return REFERENCE
    return REFERENCE * (1 + len(value))


class CountedIterator:
    """An iterator that spends a step for each member."""

    def __init__(self, values: Iterable[object]) -> None:
        self._values = iter(values)

    def __iter__(self) -> Iterator[object]:
        return self

    def __next__(self) -> object:
        active_budget().step()
        value = next(self._values)
        if isinstance(value, list | tuple):
            active_budget().make(shallow_size(value))
        return value


class CountedCollection:
    """A collection that spends a step for each member that is read."""

    def __init__(self, values: Collection[object]) -> None:
        self._values = values

    def __iter__(self) -> Iterator[object]:
        return CountedIterator(self._values)

    def __len__(self) -> int:
        return len(self._values)


def count_members(values: Iterable[object]) -> Iterable[object]:
    """Return the same members, each of which spends a step when it is read."""
    return CountedCollection(values) if isinstance(values, Collection) else CountedIterator(values)
