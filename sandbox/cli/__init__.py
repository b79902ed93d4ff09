"""The command `sms-sandbox`.

`serve` runs a server, `inspect` has the commands that read files, the others call a running server. Exit codes: 0
success, 1 a negative result or something that does not exist, 2 invalid arguments or no server. It imports everything
else, each command only what it needs and only when it is looked up; `--help` and `--version` need no command at all.
"""

import os
import sys

PIPE_CLOSED = 141  # what a shell reports for a process that SIGPIPE ended


def main() -> None:
    """Run the command line and exit."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has closed the pipe, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = PIPE_CLOSED
    sys.exit(code)


def run(words: list[str]) -> int:
    """Run the command that some words name and return its exit code."""
    if words in (["--help"], ["-h"], ["--version"]):
        from sandbox.cli.summary import help_text, version_text  # noqa: PLC0415 - a command needs neither

        print(version_text() if words == ["--version"] else help_text())  # noqa: T201 - click takes 30 ms to load
        return 0
    from sandbox.cli.command_line import run_command  # noqa: PLC0415 - as above

    return run_command()
