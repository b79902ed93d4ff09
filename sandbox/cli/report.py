"""`report`: the refusals and failed callbacks of a run, for people and, as JUnit XML, for CI systems."""

import json
from datetime import datetime
from pathlib import Path

import click

from sandbox.cli.api_options import CommandContext, api_command, pages
from sandbox.cli.junit import Report
from sandbox.cli.options import NO, PATH, Time
from sandbox.client import tables, traffic
from sandbox.client.files import write_file

PAGE = 1000  # requests or callbacks that are read at once
SHOWN = 20  # refused requests that are printed, and failed callbacks
STDOUT = Path("-")


@click.command()
@click.option(
    "--junit", "file", type=PATH, help="Also write JUnit XML to this file; - for standard output.", metavar="FILE"
)
@click.option("--provider", help="Only requests and callbacks of this provider, such as betatel.")
@click.option("--since", type=Time(), help="Only requests after this time, and callbacks due after it.", metavar="TIME")
@click.option("--ignore-rules", is_flag=True, help="Leave out refusals that a rule of the scenario causes.")
@click.option("--exit-zero", is_flag=True, help="Exit code 0 whatever was refused or failed.")
@api_command
def report(  # noqa: PLR0913 - click passes options by name
    context: CommandContext,
    *,
    file: Path | None,
    provider: str | None,
    since: datetime | None,
    ignore_rules: bool,
    exit_zero: bool,
) -> int:
    """Report what was refused and which callbacks failed.

    Exit code 1 if something was refused or a callback failed, or its last attempt did.
    """
    found = Report()
    for requests in pages(
        context, lambda cursor: traffic.requests(provider=provider, since=since, limit=PAGE, cursor=cursor)
    ):
        found.evicted = requests.evicted
        for each in requests:
            if not (ignore_rules and each.refused and each.rule):
                found.add_request(each)
    for callbacks in pages(
        context, lambda cursor: traffic.callbacks(provider=provider, since=since, limit=PAGE, cursor=cursor)
    ):
        for callback in callbacks:
            found.add_callback(callback)
    if file == STDOUT:
        click.echo(found.to_xml(), nl=False)
    else:
        if file is not None:
            write_file(file, found.to_xml())
        click.echo(as_json(found) if context.as_json else summarize(found) if file else describe(found))
    return NO if (found.refused or found.failed) and not exit_zero else 0


def summarize(found: Report) -> str:
    """Return the numbers of a report in one line."""
    requests = f"{count(found.requests, 'request')}, {len(found.refused)} refused"
    kept = f"; {count(found.evicted, 'older request')} no longer kept" if found.evicted else ""
    return f"{requests}; {count(found.callbacks, 'callback')}, {len(found.failed)} failed{kept}"


def describe(found: Report) -> str:
    """Return a report for people: the numbers, and the newest of what was refused or failed."""
    parts = [summarize(found)]
    for shown, rows, more in (
        (tables.requests(found.refused[:SHOWN]), found.refused, "requests --refused"),
        (tables.callbacks(found.failed[:SHOWN]), found.failed, "callbacks --failing"),
    ):
        if rows:
            parts.append(shown)
        if len(rows) > SHOWN:
            parts.append(f"… and {len(rows) - SHOWN} more; sms-sandbox {more} --limit 1000 lists them")
    return "\n\n".join(parts)


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def as_json(found: Report) -> str:
    """Return the numbers of a report as JSON."""
    numbers = {
        "requests": found.requests,
        "refused": [each.id for each in found.refused],
        "callbacks": found.callbacks,
        "failed": [each.id for each in found.failed],
        "evicted": found.evicted,
    }
    return json.dumps(numbers, indent=2)
