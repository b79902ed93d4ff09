"""`check` and `scenarios`: what is wrong with scenario files, and what scenarios do, in words."""

from collections.abc import Iterator
from pathlib import Path

import click

from sandbox.cli.options import FOLDER, flag
from sandbox.formats.yaml_files import shipped

Files = tuple[Path, ...]


def own_folders(scenarios: Path | None) -> Files:
    """Return the folders of scenarios that are looked in before the shipped ones."""
    return (scenarios,) if scenarios else ()


SCENARIOS = flag("--scenarios", "A folder with scenarios of your own.", type=FOLDER)
SPECS = click.option("--specs", multiple=True, type=FOLDER, help="A folder with provider specs of your own.")


@click.command()
@click.argument("files", nargs=-1, metavar="[NAME|FILE|FOLDER]...")
@click.option("--strict", is_flag=True, help="Exit code 1 for warnings, too.")
@SCENARIOS
@SPECS
def check(files: tuple[str, ...], scenarios: Path | None, specs: Files, *, strict: bool) -> int:
    """Find mistakes in scenarios. By default in all that have a name. Exit code 1 if there are mistakes."""
    from sandbox.providers.registry import discover  # noqa: PLC0415 - the other commands need no packs
    from sandbox.scenarios import check_scenarios  # noqa: PLC0415

    packs = discover([shipped("specs"), *specs])
    folders = (*own_folders(scenarios), *(Path(word) for word in files if is_folder(word)))
    paths = tuple(dict.fromkeys(find_files(files, folders)))
    mistakes, warnings = check_scenarios(paths, packs, folders)
    for mistake in mistakes:
        click.echo(str(mistake))
    for warning in warnings:
        click.echo(str(warning._replace(problem=f"warning: {warning.problem}")))
    if not mistakes:
        count = f", {len(warnings)} warning{'' if len(warnings) == 1 else 's'}" if warnings else ""
        click.echo(f"{len(paths)} file{'' if len(paths) == 1 else 's'} checked, no mistakes{count}")
    return 1 if mistakes or (strict and warnings) else 0


def is_folder(word: str) -> bool:
    """Whether a word means a folder: one with the name of a scenario must be written with a slash."""
    from sandbox.scenarios import scenario_paths  # noqa: PLC0415 - as above

    return Path(word).is_dir() and ("/" in word or word not in scenario_paths())


def find_files(words: tuple[str, ...], folders: Files) -> Iterator[Path]:
    """Yield the scenario files that some words mean, or all that have a name where there is no word.

    Raises:
        click.UsageError: a word means none.

    """
    from sandbox.core.scenario import SUFFIXES, is_file  # noqa: PLC0415 - as above
    from sandbox.scenarios import scenario_paths, unknown_scenario  # noqa: PLC0415

    named = scenario_paths(folders)
    if not words:
        yield from named.values()
    for word in words:
        path = Path(word)
        if is_folder(word):
            found = sorted(each for each in path.iterdir() if each.suffix in SUFFIXES and not each.is_dir())
            if not found:
                message = f"{word}: no scenario is in this folder; their names end in {', '.join(SUFFIXES)}"
                raise click.UsageError(message)
            yield from found
        elif word in named:
            yield named[word]
        elif path.exists():
            yield path
        else:
            message = f"{word}: No such file or directory" if is_file(word) else unknown_scenario(word, named)
            raise click.UsageError(message)


@click.group(invoke_without_command=True)
@SCENARIOS
@SPECS
@click.pass_context
def scenarios(context: click.Context, scenarios: Path | None, specs: Files) -> None:
    """List the scenarios that can be named. `scenarios show NAME` tells one in words."""
    from sandbox.providers.registry import discover  # noqa: PLC0415 - as above
    from sandbox.scenarios import ScenarioLibrary, list_scenarios  # noqa: PLC0415

    packs = discover([shipped("specs"), *specs])
    folders = own_folders(scenarios)
    context.obj = ScenarioLibrary(packs, folders)
    if context.invoked_subcommand is None:
        for each in list_scenarios(packs, folders):
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
