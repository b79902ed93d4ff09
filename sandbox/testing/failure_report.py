"""Tells what happened in a workspace, for the report of a failing test."""

from collections.abc import Callable
from typing import TypeVar

from sandbox.client import Client, ClientError, Page, tables
from sandbox.core.clock import format_time

Row = TypeVar("Row")

SHOWN = 20  # requests, messages and callbacks each


def failure_report(client: Client) -> str:
    """Return the newest requests with the reasons of refusals, the newest messages and the newest callbacks."""
    try:
        clock = client.clock()
        parts = [
            f"scenario {client.scenario().name}, clock {clock.mode} at {format_time(clock.now)}",
            _part("requests", client.requests(limit=SHOWN), tables.requests),
            _part("messages", client.messages(limit=SHOWN), tables.messages),
            _part("callbacks", client.callbacks(limit=SHOWN), tables.callbacks),
        ]
    except ClientError as error:
        return f"what happened cannot be told: {error}"
    return "\n\n".join(parts)


def _part(head: str, items: Page[Row], show: Callable[[Page[Row]], str]) -> str:
    return f"{head}, newest first\n{show(items)}" if items else f"no {head}"
