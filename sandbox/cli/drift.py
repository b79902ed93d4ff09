"""`drift`: compare a recording of a provider with the sandbox."""

import json
from pathlib import Path

import click

from sandbox.cli.inspect import SPECS, find_packs
from sandbox.cli.options import NO, PATH


@click.command()
@click.argument("session", type=PATH, metavar="SESSION")
@click.option("--ignore", type=PATH, metavar="FILE", help="Known differences, one name or pattern a line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@SPECS
def drift(session: Path, ignore: Path | None, specs: tuple[str, ...], *, as_json: bool) -> int:
    """Compare a recording with the sandbox: each difference, with the fact of the document that it is about.

    Exit code 1 if there are differences that --ignore does not name.
    """
    from sandbox.drift.differences import read_ignored  # noqa: PLC0415 - `ready` starts without all this
    from sandbox.drift.report import to_json, to_text  # noqa: PLC0415
    from sandbox.drift.run import find_drift  # noqa: PLC0415
    from sandbox.formats.yaml_files import read_text, shipped  # noqa: PLC0415

    ignored = read_ignored(read_text(ignore)) if ignore else ()
    report = find_drift(session, find_packs(specs), [shipped("specs"), *map(Path, specs)], ignored=ignored)
    click.echo(json.dumps(to_json(report), indent=2, ensure_ascii=False) if as_json else to_text(report))
    return NO if report.differences else 0


COMMANDS = (drift,)
