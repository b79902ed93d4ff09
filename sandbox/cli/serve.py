"""`serve`: every flag has an environment variable; flag over environment over scenario over default."""

import asyncio
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from sandbox.cli.options import (
    FILE,
    FOLDER,
    PATH,
    TLS_DIR,
    Whole,
    check_certificates,
    check_host,
    check_host_name,
    check_network,
    check_origin,
    check_token,
    flag,
    listed,
    read_clock,
    variable,
)

PORT = Whole(0, 65535)


def read_callbacks(pairs: tuple[str, ...], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the callback URLs by provider: flags over `SANDBOX_CALLBACK` over `SANDBOX_CALLBACK_PROVIDER`."""
    prefix = variable("--callback") + "_"
    named = {name[len(prefix) :].lower(): url for name, url in environ.items() if name.startswith(prefix) and url}
    named.pop("ca", None)
    for pair in pairs:
        provider, sign, url = pair.partition("=")
        if not sign:
            message = f"--callback: '{pair}' is not PROVIDER=URL, such as betatel=http://127.0.0.1:9000/dlr"
            raise click.UsageError(message)
        named[provider] = url
    return named


@click.command()
@flag("--host", "Where to listen.", default="127.0.0.1", callback=check_host, show_default=True)
@flag("--port", "Where to listen; 0 picks a free port.", default=8080, type=PORT, show_default=True)
@flag("--scenario", "The name of a scenario, or a file.", default="default", show_default=True)
@flag("--scenarios", "A folder with scenarios of your own.", type=FOLDER)
@flag("--watch", "Follow edits of scenario files.", is_flag=True)
@flag("--seed", "The same seed and requests give the same bytes.", type=Whole(0))
@flag("--clock", "real, frozen, or a pace such as 60x.", callback=read_clock, metavar="CLOCK")
@listed("--callback", "PROVIDER=URL: where a provider's callbacks go.", metavar="PROVIDER=URL")
@flag("--callback-ca", "Certificates that an https receiver's is checked with.", type=FILE, callback=check_certificates)
@listed("--allow-callback", "A host or network that callbacks may also reach.", check_network, metavar="HOST|CIDR")
@flag("--control-token", "What control calls must carry as a bearer token.", callback=check_token, metavar="TOKEN")
@listed("--cors", "An origin whose pages may call provider paths; * is any.", check_origin, metavar="ORIGIN")
@listed("--allow-host", "A name by which the control API may be called.", check_host_name, metavar="NAME")
@flag("--tls", "Serve HTTPS too, by a local authority.", is_flag=True)
@flag("--tls-port", "Where to serve HTTPS.", default=8443, type=PORT, show_default=True)
@flag("--tls-dir", "Where the authority is kept.", default=TLS_DIR, type=PATH, show_default=True)
@flag("--max-pending", "Refuse sends while so much is due.", default=1_000_000, type=Whole(1))
@flag("--log", "text or json.", type=click.Choice(["text", "json"]), default="text", show_default=True)
@flag("--log-bodies", "Log bodies too, codes and all.", is_flag=True)
@listed("--specs", "A folder with provider specs of your own.", metavar="DIR")
@click.pass_context
def serve(context: click.Context, /, **given: Any) -> None:  # noqa: ANN401 - each option has its own type
    """Serve until Ctrl-C."""
    from sandbox.server.logs import format_note  # noqa: PLC0415 - the other commands need no server
    from sandbox.server.runner import event_loop, run  # noqa: PLC0415 - the other commands need no server
    from sandbox.server.startup import Options  # noqa: PLC0415 - the other commands need no server

    given["callback"] = read_callbacks(given["callback"], os.environ)
    given["specs"] = tuple(map(Path, given["specs"]))
    for warning in context.obj or ():
        click.echo(format_note(warning, kind="warning", as_json=given["log"] == "json"), err=True, nl=False)
    with asyncio.Runner(loop_factory=event_loop) as runner:
        log = partial(click.echo, err=True, nl=False)
        runner.run(run(Options(**given), print_banner=click.echo, write_log=log))


COMMANDS = (serve,)
