"""`check` and `scenarios`: what is wrong with scenario files, and what scenarios do, in words."""

from pathlib import Path

import click

from sandbox.cli.options import FILE, FOLDER, flag
from sandbox.files import shipped

Files = tuple[Path, ...]


def own_folders(scenarios: Path | None) -> Files:
    """Return the folders of scenarios that are looked in before the shipped ones."""
    return (scenarios,) if scenarios else ()


SCENARIOS = flag("--scenarios", "A folder with scenarios of your own.", type=FOLDER)
SPECS = click.option("--specs", multiple=True, type=FOLDER, help="A folder with provider specs of your own.")


@click.command()
@click.argument("files", nargs=-1, type=FILE)
@SCENARIOS
@SPECS
def check(files: Files, scenarios: Path | None, specs: Files) -> int:
    """Find every mistake in scenario files. Without any, in all that can be named; exit code 1 if there are some."""
    from sandbox.packs import discover  # noqa: PLC0415 - the other commands need no packs
    from sandbox.scenarios import check as find_mistakes  # noqa: PLC0415
    from sandbox.scenarios import library  # noqa: PLC0415

    packs = discover([shipped("specs"), *specs])
    paths = files or tuple(library(own_folders(scenarios)).values())
    mistakes = find_mistakes(paths, packs, own_folders(scenarios))
    for mistake in mistakes:
        click.echo(mistake)
    if not mistakes:
        click.echo(f"{len(paths)} file{'' if len(paths) == 1 else 's'} checked, no mistakes")
    return 1 if mistakes else 0


@click.group(invoke_without_command=True)
@SCENARIOS
@SPECS
@click.pass_context
def scenarios(context: click.Context, scenarios: Path | None, specs: Files) -> None:
    """List the scenarios that can be named. `scenarios show NAME` tells one in words."""
    from sandbox.packs import discover  # noqa: PLC0415 - as above
    from sandbox.scenarios import Shelf, listing  # noqa: PLC0415

    packs = discover([shipped("specs"), *specs])
    folders = own_folders(scenarios)
    context.obj = Shelf(packs, folders)
    if context.invoked_subcommand is None:
        for each in listing(packs, folders):
            told = each.mistakes[0] if each.mistakes else each.description
            click.echo(f"{each.name:22} {told}".rstrip())


@scenarios.command()
@click.argument("name")
@click.pass_context
def show(context: click.Context, name: str) -> None:
    """Tell a scenario in words: what it sets, and its rules in the order in which they are tried."""
    from sandbox.scenarios import explain  # noqa: PLC0415 - as above

    click.echo(explain(context.obj.named(name)))


COMMANDS = (check, scenarios)
