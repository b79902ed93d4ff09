"""`drift`: compare a recording of a provider with the sandbox."""

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sandbox.cli.inspect import SPECS, find_packs
from sandbox.cli.learn import write_new
from sandbox.cli.options import NO, PATH
from sandbox.core.errors import SandboxError, exists_already

if TYPE_CHECKING:
    from sandbox.providers.registry import Registry

BLOCK = 1024 * 1024  # bytes


@click.command()
@click.argument("session", type=PATH, metavar="SESSION")
@click.option("--ignore", type=PATH, metavar="FILE", help="Known differences, one name or pattern a line.")
@click.option(
    "--against", type=PATH, metavar="FILE", help="Compare with an earlier recording, or with a shape, instead."
)
@click.option("--shape", type=PATH, metavar="FILE", help="Write the shape of the recording: no value of an account.")
@click.option("--facts", is_flag=True, help="List each fact, with what the recording says of it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@SPECS
def drift(  # noqa: PLR0913 - click passes options by name
    session: Path,
    *,
    ignore: Path | None,
    against: Path | None,
    shape: Path | None,
    specs: tuple[str, ...],
    facts: bool,
    as_json: bool,
) -> int:
    """Compare a recording with the sandbox: each difference, with the fact of the document that it is about.

    Documents of --specs take the place of those that are built in. Exit code 1 if there are differences that --ignore
    does not name, or if nothing could be compared.
    """
    from sandbox.cli.progress import Progress  # noqa: PLC0415 - as below
    from sandbox.drift.differences import read_ignored  # noqa: PLC0415 - `ready` starts without all this
    from sandbox.drift.report import to_json, to_text  # noqa: PLC0415
    from sandbox.drift.run import find_change, find_drift  # noqa: PLC0415
    from sandbox.formats.yaml_files import read_text  # noqa: PLC0415

    ignored = read_ignored(read_text(ignore)) if ignore else ()
    packs = find_replacing(specs)
    if shape is not None and shape.exists():
        raise SandboxError(exists_already(shape, "--shape"))
    with Progress("comparing") as progress:
        total = count_lines(session) if progress.is_shown else 0

        def update(done: int) -> None:
            progress.update(done, total)

        if against is None:
            report = find_drift(session, packs, ignored=ignored, progress=update)
        else:
            report = find_change(session, against, packs, ignored=ignored, progress=update)
    if shape is not None:
        write_new(shape, report.shape.to_yaml(), option="--shape")
    click.echo(json.dumps(to_json(report), indent=2, ensure_ascii=False) if as_json else to_text(report, facts=facts))
    return 0 if report.is_telling and not report.differences else NO


def find_replacing(specs: tuple[str, ...]) -> "Registry":
    """Return the providers of some folders, and those that are built in for the rest."""
    from sandbox.providers.registry import discover  # noqa: PLC0415 - as above

    return dict(sorted({**find_packs(()), **discover(map(Path, specs))}.items()))


def count_lines(path: Path) -> int:
    """Return how many lines a file has; 0 if it cannot be read."""
    with suppress(OSError), path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK), b""))
    return 0
