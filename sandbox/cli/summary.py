"""All commands with the module and the first sentence of each, and the texts of `--help` and `--version`.

Loading the commands takes ten times as long as the help of all of them should, so it is written from this table; a test
compares the table with the commands, and the text with what click writes.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap

from sandbox import __version__

COMMANDS: Mapping[str, tuple[str, str]] = {
    "serve": ("serve", "Run the server until Ctrl-C."),
    "ready": ("serve", "Show whether a server is ready."),
    "trust": ("serve", "Show how to make clients trust the CA of `serve --tls`."),
    "docs": (
        "docs",
        "Print the address of the documentation that a server includes, or of one page such as cli; or print the page.",
    ),
    "check": (
        "inspect",
        "Check scenarios (default: all named ones) and provider documents, those of --specs included.",
    ),
    "scenarios": ("inspect", "List the named scenarios, describe one, or list all keys."),
    "endpoints": (
        "inspect",
        "List the provider paths, then the settings, with their sources: documented, published, observed or inferred.",
    ),
    "messages": ("api_commands", "List messages, newest first."),
    "otp": (
        "api_commands",
        "Print the newest one-time code for a number, or for the one number that contains it.",
    ),
    "advance": ("api_commands", "Advance the clock."),
    "agenda": (
        "api_commands",
        "List what is due next on the clock: status changes and callbacks, the first entry first.",
    ),
    "use": ("api_commands", "Switch to another scenario."),
    "reset": ("api_commands", "Reset a workspace to its start."),
    "verify": ("api_commands", "Count the messages that match."),
    "workspaces": ("api_commands", "List, create or delete workspaces."),
    "requests": ("traffic_commands", "List provider requests, or show one with its reply."),
    "callbacks": ("traffic_commands", "List callbacks, show one, and fire, hold or replay some."),
    "tail": ("tail", "Show requests and callbacks as they come, until Ctrl-C."),
    "clock": ("settings_commands", "Show the clock, freeze it, set it, let it run, or scale it."),
    "targets": ("settings_commands", "List, set or delete the URLs that receive callbacks."),
    "accounts": ("settings_commands", "List the accounts of a workspace, show one, or change it."),
    "state": ("state_commands", "Save a workspace as a file, load it, or show it in the inbox."),
    "export": ("export", "Write all messages or requests to a file, oldest first: CSV, JSON Lines or HAR."),
    "report": ("report", "Report what was refused and which callbacks failed."),
    "send": ("send", "Send a message as an application would."),
    "inbound": ("send", "Let a phone send a text."),
    "demo": ("send", "Fill a running server with invented messages."),
    "mcp": ("mcp", "Serve a sandbox as tools for a coding agent (MCP on standard input and output)."),
    "provider": ("provider_commands", "Write the document of a provider of your own."),
    "record": (
        "record",
        "Record the real providers: send each request on, and write it with the reply, masked, to a session file.",
    ),
    "drift": (
        "drift",
        "Compare a recording with the sandbox: each difference, with the fact of the document that it is about.",
    ),
    "learn": (
        "drift",
        (
            "Learn from a recording: a scenario with the delays and outcomes of the real provider, "
            "and a patch of documents."
        ),
    ),
}
ABOUT = "Run a local stand-in for SMS and WhatsApp providers, with their paths, replies and callbacks."
OPTIONS = (("--version", "Show the version and exit."), ("-h, --help", "Show this message and exit."))
WIDEST = 100  # columns
NARROWEST = 50
USUAL = 80


def version_text() -> str:
    """Return what `--version` prints."""
    return f"sms-sandbox, version {__version__}"


def help_text() -> str:
    """Return the options and commands, as wide as the terminal is."""
    width = max(min(_columns(), WIDEST) - 2, NARROWEST)
    sentences = ((name, sentence) for name, (_, sentence) in COMMANDS.items())
    about = wrap(ABOUT, width, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(
        [
            "Usage: sms-sandbox [OPTIONS] COMMAND [ARGS]...",
            "",
            *about,
            "",
            "Options:",
            *_rows(OPTIONS, width),
            "",
            "Commands:",
            *_rows(sentences, width),
        ]
    )


def _rows(rows: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield the lines of a list of names and sentences."""
    rows = tuple(rows)
    first = max(len(name) for name, _ in rows) + 2
    for name, sentence in rows:
        for place, line in enumerate(wrap(sentence, width - first - 2)):
            yield f"  {'' if place else name:{first}}{line}"


def _columns() -> int:
    """Return the columns of the terminal, as `shutil` does, which takes 3 ms to load."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or USUAL if sys.__stdout__ else USUAL
    except (OSError, ValueError):  # it is a file or a pipe, or closed
        return USUAL
