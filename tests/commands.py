"""The command line as a process."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 30  # seconds after which a process that hangs fails its test


@contextmanager
def serving(*flags: str, **environ: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server on a free port; give its process and banner."""
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", *flags]
    environment = {**os.environ, **environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603 - our own
    try:
        if process.stdout is None:
            raise AssertionError
        yield process, "".join(process.stdout.readline() for _ in range(4))
    finally:
        process.kill()
        process.communicate()


@contextmanager
def launched(*flags: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """Start a server on a free port; give its process, of which nothing has been read."""
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", *flags]
    environment = {**os.environ, **environ, "PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)  # noqa: S603 - our own
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def run(*words: str, **environ: str) -> tuple[int, str]:
    """Run a command to its end; give its exit code and what it said."""
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-m", "sandbox", *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, **environ},
    )
    return done.returncode, done.stdout + done.stderr


def url_of(banner: str) -> str:
    found = re.search(r"http://\S+", banner)
    return found[0] if found else ""
