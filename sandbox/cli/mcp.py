"""`mcp`: tools for coding agents on standard input and output; and what `serve --mcp` loads for them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sandbox.cli.options import FOLDER, WholeNumber, env_option, repeatable_option
from sandbox.core.errors import SandboxError

if TYPE_CHECKING:
    from sandbox.control.mcp import McpEndpoint

LOOPBACK = "127.0.0.1"
MISSING = "MCP needs the package mcp; install it with: pip install 'sms-sandbox[mcp]'"


def load_endpoint() -> "Callable[[str, str | None], McpEndpoint]":
    """Return what makes the endpoint of a server, of its URL and its token.

    Raises:
        SandboxError: the SDK is not installed.

    """
    try:
        from sandbox.agents.endpoint import McpEndpoint  # noqa: PLC0415 - a plain `serve` loads nothing of MCP
    except ImportError:
        raise SandboxError(MISSING) from None
    return McpEndpoint


@click.command()
@env_option("--url", "URL of a running server (default: start one for this agent).", metavar="URL")
@env_option("--workspace", "Workspace id (default: default).", metavar="ID")
@env_option("--control-token", "Control token of the server.", metavar="TOKEN")
@click.option(
    "--port", type=WholeNumber(0, 65535), default=0, help="Port of the server that is started (default: a free one)."
)
@click.option(
    "--scenario", default="default", help="Its scenario, by name or file.", show_default=True, metavar="NAME|FILE"
)
@env_option("--scenarios", "Folder with your own scenarios.", type=FOLDER)
@repeatable_option("--specs", "Folder with your own provider specs.", metavar="DIR")
def mcp(
    *,
    url: str | None,
    workspace: str | None,
    control_token: str | None,
    specs: tuple[str, ...],
    **given: Any,  # noqa: ANN401 - each option has its own type
) -> None:
    """Serve a sandbox as tools for a coding agent (MCP on standard input and output).

    The agent's host starts this command. Without --url, the command starts a server, whose URL the tools return.
    """
    import asyncio  # noqa: PLC0415 - `serve` shares this module with `ready`, which starts without it

    if workspace and not url:
        message = "--workspace requires --url; a server that is started has the workspace default alone"
        raise click.UsageError(message)
    try:
        from sandbox.agents.stdio import serve_own_server, serve_stdio  # noqa: PLC0415 - as above
    except ImportError:
        raise SandboxError(MISSING) from None
    from sandbox.client import AsyncClient  # noqa: PLC0415 - as above
    from sandbox.server.runner import event_loop  # noqa: PLC0415 - as above
    from sandbox.server.startup import Options  # noqa: PLC0415 - as above

    with asyncio.Runner(loop_factory=event_loop) as runner:
        if url:
            runner.run(serve_stdio(AsyncClient(url, token=control_token or None, workspace=workspace or None)))
        else:
            options = Options(host=LOOPBACK, specs=tuple(map(Path, specs)), **given)
            runner.run(serve_own_server(options, report=lambda text: click.echo(text, err=True)))
