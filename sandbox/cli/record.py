"""`record`: write down what goes between an application and its real provider, send that again, or import it."""

import asyncio
import os
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sandbox.cli.options import (
    FILE,
    NO,
    PATH,
    Duration,
    WholeNumber,
    check_certificates,
    check_host,
    env_option,
    repeatable_option,
)
from sandbox.cli.serve import PORT, read_callbacks
from sandbox.core.clock import parse_duration

if TYPE_CHECKING:
    from sandbox.providers.registry import Registry


def read_upstreams(words: tuple[str, ...], *, bare: bool = False) -> dict[str, str]:
    """Return the addresses of providers by name; `bare`: names without an address are left out.

    Raises:
        click.UsageError: a word is not PROVIDER=URL, or names a provider again.

    """
    found: dict[str, str] = {}
    for word in words:
        provider, sign, url = word.partition("=")
        if bare and not sign:
            continue
        if not sign or not provider:
            message = f"'{word}' is not PROVIDER=URL, such as betatel=https://api.betatel.com"
            raise click.UsageError(message)
        if provider in found:
            message = f"{provider} has two addresses; name one"
            raise click.UsageError(message)
        found[provider] = url
    return found


@click.command()
@click.argument("upstreams", nargs=-1, metavar="PROVIDER=URL...")
@click.option("--out", type=PATH, required=True, metavar="FILE", help="Session file to write; it must not exist.")
@env_option("--host", "Address to listen on.", default="127.0.0.1", callback=check_host, show_default=True)
@env_option("--port", "Port to listen on; 0 picks a free port.", default=8080, type=PORT, show_default=True)
@repeatable_option("--callback", "Where the callbacks of a provider are passed on to.", metavar="PROVIDER=URL")
@click.option("--only", multiple=True, metavar="GLOB", help="Operation to send on, such as '*.balance'. Repeatable.")
@click.option("--max", "most", type=WholeNumber(0), metavar="N", help="Send on at most so many requests.")
@click.option("--budget", type=WholeNumber(0), metavar="N", help="Send at most so many messages.")
@click.option("--keep-content", is_flag=True, help="Write numbers, names, texts and codes as they are; keys never.")
@click.option("--insecure", is_flag=True, help="Allow http:// addresses of providers.")
@click.option("--upstream-ca", type=FILE, callback=check_certificates, help="CA bundle used to verify the providers.")
@click.option("--timeout", type=Duration(), default="30s", show_default=True, help="How long a provider has to answer.")
@repeatable_option("--specs", "Folder with your own provider specs.", metavar="DIR")
@click.option("--from-har", type=PATH, metavar="FILE", help="Read this HAR file instead of recording.")
@click.option(
    "--from-wiremock",
    type=PATH,
    metavar="DIR",
    help="Read mappings and request journal of WireMock instead of recording.",
)
@click.option("--replay", type=PATH, metavar="FILE", help="Send the requests of this session instead of recording.")
@repeatable_option("--credential", "Key of a provider in a replay.", metavar="PROVIDER[.NAME]=VALUE")
@click.option(
    "--recipient", multiple=True, metavar="STANDIN=NUMBER", help="Real number for one in a replay. Repeatable."
)
@click.option("--recipients", type=PATH, metavar="FILE", help="File with a STANDIN=NUMBER in each line.")
@click.option("--sender", multiple=True, metavar="STANDIN=SENDER", help="Real sender for one in a replay. Repeatable.")
@click.option("--pace", is_flag=True, help="Keep the recorded times between the requests of a replay.")
@click.option("--wait", type=Duration(), default="0s", help="How long a replay takes callbacks after its last request.")
def record(  # noqa: PLR0913 - the options that `RecordOptions` does not have as they are
    *,
    specs: tuple[str, ...],
    from_har: Path | None,
    from_wiremock: Path | None,
    replay: Path | None,
    pace: bool,
    wait: str,
    timeout: str,
    **given: Any,  # noqa: ANN401 - each option has its own type
) -> int:
    """Record the real providers: send each request on, and write it with the reply, masked, to a session file."""
    from sandbox.cli.inspect import find_packs  # noqa: PLC0415 - `ready` starts without all this

    packs = find_packs(specs)
    check_sources({"--replay": replay, "--from-har": from_har, "--from-wiremock": from_wiremock})
    real = {name: given.pop(name) for name in ("credential", "recipient", "recipients", "sender")}
    alone = {**{f"--{name}": value for name, value in real.items() if name != "credential"}, "--pace": pace}
    for name, value in alone.items():
        if value and replay is None:
            message = f"{name} is about a replay; name its session with --replay"
            raise click.UsageError(message)
    if from_har or from_wiremock:
        return import_recordings(packs, from_har, from_wiremock, **given)
    from sandbox.recording.server import RecordOptions, record  # noqa: PLC0415
    from sandbox.server.runner import event_loop  # noqa: PLC0415

    seconds = parse_duration(timeout).total_seconds()
    if not seconds:
        message = f"'{timeout}' must be longer than 0; use a duration such as 30s"
        raise click.BadParameter(message, param_hint="'--timeout'")
    named = read_upstreams(given["upstreams"])
    inherited = read_callbacks((), os.environ)  # those of other providers do not concern a recording
    own = {name: url for name, url in inherited.items() if name in named}
    callbacks = {**own, **read_callbacks(given["callback"], {})}
    options = RecordOptions(**{**given, "upstreams": named, "callback": callbacks, "timeout": seconds})
    say = partial(click.echo, err=True, nl=False)
    with asyncio.Runner(loop_factory=event_loop) as runner:
        if replay is not None:
            from sandbox.recording.replaying import ReplayOptions  # noqa: PLC0415 - as above
            from sandbox.recording.replaying import replay as send_again  # noqa: PLC0415

            values = ReplayOptions(replay, **real, keeps_pace=pace, wait=parse_duration(wait).total_seconds())
            return 0 if runner.run(send_again(options, values, packs, show=click.echo, write_log=say)) else NO
        runner.run(record(options, packs, show=click.echo, write_log=say))
    return 0


