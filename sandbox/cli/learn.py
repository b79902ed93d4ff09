"""`learn`: write what a recording shows as a scenario."""

from pathlib import Path

import click

from sandbox.cli.options import PATH, repeatable_option
from sandbox.core.errors import SandboxError


@click.command()
@click.argument("session", type=PATH, metavar="SESSION")
@click.option("--scenario", type=PATH, metavar="FILE", help="Scenario to write; it must not exist. Default: print it.")
@repeatable_option("--specs", "Folder with your own provider specs.", metavar="DIR")
def learn(*, session: Path, scenario: Path | None, specs: tuple[str, ...]) -> int:
    """Learn from a recording: a scenario whose delays and outcomes are those of the real provider."""
    from sandbox.cli.inspect import find_packs  # noqa: PLC0415 - `ready` starts without all this
    from sandbox.learning.scenario import learn_scenario  # noqa: PLC0415

    if scenario is not None and scenario.exists():
        raise exists_already(scenario, "--scenario")
    text = learn_scenario(session, find_packs(specs))
    if scenario is None:
        click.echo(text, nl=False)
        return 0
    write_new(scenario, text, option="--scenario")
    click.echo(f"wrote {scenario}; check it with sms-sandbox check {scenario}")
    return 0


def write_new(path: Path, text: str, *, option: str) -> None:
    """Write a file that does not exist yet.

    Raises:
        SandboxError: it exists, or cannot be written.

    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise exists_already(path, option) from None
    except OSError as error:
        message = f"cannot write {path}: {error.strerror}"
        raise SandboxError(message) from None


def exists_already(path: Path, option: str) -> SandboxError:
    """Return the error of a file that must not exist."""
    return SandboxError(f"{path} exists already, and is not overwritten; choose another file with {option}")


COMMANDS = (learn,)
