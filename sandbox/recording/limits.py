"""What a recording may send on: some operations, so many requests, so many messages. The rest is never sent."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from sandbox.core.errors import SandboxError, near_miss
from sandbox.recording.session import read_text
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Found
from sandbox.specs.spec import Operation


class Refused(NamedTuple):
    """Why a request is not sent on: the limit that it exceeds, and a sentence."""

    limit: str
    why: str


class Asked(NamedTuple):
    """How many messages a request asks for, and the first recipient, empty if there is none."""

    messages: int
    recipient: str


class Limits:
    """Counts requests and messages; a request counts before it is sent, so that no two share what is left."""

    def __init__(self, only: Iterable[str] = (), most: int | None = None, budget: int | None = None) -> None:
        """Set limits: globs of operations, and the number of requests and of messages; None sets none."""
        self.only = tuple(only)
        self.most = most
        self.budget = budget
        self.requests = self.messages = 0

    def take(self, operation: Operation, messages: int) -> Refused | None:
        """Count a request that asks for so many messages, or return why it must not be sent on."""
        if self.only and not any(fnmatchcase(operation.name, each) for each in self.only):
            return Refused(
                "only", f"{operation.name} is not among the operations of --only {' --only '.join(self.only)}"
            )
        if self.most is not None and self.requests >= self.most:
            return Refused("max", f"--max {self.most}: so many requests have been sent")
        if self.budget is not None and messages and self.messages + messages > self.budget:
            left = self.budget - self.messages
            return Refused(
                "budget", f"--budget {self.budget}: {_count(left)} left, and the request asks for {messages}"
            )
        self.requests += 1
        self.messages += messages
        return None


def _count(left: int) -> str:
    return f"{left or 'no'} message{'' if left == 1 else 's'} {'is' if left == 1 else 'are'}"


def check_globs(globs: Iterable[str], operations: Mapping[str, object]) -> None:
    """Check the values of `--only`.

    Raises:
        SandboxError: one of them matches no operation.

    """
    for each in globs:
        if not any(fnmatchcase(name, each) for name in operations):
            message = f"--only: no operation is called '{each}'.{near_miss(each, operations)}"
            raise SandboxError(message)


def count_messages(found: Found, request: Request) -> Asked:
    """Return how many messages a request asks for, at least one, and the first recipient."""
    body, _ = read_text(request.body, tuple(request.headers.items()))
    named = recipients_of(found, request._replace(body=body.text.encode("utf-8", "surrogateescape")))
    return Asked(max(1, len(named)), named[0] if named else "")


def recipients_of(found: Found, request: Request) -> list[str]:
    """Return the recipients that a request names; its body must not be packed."""
    values = found.route.read(request, found.path_values).values
    return [each.recipient for each in found.route.operation.message.messages(values) if each.recipient]