def check_sources(given: dict[str, Path | None]) -> None:
    """Check that one option at most says what is read instead of recording.

    Raises:
        click.UsageError: there are several.

    """
    names = [name for name, path in given.items() if path is not None]
    if len(names) > 1:
        message = f"{' and '.join(names)} exclude each other"
        raise click.UsageError(message)


def import_recordings(  # noqa: PLR0913 - the options that concern an import
    packs: "Registry",
    har: Path | None,
    wiremock: Path | None,
    *,
    out: Path,
    upstreams: tuple[str, ...],
    only: tuple[str, ...],
    keep_content: bool,
    **_: object,
) -> int:
    """Write what other tools recorded as a session; exit code 1 if nothing of it is a provider's."""
    from sandbox import __version__  # noqa: PLC0415 - as above
    from sandbox.core.clock import utc_now  # noqa: PLC0415
    from sandbox.core.errors import near_miss  # noqa: PLC0415
    from sandbox.core.seeded_random import make_token  # noqa: PLC0415
    from sandbox.recording.importing import Importer, Skipped, read_har, read_wiremock  # noqa: PLC0415
    from sandbox.recording.limits import check_globs  # noqa: PLC0415
    from sandbox.recording.masking import SALT_LENGTH, Masker  # noqa: PLC0415
    from sandbox.recording.session import SessionHeader, SessionWriter  # noqa: PLC0415

    names = [word.partition("=")[0] for word in upstreams]
    for name in names:
        if name not in packs:
            message = f"no provider is called '{name}'.{near_miss(name, packs)}"
            raise click.UsageError(message)
    check_globs(only, {each: None for name in names or packs for each in packs[name].spec.operations})
    masker = Masker(packs, make_token(SALT_LENGTH), keep_content=keep_content)
    rows = read_har(har) if har is not None else read_wiremock(wiremock or Path())
    first = next(rows, None)  # a file that cannot be read leaves no session
    header = SessionHeader(
        utc_now(), __version__, "har" if har else "wiremock", read_upstreams(upstreams, bare=True), masker.masked
    )
    with SessionWriter(out, header) as writer:
        importer = Importer(packs, writer, masker, providers=names, only=only)
        for row in chain([] if first is None else [first], rows):
            if isinstance(row, Skipped):
                importer.skipped.append(row)
            else:
                importer.add(row)
    click.echo(f"wrote {out}: {importer.written} exchange{'' if importer.written == 1 else 's'}")
    for skipped in importer.skipped:
        click.echo(f"  left out {skipped.where}: {skipped.why}")
    return 0 if importer.written else NO
