"""Tries an installed `sms-sandbox` as a new user would: from an empty folder, by its command alone."""

import json
import re
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

ADDRESS = re.compile(r"http://\S+:(\d+)")
JSON_TYPE = {"Content-Type": "application/json"}
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}

# One send of each provider: path, headers, body, and the key of its reply that a sender waits for.
SENDS: Mapping[str, tuple[str, Mapping[str, str], bytes | None, str]] = {
    "betatel": (
        "/api/v1/connect-hub/whatsapp/otp",
        {**JSON_TYPE, "x-api-key": "k1", "x-account-id": "a1"},
        b'{"to": "38761000000", "text": "482910"}',
        "uuid",
    ),
    "ubill": ("/v1/sms/send?key=k1&brandID=1&numbers=995511000000&text=message", {}, None, "smsID"),
    "smsbuddy": (
        "/api/v1/sms/send",
        FORM_TYPE,
        b"key=k1&type=1&sender=SMSBDY&to=9812000000&message=test+message",
        "data",
    ),
}


class BrokenError(Exception):
    """What was installed does not do what it must; the text says what."""


def try_command(command: str, environment: Mapping[str, str], *, check: tuple[str, ...] = ("ready",)) -> None:
    """Serve from an empty folder, be told ready by `check`, send through each provider, read it back, open the docs.

    Raises:
        BrokenError: something of that does not work.

    """
    with TemporaryDirectory() as folder:
        for arguments in (("--version",), ("endpoints",), ("scenarios",), ("check",)):
            run(command, *arguments, environment=environment, folder=Path(folder))
        with subprocess.Popen(  # noqa: S603 - the command under test
            [command, "serve"], stdout=subprocess.PIPE, text=True, cwd=folder, env=environment
        ) as server:
            try:
                url = f"http://127.0.0.1:{address_of(server)}"
                known = {**environment, "SANDBOX_URL": url}
                run(command, *check, "--wait", "20s", environment=known, folder=Path(folder))
                for provider in SENDS:
                    send(url, provider)
                found = run(command, "messages", "--json", environment=known, folder=Path(folder))
                if len(json.loads(found)["items"]) != len(SENDS):
                    message = f"{len(SENDS)} messages were sent, but there are: {found}"
                    raise BrokenError(message)
                address = run(command, "docs", environment=known, folder=Path(folder)).strip()
                with urllib.request.urlopen(f"{address}cli", timeout=20) as reply:  # noqa: S310 - our own http URL
                    if b"sms-sandbox serve" not in reply.read():
                        message = f"{address}cli does not name the command serve"
                        raise BrokenError(message)
            finally:
                server.terminate()
        if server.returncode != 0:
            message = f"{command} serve ended with {server.returncode}"
            raise BrokenError(message)


def run(command: str, *arguments: str, environment: Mapping[str, str], folder: Path) -> str:
    """Return what a command prints.

    Raises:
        BrokenError: it ends with anything but 0.

    """
    done = subprocess.run(  # noqa: S603 - the command under test
        [command, *arguments], capture_output=True, text=True, check=False, cwd=folder, env=environment
    )
    if done.returncode != 0:
        message = f"{command} {' '.join(arguments)} ended with {done.returncode}: {done.stderr}"
        raise BrokenError(message)
    return done.stdout


def address_of(server: subprocess.Popen[str]) -> str:
    """Return the port that the banner tells."""
    line = server.stdout.readline() if server.stdout else ""
    found = ADDRESS.search(line)
    if found is None:
        message = f"serve said no address: {line!r}"
        raise BrokenError(message)
    return found[1]


def send(url: str, provider: str) -> None:
    """Send one message.

    Raises:
        BrokenError: the reply is not the one that a sender waits for.

    """
    path, headers, body, key = SENDS[provider]
    request = urllib.request.Request(url + path, data=body, headers=dict(headers))  # noqa: S310 - our own http URL
    with urllib.request.urlopen(request, timeout=20) as reply:  # noqa: S310 - as above
        text = reply.read().decode()
    if not json.loads(text).get(key):
        message = f"{provider} answered {text}"
        raise BrokenError(message)


def free_environment(**settings: str) -> dict[str, str]:
    """Return an environment in which nothing of this project or this shell's Python can be found by chance."""
    return {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", **settings}
