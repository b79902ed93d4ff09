"""`provider`: writes the document of a provider, from nothing or from an API description."""

import shlex
from pathlib import Path

import click

from sandbox.cli.options import PATH, CommandGroup
from sandbox.core.errors import exists_already

SUFFIX = ".yaml"  # of the documents that `serve --specs` reads
BODY = '{"to": "38761444555", "text": "Your code is 482910"}'
OUT = click.option("--out", type=PATH, help="File to write (default: NAME/NAME.yaml).")


@click.group(cls=CommandGroup)
def provider() -> None:
    """Write the document of a provider of your own."""


@provider.command()
@click.argument("name", metavar="NAME")
@OUT
def new(name: str, out: Path | None) -> None:
    """Write a provider to begin with, which serves at once. Nothing is overwritten."""
    from sandbox.authoring.starter import check_name, write_starter  # noqa: PLC0415 - other commands need none of it

    check_name(name, built_in())
    path = write(out or Path(name) / f"{name}{SUFFIX}", write_starter(name))
    click.echo(f"wrote {path}")
    show_next(path)
    click.echo(
        f"  curl http://127.0.0.1:8080/v1/messages -H 'X-Api-Key: k1' -H 'Content-Type: application/json' -d '{BODY}'"
    )


@provider.command(name="import")
@click.argument("file", metavar="FILE", type=PATH)
@click.option("--name", help="Name of the provider (default: from the title of the description).")
@OUT
@click.option(
    "--only", multiple=True, metavar="GLOB", help="Path or operation id to take, such as '*/messages*'. Repeatable."
)
def import_(file: Path, name: str | None, out: Path | None, only: tuple[str, ...]) -> None:
    """Write a provider from an OpenAPI 3 or Swagger 2 document, or a Postman collection 2.1.

    Nothing is downloaded, and nothing is overwritten.
    """
    from sandbox.authoring import check_name, import_provider  # noqa: PLC0415 - as above

    if name is not None:
        check_name(name, built_in())
    if out is not None:
        refuse_path(out)
    made = import_provider(file, name=name, only=only)
    path = write(out or Path(made.name) / f"{made.name}{SUFFIX}", made.text)
    click.echo(f"wrote {path}: {made.operations} operation{'' if made.operations == 1 else 's'} of {file}")
    for title, rows in (("recognized", made.proposals), ("left to do", made.left), ("left out", made.left_out)):
        if rows:
            click.echo("\n".join([f"{title}:", *(f"  {row}" for row in rows)]))
    show_next(path)


def built_in() -> tuple[str, ...]:
    """Return the names of the providers that are always served."""
    from sandbox.formats.yaml_files import shipped  # noqa: PLC0415 - as above

    return tuple(path.stem for path in sorted(shipped("specs").glob(f"*{SUFFIX}")))


def refuse_path(path: Path) -> None:
    """Raise UsageError if a file cannot be written: it exists, or `serve --specs` would not read it."""
    if path.suffix != SUFFIX:
        message = f"{path}: the name must end in {SUFFIX}, as serve --specs reads only such files"
        raise click.UsageError(message)
    if path.exists() or path.is_symlink():
        raise click.UsageError(exists_already(path, "--out"))


def write(path: Path, text: str) -> Path:
    """Write a new file and return its path."""
    refuse_path(path)
    if path.parent.exists() and not path.parent.is_dir():
        message = f"{path.parent} is not a folder"
        raise click.UsageError(message)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        message = f"{path}: {error.strerror or error}"
        raise click.UsageError(message) from None
    return path


def show_next(path: Path) -> None:
    """Print how to serve a document."""
    click.echo(f"next:\n  sms-sandbox serve --specs {shlex.quote(str(path.parent))}")
