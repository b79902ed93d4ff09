"""What the templates of one reply, error or callback can read, by name of the variable."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sandbox.core.account import Account
from sandbox.core.message import Draft, Message
from sandbox.core.world import World
from sandbox.providers.base import Call, Report
from sandbox.providers.behaviours.times import Moment, TimeFormat, make_moment

NOTHING: Mapping[str, Any] = {}


class Scope:
    """What the templates of one reply, error or callback can read.

    `message` is the message that a template is about, `row` its place among those of its request; `bound` has further
    variables by name. In callbacks, `call` is None and `report` says what is reported.
    """

    message: Message | Draft | None = None
    messages: Sequence[Message | Draft] = ()
    row = 0
    report: Report | None = None
    bound: Mapping[str, Any] = NOTHING

    def __init__(
        self,
        world: World | None,
        *,
        at: datetime,
        settings: Mapping[str, object],
        times: TimeFormat,
        call: Call | None = None,
    ) -> None:
        self._world, self.at, self.settings, self.times, self.call = world, at, settings, times, call
        self.account: Account | None = call.account if call is not None else None
        self.random: dict[str, Any] = {}  # what templates have drawn from; all of one reply draw from the same

    @property
    def world(self) -> World:
        """The world; errors are written without one.

        Raises:
            ValueError: there is none.

        """
        if self._world is None:
            message = "this template cannot read messages"
            raise ValueError(message)
        return self._world

    def about(self, message: Message | Draft, row: int) -> "Scope":
        """Return a scope like this one, about another message."""
        made = self.copy()
        made.message, made.row = message, row
        return made

    def copy(self, **bound: object) -> "Scope":
        """Return a scope like this one, with further variables."""
        made = object.__new__(Scope)
        made.__dict__ |= self.__dict__
        if bound:
            made.bound = {**self.bound, **bound}
        return made

    def number(self, message: Message | Draft) -> int:
        """Return the number of a message, which a draft gets when it is accepted."""
        if isinstance(message, Message):
            return message.number
        return (self.call.number if self.call else 0) + self.row

    def write_time(self, at: datetime | None) -> str | int | None:
        """Return a time as the provider writes it; None stays None."""
        return None if at is None else self.times.write(at, self.settings)

    def moment(self, at: datetime | None) -> Moment | None:
        """Return a time for templates of Jinja; None stays None."""
        return None if at is None else make_moment(at, self.times.write(at, self.settings))
