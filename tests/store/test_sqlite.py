"""A SQLite file as a store: what it refuses, in words, and what it migrates."""

import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from sandbox.core.errors import StoreError, StoreUseError
from sandbox.store.sqlite import APPLICATION_ID, SqliteStore
from tests.store.rows import changes, loaded, message


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """Return an open store."""
    opened = SqliteStore(tmp_path / "sandbox.db")
    await opened.open()
    yield opened
    await opened.close()


def another_program(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t (a)")
    db.close()


def newer_version(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE entities (a)")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA user_version = 99")
    db.close()


def no_database(path: Path) -> None:
    path.write_text("this is a text of some length, which is no database at all\n" * 100)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_device(path: Path) -> None:
    path.symlink_to("/dev/null")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (another_program, "{} is a SQLite file of another program, not a store of sms-sandbox"),
        (newer_version, "{} is a store of version 99; this sms-sandbox reads versions up to 1"),
        (no_database, "{}: this is no store of sms-sandbox (file is not a database)"),
        (a_folder, "{} is a folder; --store takes a file such as sandbox.db"),
        (a_device, "{} is no regular file; --store takes a file such as sandbox.db"),
    ],
    ids=["another program", "a newer version", "no database", "a folder", "a device"],
)
async def test_a_file_that_cannot_be_the_store_is_refused_and_left_as_it_is(
    tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    path = tmp_path / "sandbox.db"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    refused = SqliteStore(path)
    with pytest.raises(StoreUseError) as caught:
        await refused.open()
    await refused.close()

    assert (str(caught.value), path.read_bytes() if path.is_file() else b"") == (words.format(path), before)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (":memory:", ":memory: would be forgotten; --store takes a file such as sandbox.db, or leave --store out"),
        ("none/sandbox.db", "none/sandbox.db: there is no folder none"),
        ("x" * 300, "x" * 300 + ": File name too long"),
    ],
)
async def test_a_path_that_no_store_can_have_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = SqliteStore(Path(name))
    with pytest.raises(StoreUseError) as caught:
        await refused.open()
    await refused.close()

    assert str(caught.value) == words


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
@pytest.mark.parametrize(
    ("read_only", "words"), [("sandbox.db", "it is read-only"), (".", "the folder {} is read-only")]
)
async def test_what_is_read_only_is_refused_in_words(tmp_path: Path, read_only: str, words: str) -> None:
    path = tmp_path / "sandbox.db"
    path.touch()
    (tmp_path / read_only).chmod(0o555)
    refused = SqliteStore(path)
    with pytest.raises(StoreUseError) as caught:
        await refused.open()
    await refused.close()
    (tmp_path / read_only).chmod(0o755)

    assert str(caught.value) == f"{path}: the store cannot be written ({words.format(tmp_path)})"


async def test_a_name_that_sqlite_takes_for_an_address_is_that_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = SqliteStore(Path("file:x.db?mode=memory"))
    await store.open()
    await store.close()

    assert os.listdir(tmp_path) == ["file:x.db?mode=memory"]  # noqa: PTH208 - names alone


async def filled(path: Path) -> SqliteStore:
    """Return a closed store with so many rows that they fill pages."""
    store = SqliteStore(path)
    await store.open()
    await store.write([changes(*(message(number, f'"{"text " * 100}"') for number in range(1, 200)))])
    await store.close()
    return SqliteStore(path)


async def test_a_file_that_is_damaged_inside_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    store = await filled(path)
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    await store.open()
    with pytest.raises(StoreError) as caught:
        await loaded(store)
    await store.close()

    assert str(caught.value) == f"{path}: the store is damaged (database disk image is malformed)"


async def test_a_row_that_is_no_text_is_refused_without_showing_it(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    store = await filled(path)
    path.write_bytes(path.read_bytes().replace(b"text text", b"text\xfftext", 1))
    await store.open()
    with pytest.raises(StoreError) as caught:
        await loaded(store)
    await store.close()

    assert str(caught.value) == f"{path}: the store is damaged (a row is not UTF-8)"


async def test_a_row_of_an_unknown_kind_is_refused(store: SqliteStore) -> None:
    await store.execute("INSERT INTO entities VALUES ('default', 'mystery', '1', 1, 0, '{}')")
    with pytest.raises(StoreUseError, match="the store has a row of the kind 'mystery', which this version cannot"):
        await loaded(store)


async def test_a_file_that_was_deleted_takes_nothing_until_it_is_put_back(store: SqliteStore, tmp_path: Path) -> None:
    await store.write([changes(message(1))])
    store.path.rename(tmp_path / "elsewhere")
    with pytest.raises(StoreError) as caught:
        await store.write([changes(message(2))])
    with pytest.raises(StoreError):
        await store.check()
    (tmp_path / "elsewhere").rename(store.path)
    await store.check()
    await store.write([changes(message(3))])

    assert str(caught.value) == (
        f"{store.path}: No such file or directory; put the file back, or restart the server to begin with a new one"
    )
    assert await loaded(store) == [message(1), message(3)]


async def test_a_file_that_was_replaced_takes_nothing(store: SqliteStore, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(store.path.read_bytes())
    (tmp_path / "other").replace(store.path)
    with pytest.raises(StoreError) as caught:
        await store.write([changes(message(1))])

    assert str(caught.value) == (
        f"{store.path} was replaced by another file; put the first one back, or restart the server"
    )


async def test_a_file_that_was_cut_off_takes_nothing(store: SqliteStore) -> None:
    store.path.write_bytes(b"")
    with pytest.raises(StoreError) as caught:
        await store.write([changes(message(1))])

    assert str(caught.value) == f"{store.path} was cut off by another program: the store is damaged"


async def test_a_second_server_on_the_same_file_is_refused(store: SqliteStore) -> None:
    second = SqliteStore(store.path)
    with pytest.raises(StoreUseError, match="the store is in use by another process"):
        await second.open()
    await second.close()


async def test_an_older_version_is_migrated_and_its_copy_kept(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    older = SqliteStore(path)
    await older.open()
    await older.write([changes(message(1, '{"text":"old"}'))])
    await older.close()
    before = path.read_bytes()

    def rename(db: sqlite3.Connection) -> None:
        db.execute("UPDATE entities SET value = replace(value, 'old', 'new')")

    newer = SqliteStore(path, version=2, migrations={1: rename})
    await newer.open()
    values = [row.value for row in await loaded(newer)]
    await newer.close()

    assert (values, (tmp_path / "sandbox.db.v1").read_bytes()) == (['{"text":"new"}'], before)


async def test_a_migration_that_fails_leaves_the_older_version(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    older = SqliteStore(path)
    await older.open()
    await older.write([changes(message(1))])
    await older.close()

    def fail(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM entities")
        db.execute("INSERT INTO nothing VALUES (1)")

    newer = SqliteStore(path, version=2, migrations={1: fail})
    with pytest.raises(StoreUseError):
        await newer.open()
    await newer.close()
    again = SqliteStore(path)
    await again.open()
    rows = await loaded(again)
    await again.close()

    assert rows == [message(1)]


async def test_closing_leaves_one_file(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "sandbox.db")
    await store.open()
    await store.write([changes(message(1))])
    await store.close()

    assert os.listdir(tmp_path) == ["sandbox.db"]  # noqa: PTH208 - names alone
