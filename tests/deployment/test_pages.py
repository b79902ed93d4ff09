"""The pages on persistence and replicas, and README's sections: their queries and commands do what is said."""

import asyncio
import shlex
import socket
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

import asyncpg
import pytest

from tests.commands import PATIENCE, run, serving, url_of
from tests.test_readme import BLOCKS

DEAD = "http://127.0.0.1:9/dlr"


def queries(section: str) -> list[str]:
    """Return the statements of a section."""
    (text,) = (each.text for each in BLOCKS if (each.section, each.language) == (section, "sql"))
    return [each.strip() for each in text.split(";") if each.strip()]


def fill(url: str) -> None:
    """Send a message whose callbacks fail, one that is refused, and let time pass."""
    run("send", "--to", "38761444555", "--url", url)
    run("send", "--to", "38761000040", "--url", url)
    run("clock", "freeze", "--url", url)
    run("advance", "1d", "--url", url)


def test_the_queries_of_a_file_find_what_is_said(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    with serving("--store", str(file), "--callback", f"betatel={DEAD}") as (process, banner):
        fill(url_of(banner))
        process.terminate()
        process.wait()
    with closing(sqlite3.connect(file)) as db:
        counts, messages, refused = (db.execute(each).fetchall() for each in queries("Look into a file"))

    assert ("default", "message", 1) in counts
    assert [row[1:] for row in messages] == [("38761444555", "delivered")]
    assert [row[2] for row in refused] == [1]


async def fetch(url: str, statements: list[str]) -> list[list[tuple[object, ...]]]:
    """Return the rows of each query."""
    connection = await asyncpg.connect(url)
    try:
        return [[tuple(row) for row in await connection.fetch(each)] for each in statements]
    finally:
        await connection.close()


def test_the_queries_of_a_database_find_what_is_said(postgres: str) -> None:
    with serving("--store", postgres, "--callback", f"betatel={DEAD}") as (_, banner):
        fill(url_of(banner))
        found = asyncio.run(fetch(postgres, queries("Look into a database")))
    statuses, failed, interrupted, sizes = found

    assert statuses == [("betatel", "delivered", 1)]
    assert {(row[0], row[2], row[3]) for row in failed} == {("default", DEAD, None)}
    assert (interrupted, [row[0] for row in sizes]) == ([], ["default"])


def command_lines(page: str, section: str, begins: str) -> list[list[str]]:
    """Return the words after `sms-sandbox` of the lines of a block."""
    (text,) = (
        each.text
        for each in BLOCKS
        if (each.page, each.section, each.language) == (page, section, "bash") and each.text.startswith(begins)
    )
    return [shlex.split(line)[1:] for line in text.splitlines()]


def test_what_is_sent_before_a_kill_is_there_after_a_restart_as_readme_says(tmp_path: Path) -> None:
    ((_, *flags),) = command_lines("README", "Keep everything", "sms-sandbox serve")
    send, look = command_lines("README", "Keep everything", "sms-sandbox send")
    flags[-1] = str(tmp_path / flags[-1])
    with serving(*flags) as (_, banner):
        sent = run(*send, "--url", url_of(banner))
    with serving(*flags) as (_, banner):
        found = run(*look, "--url", url_of(banner))

    assert (sent[0], found[0], found[1].count("38761444555")) == (0, 0, 1)


@pytest.mark.parametrize("begins", ["sms-sandbox serve", "sms-sandbox send"])
def test_the_page_on_replicas_has_the_lines_of_readme(begins: str) -> None:
    assert command_lines("replicas", "Start", begins) == command_lines("README", "Beyond one machine", begins)


def test_another_replica_has_what_was_sent_to_one_that_is_killed_as_readme_says(postgres: str) -> None:
    starts = command_lines("README", "Beyond one machine", "sms-sandbox serve")
    send, otp = command_lines("README", "Beyond one machine", "sms-sandbox send")
    urls: dict[str, str] = {}
    with ExitStack() as running:
        servers = []
        for _, _, port, *_ in starts:
            process, banner = running.enter_context(serving("--store", postgres))
            servers.append(process)
            urls[f"http://127.0.0.1:{port}"] = url_of(banner)
        sent = run(*[urls.get(word, word) for word in send])
        servers[0].kill()
        asked = run(*[urls.get(word, word) for word in otp])

    assert (len(urls), sent[0], asked[0]) == (3, 0, 0), asked[1]


async def first_rows(url: str, statement: str) -> list[tuple[object, ...]]:
    """Return the rows of a query once there are some."""
    async with asyncio.timeout(PATIENCE):
        while not (rows := (await fetch(url, [statement]))[0]):
            await asyncio.sleep(0)
    return rows


def test_the_query_for_interrupted_attempts_finds_the_one_that_a_kill_interrupted(postgres: str) -> None:
    (query,) = (each for each in queries("Look into a database") if "interrupted" in each)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = f"betatel=http://127.0.0.1:{silent.getsockname()[1]}/dlr"
        flags = ("--store", postgres, "--lease", "500ms", "--callback", target)
        with serving(*flags) as (_, banner):
            run("send", "--to", "38761444555", "--url", url_of(banner))
            connection, _ = silent.accept()  # stays open until after the kill: a closed one would end the attempt
            connection.recv(1)
        with connection, serving(*flags):
            found = asyncio.run(first_rows(postgres, query))

    assert [row[:2] for row in found] == [("default", "1")]
