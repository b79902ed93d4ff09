"""Commands that read files without a server: `check`, `scenarios` and `endpoints`."""

import json
from collections.abc import Iterable, Iterator
from os.path import realpath
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sandbox.cli.options import FOLDER, WRONG_USE, CommandGroup, env_option, repeatable_option

if TYPE_CHECKING:
    from sandbox.providers.registry import Registry
    from sandbox.scenarios import ScenarioLibrary

Folders = tuple[Path, ...]

SCENARIOS = env_option("--scenarios", "Folder with your own scenarios.", type=FOLDER)
SPECS = repeatable_option("--specs", "Folder with your own provider specs.", metavar="DIR")


@click.command()
@click.argument("files", nargs=-1, metavar="[NAME|FILE|FOLDER]...")
@click.option("--strict", is_flag=True, help="Exit code 1 for warnings, too.")
@SCENARIOS
@SPECS
def check(files: tuple[str, ...], scenarios: Path | None, specs: tuple[str, ...], *, strict: bool) -> int:
    """Check scenarios (default: all named ones) and provider documents, those of --specs included.

    Exit code 1 if a scenario has mistakes, 2 if a provider document has some; its scenarios are then not checked.
    """
    from sandbox.core.errors import SpecError  # noqa: PLC0415 - other commands need no scenarios
    from sandbox.scenarios import check_scenarios  # noqa: PLC0415
    from sandbox.specs.document import is_document  # noqa: PLC0415

    folders = (*own_folders(scenarios), *(Path(word) for word in files if is_folder(word)))
    every = tuple(dict.fromkeys(find_files(files, folders)))
    documents = [*filter(is_document, every)]
    try:
        packs = find_packs(specs, documents)
    except SpecError as error:
        if any(each.line is None for each in error.mistakes):  # a folder that does not exist
            raise
        for mistake in error.mistakes:
            click.echo(str(mistake))
        return WRONG_USE
    mistakes, warnings = check_scenarios((each for each in every if each not in documents), packs, folders)
    for mistake in mistakes:
        click.echo(str(mistake))
    for warning in warnings:
        click.echo(str(warning._replace(problem=f"warning: {warning.problem}")))
    if not mistakes:
        total = len({*map(realpath, every), *(realpath(each) for each in find_documents(specs))})
        count = f", {len(warnings)} warning{'' if len(warnings) == 1 else 's'}" if warnings else ""
        click.echo(f"{total} file{'' if total == 1 else 's'} checked, no mistakes{count}")
    return 1 if mistakes or (strict and warnings) else 0


def find_packs(specs: Iterable[str], files: Iterable[Path] = ()) -> "Registry":
    """Return the providers of the shipped specs, of further folders, and of single files."""
    from sandbox.formats.yaml_files import shipped  # noqa: PLC0415 - as above
    from sandbox.providers.registry import discover  # noqa: PLC0415

    return discover([shipped("specs"), *map(Path, specs)], files)


def find_documents(specs: Iterable[str]) -> Iterator[Path]:
    """Yield the provider documents of some folders."""
    from sandbox.providers.registry import documents_in  # noqa: PLC0415 - as above

    for folder in specs:
        yield from documents_in(Path(folder))


def own_folders(scenarios: Path | None) -> Folders:
    """Return the folders of scenarios that are searched before the shipped ones."""
    return (scenarios,) if scenarios else ()


def is_folder(word: str) -> bool:
    """Whether a word stands for a folder; one with the name of a scenario must be written with a slash."""
    from sandbox.scenarios import scenario_paths  # noqa: PLC0415 - as above

    return Path(word).is_dir() and ("/" in word or word not in scenario_paths())


def find_files(words: tuple[str, ...], folders: Folders) -> Iterator[Path]:
    """Yield the files that words stand for, or all named scenarios if there is no word.

    Raises:
        click.UsageError: a word stands for no scenario.

    """
    from sandbox.core.scenario import SUFFIXES, is_file  # noqa: PLC0415 - as above
    from sandbox.formats.yaml_files import is_readable  # noqa: PLC0415
    from sandbox.scenarios import scenario_paths, unknown_scenario  # noqa: PLC0415

    named = scenario_paths(folders)
    if not words:
        yield from named.values()
    for word in words:
        path = Path(word)
        if is_folder(word):
            files = (each for each in path.iterdir() if each.suffix in SUFFIXES and not each.is_dir())
            found = sorted(filter(is_readable, files))
            if not found:
                ends = ", ".join(SUFFIXES)
                message = f"{word}: this folder has no scenarios or provider documents; their names end in {ends}"
                raise click.UsageError(message)
            yield from found
        elif word in named:
            yield named[word]
        elif path.exists() or path.is_symlink():  # reading a link that leads nowhere says why
            yield path
        else:
            message = f"{word}: No such file or directory" if is_file(word) else unknown_scenario(word, named)
            raise click.UsageError(message)


