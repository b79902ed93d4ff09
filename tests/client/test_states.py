"""Both clients save a workspace and load it again."""

import asyncio
import gzip
from pathlib import Path

import pytest

from sandbox.client import ArgumentError, RefusedError
from sandbox.testing import SandboxClient
from tests.client.fixtures import NUMBER, send


def test_a_workspace_is_saved_to_a_file_and_loaded_from_it(sandbox: SandboxClient, tmp_path: Path) -> None:
    send(sandbox)
    file = tmp_path / "state.jsonl.gz"
    saved = sandbox.save_state(file)
    sandbox.reset()
    loaded = sandbox.load_state(file)

    assert (file.read_bytes(), loaded.id, sandbox.otp(NUMBER).to) == (saved, sandbox.id, NUMBER)
    assert list(tmp_path.iterdir()) == [file]


def test_keys_are_saved_if_they_are_asked_for(sandbox: SandboxClient) -> None:
    send(sandbox)
    key = sandbox.keys["betatel"]["x-api-key"].encode()

    assert [key in gzip.decompress(sandbox.save_state(keys=keys)) for keys in (None, False, True)] == [
        False,
        False,
        True,
    ]


def test_the_client_for_asyncio_does_the_same(sandbox: SandboxClient) -> None:
    send(sandbox)

    async def run() -> str | None:
        saved = await sandbox.aio.save_state()
        await sandbox.aio.reset()
        await sandbox.aio.load_state(saved)
        return (await sandbox.aio.otp(NUMBER)).to

    assert asyncio.run(run()) == NUMBER


def test_files_that_cannot_be_read_or_written_are_named(sandbox: SandboxClient, tmp_path: Path) -> None:
    missing = tmp_path / "no" / "file"
    with pytest.raises(ArgumentError) as unread:
        sandbox.load_state(missing)
    with pytest.raises(ArgumentError) as unwritten:
        sandbox.save_state(missing)

    assert [str(unread.value), str(unwritten.value)] == [f"{missing}: No such file or directory"] * 2


def test_what_is_no_saved_state_is_refused_with_its_line(sandbox: SandboxClient) -> None:
    with pytest.raises(RefusedError) as refused:
        sandbox.load_state(gzip.compress(b'{"a": 1}'))

    assert (refused.value.status, refused.value.mistakes[0].line) == (422, 1)
