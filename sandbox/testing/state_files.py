"""The states of failed tests as files, in the folder that `SANDBOX_STATE_DIR` names: CI keeps them as an artifact."""

import os
import re
from hashlib import blake2b
from pathlib import Path

from sandbox.client import Client, ClientError

STATE_DIR = "SANDBOX_STATE_DIR"
LONGEST = 120  # characters of a file's name, without its ending
PLAIN = re.compile(r"[A-Za-z0-9_.:/]+", re.ASCII)  # an id whose file name stands for no other id


def save_failed_test(client: Client, test: str, start: Path) -> str | None:
    """Save the workspace of a test and return a line for its report; None if no folder is named.

    A relative folder is below `start`. Nothing is raised: a test fails for its own reasons alone.
    """
    folder = os.environ.get(STATE_DIR)
    if not folder:
        return None
    file = start / folder / f"{file_name(test)}.jsonl.gz"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        client.save_state(file)
    except (ClientError, OSError) as error:
        return f"the state is not saved in {STATE_DIR}: {error}"
    return f"state saved, to be shown by: sms-sandbox state open {file}"


def file_name(test: str) -> str:
    """Return the id of a test as the name of a file; ids that would get one name get different ones."""
    name = re.sub(r"[^A-Za-z0-9_.]+", "-", test).strip("-.")
    if PLAIN.fullmatch(test) and len(name) <= LONGEST:
        return name
    return f"{name[-LONGEST:]}-{blake2b(test.encode('utf-8', 'replace'), digest_size=3).hexdigest()}"
