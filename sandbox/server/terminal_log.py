"""The log on a terminal: what a developer sees while working; it has numbers, reasons and codes, but no keys.

What goes to a file or a pipe is formatted in `logs`. This module is loaded only if there is a terminal to write to.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TextIO

from sandbox.control.masking import masked_text
from sandbox.control.messages import code_of
from sandbox.core.callback import Callback, CallbackState
from sandbox.core.journal import RequestRecord
from sandbox.core.message import Message
from sandbox.core.world import DEFAULT_WORKSPACE
from sandbox.formats.terminal import TrafficLayout, TrafficLine, columns_of, has_colour
from sandbox.server.logs import describe_callback, describe_final

REASONS = 5  # of a request that are shown


@dataclass(frozen=True, slots=True)
class TerminalLog:
    """Formats requests and attempts; `bodies` adds their bodies in lines of their own."""

    layout: TrafficLayout
    bodies: bool = False

    def request(
        self, exchange: RequestRecord, message: Message | None, workspace: str, *, with_code: bool = True
    ) -> str:
        """Return the lines of a request; `message` is the last that it created, `with_code` looks for its code."""
        to = "" if message is None else message.recipient
        count = len(exchange.messages)
        line = TrafficLine(
            exchange.at,
            is_callback=False,
            operation=exchange.operation or f"{exchange.method} {masked_text(exchange.path, exchange.key)}",
            to=f"{to} +{count - 1}" if count > 1 else to,
            status=exchange.status or None,
            ms=exchange.ms,
            result="  ".join(_results(exchange, message)),
            good=not exchange.refused,
            number=f"#{exchange.id}",
            message=exchange.messages[0] if count == 1 else "",
            code=code_of(message, exchange.at) if message is not None and with_code else None,
            notes=(*_reasons(exchange), *self._bodies(exchange)),
            workspace=_shown(workspace),
        )
        return self.layout.format(line)

    def _bodies(self, exchange: RequestRecord) -> Iterator[str]:
        for name, body in (("body", exchange.body), ("reply", exchange.reply_body)):
            if self.bodies and body:
                yield f"{name}: {masked_text(body.decode('utf-8', 'replace'), exchange.key)}"

    def callback(self, callback: Callback, message: Message, workspace: str) -> str:
        """Return the lines of a callback's last attempt."""
        attempt = callback.attempts[-1]
        body = callback.request.body if self.bodies and callback.request else ""
        line = TrafficLine(
            attempt.at,
            is_callback=True,
            operation=message.operation,
            to=message.phone,
            status=attempt.status,
            ms=attempt.ms,
            result=describe_callback(callback),
            good=callback.state is CallbackState.DELIVERED,
            number=f"callback {callback.id}",
            message=message.id,
            notes=(*([attempt.error] if attempt.error else ()), *([f"body: {body}"] if body else ())),
            workspace=_shown(workspace),
        )
        return self.layout.format(line)


def make_terminal_log(stream: TextIO, operations: Iterable[str], *, bodies: bool) -> TerminalLog:
    """Return the log for the terminal behind a stream; the names of `operations` set the width of their column."""
    layout = TrafficLayout(operations, colour=has_colour(stream), columns=columns_of(stream))
    return TerminalLog(layout, bodies)


def _results(exchange: RequestRecord, message: Message | None) -> Iterator[str]:
    count = len(exchange.messages)
    if exchange.refused:
        yield "refused"
    if count > 1:
        yield f"{count} messages"
    if message is not None and message.is_moving:
        yield f"→ {describe_final(message)}"
    if exchange.rule and not exchange.refused:  # a refusal names its rule in its reason
        yield f"rule: {exchange.rule}"
    if exchange.delay:
        yield f"delay: {exchange.delay:g} s"


def _reasons(exchange: RequestRecord) -> Iterator[str]:
    yield from (masked_text(each, exchange.key) for each in exchange.why[:REASONS])
    if len(exchange.why) > REASONS:
        yield f"… and {len(exchange.why) - REASONS} more"


def _shown(workspace: str) -> str:
    return "" if workspace == DEFAULT_WORKSPACE else workspace
