"""`learn`: write what a recording shows as a scenario."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sandbox.cli.options import PATH, repeatable_option
from sandbox.core.errors import SandboxError, exists_already

if TYPE_CHECKING:
    from sandbox.providers.registry import Registry


@click.command()
@click.argument("session", type=PATH, metavar="SESSION")
@click.option("--scenario", type=PATH, metavar="FILE", help="Scenario to write; it must not exist. Default: print it.")
@click.option("--patch", type=PATH, metavar="FILE", help="Write a patch of the documents: facts that were observed.")
@repeatable_option("--specs", "Folder with your own provider specs.", metavar="DIR")
def learn(*, session: Path, scenario: Path | None, patch: Path | None, specs: tuple[str, ...]) -> int:
    """Learn from a recording: a scenario with the delays and outcomes of the real provider, and a patch of documents.

    Without --patch or --scenario, the scenario is printed.
    """
    from sandbox.cli.inspect import find_packs  # noqa: PLC0415 - `ready` starts without all this
    from sandbox.learning.scenario import learn_scenario  # noqa: PLC0415

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
    from sandbox.drift.patch import write_patch  # noqa: PLC0415 - as above
    from sandbox.drift.run import find_drift  # noqa: PLC0415

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