@click.group(cls=CommandGroup, invoke_without_command=True)
@SCENARIOS
@SPECS
@click.pass_context
def scenarios(context: click.Context, scenarios: Path | None, specs: tuple[str, ...]) -> None:
    """List the named scenarios, describe one, or list all keys."""
    from sandbox.scenarios import list_scenarios  # noqa: PLC0415 - as above

    if context.invoked_subcommand is None:
        for each in list_scenarios(find_packs(specs), own_folders(scenarios)):
            about = each.mistakes[0] if each.mistakes else each.description
            click.echo(f"{each.name:22} {about}".rstrip())


def find_library(context: click.Context) -> "ScenarioLibrary":
    """Return the scenarios for the options of a command; those that it is not given are those of its group."""
    from click.core import ParameterSource  # noqa: PLC0415 - as above

    from sandbox.scenarios import ScenarioLibrary  # noqa: PLC0415 - as above

    found = dict(context.parent.params if context.parent else {})
    for name, value in context.params.items():
        if name not in found or context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            found[name] = value
    return ScenarioLibrary(find_packs(found["specs"]), own_folders(found["scenarios"]))


@scenarios.command()
@click.argument("name", metavar="NAME|FILE")
@SCENARIOS
@SPECS
@click.pass_context
def show(context: click.Context, /, name: str, **_: object) -> None:
    """Describe a scenario, by its name or file: its settings, and its rules in the order in which they are tried."""
    from sandbox.core.scenario import is_file  # noqa: PLC0415 - as above
    from sandbox.scenarios import explain  # noqa: PLC0415 - as above

    library = find_library(context)
    click.echo(explain(library.file(Path(name)) if is_file(name) else library.named(name)))


@scenarios.command()
@click.argument("names", nargs=-1, metavar="[SECTION|KEY]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@SPECS
@click.pass_context
def keys(context: click.Context, /, names: tuple[str, ...], *, as_json: bool, **_: object) -> None:
    """Describe the keys of a scenario file: all, those of sections such as when, or single ones such as when.to."""
    from sandbox.core.errors import near_miss  # noqa: PLC0415 - as above
    from sandbox.scenarios.key_reference import sections  # noqa: PLC0415

    every = tuple(sections(find_library(context).packs))
    known = {name for section in every for name in (section.name, *section.names)}
    for name in names:
        if name not in known:
            message = f"no section or key is called '{name}'.{near_miss(name, known)}"
            raise click.UsageError(message)
    found = [each for section in every if (each := section.narrowed(names, [one.name for one in every])) is not None]
    if as_json:
        click.echo(json.dumps([each.as_json() for each in found], indent=2, ensure_ascii=False))
        return
    click.echo("\n\n".join(map(str, found)))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--settings", is_flag=True, help="List the settings alone.")
@SPECS
def endpoints(*, as_json: bool, settings: bool, specs: tuple[str, ...]) -> None:
    """List the provider paths, then the settings, with their sources: documented, published, observed or inferred."""
    from sandbox.specs.compile import operations_of  # noqa: PLC0415 - as above

    packs = find_packs(specs)
    if settings:
        show_settings(packs, as_json=as_json)
        return
    rows = [
        {"provider": name, "method": method, "path": path, "operation": node["x-operation"], "word": node["x-word"]}
        for name, pack in packs.items()
        for method, path, node in operations_of(pack.spec.document)
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['method']:6} {row['path']:46} {row['operation']:28} {row['word']}")
    click.echo("\nsettings of scenarios, such as settings: {betatel: {timeout: 2s}}")
    show_settings(packs, as_json=False)


def show_settings(packs: "Registry", *, as_json: bool) -> None:
    """Print the settings of every provider, each with its default and source."""
    rows = [
        {
            "provider": provider,
            "name": name,
            "default": row["default"],
            "word": row.get("x-word", "inferred"),
            "description": row["description"],
        }
        for provider, pack in packs.items()
        for name, row in pack.spec.document["x-sandbox"]["settings"].items()
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        default = json.dumps(row["default"], ensure_ascii=False)
        click.echo(f"{row['provider']}.{row['name']} = {default}  ({row['word']})\n    {row['description']}")
