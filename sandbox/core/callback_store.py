"""The callbacks of a workspace; those that were collected, which are most of a server without targets, as numbers.

Such a callback says nothing that its message and the settings of its time do not say: it is made when it is read.
"""

from collections.abc import Mapping, ValuesView
from typing import Any

from sandbox.core.callback import OPEN_STATES, Callback, CallbackState
from sandbox.core.lazy_store import LazyStore
from sandbox.core.message import Message

Settings = Mapping[str, Mapping[str, object]]  # by provider

STEP_BITS = 32  # low bits of the number that stands for a callback: which of its message's statuses it reports
STEP_MASK = (1 << STEP_BITS) - 1
COLLECTED = CallbackState.COLLECTED


class CallbackStore(LazyStore[Callback]):
    """The callbacks of a workspace by id; `rows` are those to begin with."""

    __slots__ = ("_messages", "_periods")

    def __init__(
        self, messages: dict[int, Message], settings: Settings, rows: dict[int, Callback] | None = None
    ) -> None:
        self._messages = messages
        self._texts = 0
        self._take(rows or {})
        # The settings, and the id of the first callback that they apply to.
        self._periods = [(next(reversed(self), 0) + 1, settings)]

    def use_settings(self, settings: Settings, *, first: int) -> None:
        """Note the settings that apply from the callback with the id `first` on."""
        oldest = next(iter(self), first)
        following = [start for start, _ in self._periods[1:]] + [first]
        kept = [period for period, end in zip(self._periods, following, strict=True) if period[0] < end > oldest]
        self._periods = [*kept, (first, settings)]

    def put(self, callback: Callback) -> None:
        """Store a callback, after the message with the status that it reports."""
        number, message_number, provider, step, due, state, request, _, settings = callback
        if settings is not None and state is COLLECTED and request is None and due is step.at:
            message = self._messages[message_number]
            if message.callbacks[-1] == number and settings is self._periods[-1][1].get(provider):
                self.collect(message)
                return
        self[number] = callback

    def collect(self, message: Message) -> None:
        """Store the newest callback of a message, which is collected and reports its current status."""
        row: Any = message.number << STEP_BITS | (message.reached - 1)
        self[message.callbacks[-1]] = row

    def is_open(self, number: int) -> bool:
        """Return whether an attempt of a callback is to come, or under way."""
        row: Any = dict.__getitem__(self, number)
        return row.__class__ is not int and self[number].state in OPEN_STATES

    def __getitem__(self, number: int) -> Callback:
        row: Any = super().__getitem__(number)
        if row.__class__ is Callback:
            return row
        packed: int = row
        message = self._messages[packed >> STEP_BITS]
        step = message.step(packed & STEP_MASK)
        settings = next(each for first, each in reversed(self._periods) if first <= number)
        provider = message.provider
        return Callback(number, message.number, provider, step, step.at, COLLECTED, None, (), settings[provider])

    def values(self) -> ValuesView[Callback]:  # type: ignore[override]  # a view that reads
        """Return a view of the callbacks, oldest first."""
        return ValuesView(self)

    def copy(self) -> "CallbackStore":
        """Return a copy, which later changes of this store and of the messages leave as it is."""
        copy = CallbackStore(self._messages.copy(), {}, self)
        copy._periods = [*self._periods]
        return copy
