"""`requests` and `callbacks`: the journal of a running server, its delivery reports, and what can be done to them."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import click

from sandbox.cli.api_options import CommandContext, GroupWithDefault, api_command, list_options, pages, to_option
from sandbox.cli.options import NO
from sandbox.client import Callback, NotFoundError, RefusedError, tables, traffic
from sandbox.client.call import ApiCall
from sandbox.core.callback import CallbackState

ATTEMPT = "30s"  # maximum time to wait for the outcome of an attempt
PAGE = 1000  # callbacks that are read at once
LATEST = "latest"
REPLAY = "replay"


class Verb(NamedTuple):
    """What can be done to a callback: in words, and to callbacks in which states."""

    text: str
    refusal: str
    states: frozenset[CallbackState]


WAITING = frozenset({CallbackState.PENDING, CallbackState.HELD})
ENDED = frozenset({CallbackState.DELIVERED, CallbackState.FAILED, CallbackState.CANCELLED, CallbackState.COLLECTED})
VERBS: Mapping[str, Verb] = {
    "fire": Verb("Send waiting callbacks now, and show the outcome.", "fired", WAITING),
    "hold": Verb("Hold pending callbacks until they are released.", "held", frozenset({CallbackState.PENDING})),
    "release": Verb("Release held callbacks.", "released", frozenset({CallbackState.HELD})),
    "cancel": Verb("Cancel waiting callbacks.", "cancelled", WAITING),
    "replay": Verb(
        "Send ended callbacks again, and show the outcome. --failing and --state failed also send the retries that wait"
        " after a failed attempt, as Replay all failed of the inbox does.",
        "replayed",
        ENDED,
    ),
}


@click.group(cls=GroupWithDefault)
def requests() -> None:
    """List provider requests, or show one with its reply."""


@requests.command(name="list")
@list_options("request")
@to_option("request")
@click.option("--operation", help="Only requests of this operation, such as betatel.sms.send.")
@click.option("--status", type=int, help="Only requests whose reply has this HTTP status.")
@click.option("--refused/--accepted", default=None, help="Only refused requests, or only the others.")
@click.option("--rule", help="Only requests that this scenario rule applied to.", metavar="NAME")
@api_command
def list_requests(context: CommandContext, **given: Any) -> int:  # noqa: ANN401 - each option has its own type
    """List provider requests, newest first. Exit code 1 if --wait is given and there is none."""
    page = context.execute(traffic.requests(**given), lambda page: tables.requests(page) if page else "no requests")
    return NO if given["wait"] is not None and not page else 0


@requests.command(name="show")
@click.argument("id", metavar="NUMBER|latest", default=LATEST)
@api_command
def show_request(context: CommandContext, id: str) -> None:  # noqa: A002 - the API's word
    """Show a request and its reply with headers and bodies. Default: the newest."""
    context.execute(traffic.request(id), tables.request)


@click.group(cls=GroupWithDefault)
def callbacks() -> None:
    """List callbacks, show one, and fire, hold or replay some."""


state_option = click.option("--state", help=f"Only callbacks in this state: {', '.join(CallbackState)}.")
failing_option = click.option(
    "--failing",
    is_flag=True,
    default=None,
    help="Only callbacks that failed, or whose last attempt failed and another follows.",
)
message_option = click.option("--message", help="Only callbacks of the message with this id, or latest.", metavar="ID")


@callbacks.command(name="list")
@list_options("callback")
@state_option
@failing_option
@message_option
@api_command
def list_callbacks(context: CommandContext, **given: Any) -> int:  # noqa: ANN401 - each option has its own type
    """List callbacks with their attempts, newest first. Exit code 1 if --wait is given and there is none."""
    page = context.execute(traffic.callbacks(**given), lambda page: tables.callbacks(page) if page else "no callbacks")
    return NO if given["wait"] is not None and not page else 0


@callbacks.command(name="show")
@click.argument("id", metavar="NUMBER|latest", default=LATEST)
@api_command
def show_callback(context: CommandContext, id: str) -> None:  # noqa: A002 - the API's word
    """Show a callback with its request and every attempt. Default: the newest."""
    context.execute(traffic.callback(id), tables.callback)


def action(name: str, verb: Verb) -> click.Command:
    """Return the command that does something to the callbacks that are named or selected."""

    @click.argument("ids", nargs=-1, type=int, metavar="[NUMBER...]")
    @state_option
    @failing_option
    @click.option("--provider", help="Only callbacks of this provider, such as betatel.")
    @message_option
    @click.option(
        "--since", help="Only callbacks after the callback with this number, or after a time.", metavar="NUMBER|TIME"
    )
    @api_command
    def command(context: CommandContext, *, ids: tuple[int, ...], **selection: str | bool | None) -> int:
        return act(context, name, ids, {key: value for key, value in selection.items() if value is not None})

    text = f"{verb.text} Name them by number, or select them with options. Exit code 1 if there are none to be"
    return click.command(name=name, help=f"{text} {verb.refusal}.")(command)


def act(context: CommandContext, verb: str, ids: tuple[int, ...], selection: Mapping[str, Any]) -> int:
    """Do something to the callbacks that are named or selected, print them, and return the exit code.

    Raises:
        click.UsageError: callbacks are neither named nor selected, or both.

    """
    if ids and selection:
        message = f"numbers and --{next(iter(selection))} cannot be combined"
        raise click.UsageError(message)
    if not ids and not selection:
        example = f"sms-sandbox callbacks {verb} --provider betatel"
        message = f"name the callbacks by number, or select them, such as: {example}"
        raise click.UsageError(message)
    calls = [getattr(traffic, verb)(number) for number in ids] if ids else select(context, verb, selection)
    done: list[tuple[bytes, Callback]] = []
    failed = False
    for call in calls:
        try:
            done.append(context.fetch(call))
        except RefusedError as error:
            if isinstance(error, NotFoundError):
                raise
            failed = True
            click.echo(f"sms-sandbox: {error.mistakes[0].problem}", err=True)
    done = [
        context.fetch(traffic.callback(each.id, wait=ATTEMPT)) if each.state is CallbackState.SENDING else (raw, each)
        for raw, each in done  # the attempts are under way at the same time, so the waits do not add up
    ]
    if context.as_json:
        click.echo(json.dumps({"items": [json.loads(raw) for raw, _ in done]}, indent=2))
    elif done or not failed:
        click.echo(tables.callbacks(each for _, each in done) if done else "no callbacks")
    return NO if failed or not done else 0


def select(context: CommandContext, verb: str, selection: Mapping[str, Any]) -> list[ApiCall[Callback]]:
    """Return what is done to the callbacks of a selection that a verb fits, oldest first.

    To replay those that failed is also to fire those that wait for their next attempt.
    """
    verbs = dict.fromkeys(VERBS[verb].states, verb)
    if verb == REPLAY and (selection.get("failing") or selection.get("state") == CallbackState.FAILED):
        selection = {**selection, "failing": True, "state": None}
        verbs = {CallbackState.FAILED: REPLAY, **dict.fromkeys(WAITING, "fire")}
    every = pages(context, lambda cursor: traffic.callbacks(**selection, limit=PAGE, cursor=cursor))
    found = [each for page in every for each in page if each.state in verbs]
    return [getattr(traffic, verbs[each.state])(each.id) for each in found[::-1]]


for verb_name, described in VERBS.items():
    callbacks.add_command(action(verb_name, described))
