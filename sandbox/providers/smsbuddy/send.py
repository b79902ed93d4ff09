"""Sends rows: the provider's checks in its order (inferred), then drafts, charges and the reply."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import chain
from typing import NamedTuple

from sandbox.core.account import Account, Window
from sandbox.core.message import Draft, Lifecycle, LifecycleStep, Status
from sandbox.core.seeded_random import draw_text
from sandbox.core.world import World
from sandbox.providers.base import Call, Outcome, Plan, Refusal
from sandbox.providers.smsbuddy import refusals
from sandbox.providers.smsbuddy.dlt import breaks_template
from sandbox.providers.smsbuddy.recipients import INDIA
from sandbox.providers.smsbuddy.send_requests import Row, asked_for, asks_for_result, flat_rows, json_rows
from sandbox.providers.smsbuddy.send_results import result, sent


class Submission(NamedTuple):
    """What sending some rows would store: a draft for each valid number, the account charged, the rate counted."""

    drafts: tuple[Draft, ...]
    changes: tuple[Account | Window, ...]


def send(world: World, call: Call) -> Outcome:
    """Send one text to some numbers, or answer the result where that is what a GET asks for."""
    return result(world, call) if asks_for_result(call) else answered(world, call, flat_rows(call))


def send_json(world: World, call: Call) -> Outcome:
    """Send a text to each node's number."""
    return answered(world, call, json_rows(call))


def answered(world: World, call: Call, rows: Sequence[Row]) -> Outcome:
    """Submit rows and answer with them."""
    submission = submit(world, call, rows)
    if isinstance(submission, Refusal):
        return submission
    reply, sent_to = sent(submission.drafts, call), len(submission.drafts)
    if sent_to < asked_for(call, rows):
        reply = reply._replace(notes=refusals.wrong_numbers(call, rows, "is dropped", valid=sent_to))
    return Plan(reply, *submission)


def submit(world: World, call: Call, rows: Sequence[Row]) -> Submission | Refusal:
    """Check rows in the provider's order; return what they come to, or the first refusal with every reason."""
    valid = refusals.with_numbers(rows)
    found = refusals.of_rows(call, rows, valid)
    refusal = next(found, None)
    priced = valid if refusal is None else [row for row in valid if row.service in refusals.PURSES]
    account, windows = refusals.charged(call.owner, priced), refusals.counted(world, call, len(valid))
    if refusal is None and not isinstance(account, Refusal) and not isinstance(windows, Refusal):
        return Submission(drafts(call, valid), (account, *windows))
    first, *later = [each for each in (refusal, *found, account, windows) if isinstance(each, Refusal)]
    left_out = refusals.wrong_numbers(call, rows, "is no number", valid=len(valid)) if valid else ()
    whys = chain(first.why, map(str, call.violations), *(each.why for each in later), left_out)
    return first._replace(why=tuple(dict.fromkeys(whys)))


def drafts(call: Call, rows: Iterable[Row]) -> tuple[Draft, ...]:
    """Return a draft for each row; their ids differ in the number behind the hyphen."""
    if call.channel is None:
        raise ValueError(call.operation)
    reference = draw_text(call.seed, call.number, "smsbuddy id", length=24)
    return tuple(
        Draft(
            id=f"{reference}-{place}",
            channel=call.channel,
            recipient=row.number,
            sender=row.sender,
            text=row.text,
            code=row.code,
            scheduled_for=row.due,
            life=fate(call.owner, row, delay=call.channel.life[0].delay),
            data=row.facts or None,
        )
        for place, row in enumerate(rows, start=1)
    )


def fate(account: Account, row: Row, *, delay: timedelta) -> Lifecycle | None:
    """Return the life of a row that is accepted and then rejected, None for the usual one."""
    if breaks_template(account, row.template_id, row.text):
        return (LifecycleStep(Status.REJECTED, delay, "DLT-REJECTED"),)
    if account.stop_list and not account.stop_list.isdisjoint((row.number, row.number.removeprefix(INDIA))):
        return (LifecycleStep(Status.REJECTED, delay, "DNDNUMB"),)
    return None
