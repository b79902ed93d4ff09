"""`drift` and `learn`: compare a recording of a provider with the sandbox, and write what it shows as a scenario."""

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sandbox.cli.inspect import SPECS, find_packs
from sandbox.cli.options import NO, PATH
from sandbox.core.errors import SandboxError, exists_already

if TYPE_CHECKING:
    from sandbox.providers.registry import Registry


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
    from sandbox.drift.run import find_change, find_drift, to_json, to_text  # noqa: PLC0415
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


@click.command()
@click.argument("session", type=PATH, metavar="SESSION")
@click.option("--scenario", type=PATH, metavar="FILE", help="Scenario to write; it must not exist. Default: print it.")
@click.option("--patch", type=PATH, metavar="FILE", help="Write a patch of the documents: facts that were observed.")
@SPECS
def learn(*, session: Path, scenario: Path | None, patch: Path | None, specs: tuple[str, ...]) -> int:
    """Learn from a recording: a scenario with the delays and outcomes of the real provider, and a patch of documents.

    Without --patch or --scenario, the scenario is printed.
    """
    from sandbox.learning.scenario import learn_scenario  # noqa: PLC0415 - as above

    for path, option in ((scenario, "--scenario"), (patch, "--patch")):
        if path is not None and path.exists():
            raise SandboxError(exists_already(path, option))
    packs = find_packs(specs)
    if patch is not None:
        learn_patch(session, packs, patch)
        if scenario is None:
            return 0
    text = learn_scenario(session, packs)
    if scenario is None:
        click.echo(text, nl=False)
        return 0
    write_new(scenario, text, option="--scenario")
    click.echo(f"wrote {scenario}; check it with sms-sandbox check {scenario}")
    return 0


def learn_patch(session: Path, packs: "Registry", path: Path) -> None:
    """Write the patch of a recording, unless the documents say all that it shows."""
    from sandbox.drift.run import find_drift, write_patch  # noqa: PLC0415 - as above

    text = write_patch(find_drift(session, packs), packs)
    if not text:
        click.echo(f"no patch is needed: the documents say all that {session} shows")
        return
    write_new(path, text, option="--patch")
    click.echo(f"wrote {path}; look through it, and apply it with git apply {path}")


def write_new(path: Path, text: str, *, option: str) -> None:
    """Write a file that does not exist yet.

    Raises:
        SandboxError: it exists, or cannot be written.

    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise SandboxError(exists_already(path, option)) from None
    except OSError as error:
        message = f"cannot write {path}: {error.strerror}"
        raise SandboxError(message) from None


BLOCK = 1024 * 1024  # bytes
