"""`docs`: the address of a page of the documentation, or the page itself."""

import click

from sandbox.cli.inspect import SPECS, find_packs
from sandbox.cli.options import WRONG_USE, default_url, env_option
from sandbox.cli.serve import find_problem


@click.command()
@click.argument("page", required=False, metavar="[PAGE]")
@click.option("--print", "as_text", is_flag=True, help="Print the page as Markdown; no server is needed.")
@env_option("--url", "URL of the server (default: http://127.0.0.1:8080).", metavar="URL")
@SPECS
def docs(page: str | None, url: str | None, specs: tuple[str, ...], *, as_text: bool) -> int:
    """Print the address of the documentation that a server includes, or of one page such as cli; or print the page."""
    from sandbox.core.errors import near_miss  # noqa: PLC0415 - `serve` and `ready` start without it
    from sandbox.docs.site import BASE, INDEX, PAGES, Site  # noqa: PLC0415 - as above

    if page is not None and page not in PAGES:
        message = f"no page is called '{page}'.{near_miss(page, PAGES)}"
        raise click.UsageError(message)
    if as_text:
        click.echo(Site(find_packs(specs)).source(page or INDEX), nl=False)
        return 0
    url = (url or default_url()).rstrip("/")
    if problem := find_problem(url):
        click.echo(f"sms-sandbox: {problem}", err=True)
        return WRONG_USE
    click.echo(f"{url}{BASE}{page or ''}")
    return 0
