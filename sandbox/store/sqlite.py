"""The store in a SQLite file, for one process.

One connection in one thread does everything. Versions of SQLite from 3.7.0 to 3.51.2 can corrupt a file in WAL mode
when two connections write or checkpoint at once (https://sqlite.org/wal.html, "the WAL-reset bug"), so the file is
locked exclusively before it is first read, which also refuses a second process.

A statement writes many rows at once: the thread needs the interpreter once a statement, and on a busy server waits
milliseconds for it each time.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import islice
from os import W_OK, access, stat_result
from pathlib import Path
from typing import TypeVar

from sandbox.core.errors import StoreError, StoreUseError
from sandbox.store.base import DELETED, FORMAT, Kind, Row, RowChanges, StoredRows, group_rows

Result = TypeVar("Result")
Item = TypeVar("Item")

APPLICATION_ID = 0x534D5342  # "SMSB", in the header of the file
BATCHES = (256, 64, 16, 4, 1)  # rows of one statement
FEW = 3  # workspaces
ROOM = 256 * 1024  # bytes that must be free before a store that was full is used again
PAGE_SIZE = 8192  # bytes; most rows are smaller than 2 KB, and a page holds several

TABLES = """
CREATE TABLE entities (
  workspace TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  created INTEGER NOT NULL,
  open INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (workspace, kind, key)
)
"""
UPSERT = (
    "INSERT INTO entities (workspace, kind, key, created, open, value) VALUES {} "
    "ON CONFLICT (workspace, kind, key) DO UPDATE SET open = excluded.open, value = excluded.value"
)
DELETE = "DELETE FROM entities WHERE workspace = ? AND kind = ? AND key IN ({})"
UPSERTS = {count: UPSERT.format(", ".join(["(?, ?, ?, ?, ?, ?)"] * count)) for count in BATCHES}
DELETES = {count: DELETE.format(", ".join("?" * count)) for count in BATCHES}

NAMES: Mapping[Kind, str] = {kind: kind.value for kind in Kind}  # `value` is a function of Python's

# By the version that a file has: what makes it the next one.
MIGRATIONS: Mapping[int, Callable[[sqlite3.Connection], None]] = {}


class SqliteStore:
    """Rows in a file; `sync`: a transaction is on the disk when it is committed, else a power cut may lose the last."""

    kind = "sqlite"
    software = f"SQLite {sqlite3.sqlite_version}"

    def __init__(
        self,
        path: Path,
        *,
        sync: bool = True,
        version: int = FORMAT,
        migrations: Mapping[int, Callable[[sqlite3.Connection], None]] = MIGRATIONS,
    ) -> None:
        self.path = path
        self._sync = sync
        self._version = version
        self._migrations = migrations
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self._db: sqlite3.Connection | None = None
        self._opened: stat_result | None = None  # the file as it was when it was last looked at

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self.path)

    async def open(self) -> None:
        """Open the file; create it, or migrate one of an older version."""
        await self._run(self._open)

    async def workspaces(self) -> list[str]:
        """Return the names of the workspaces that have rows, oldest first."""
        return await self._names(Kind.WORKSPACE)

    async def deleted(self) -> list[str]:
        """Return the names of deleted workspaces."""
        return await self._names(Kind.DELETED_WORKSPACE)

    async def _names(self, kind: Kind) -> list[str]:
        query = "SELECT workspace FROM entities WHERE kind = ? ORDER BY rowid"
        return await self._run(lambda: [name for (name,) in self._connection().execute(query, (kind.value,))])

    async def load(self, workspace: str) -> StoredRows:
        """Return the rows of a workspace, in any order."""
        return await self._run(lambda: self._load(workspace))

    async def write(self, changes: Sequence[RowChanges]) -> None:
        """Write changes in one transaction."""
        await self._run(lambda: self._write(changes))

    async def check(self) -> None:
        """Raise StoreError unless the file can be written and has room; one that is closed is opened again."""
        await self._run(self._check)

    async def execute(self, statement: str) -> None:
        """Run a statement of SQLite in the store's thread."""
        await self._run(lambda: self._connection().execute(statement))

    async def close(self) -> None:
        """Close the file; a checkpoint leaves everything in it, and no file beside it."""
        with suppress(StoreError):
            await self._run(self._close)
        self._thread.shutdown()

    async def _run(self, action: Callable[[], Result]) -> Result:
        """Return the result of an action in the store's thread."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, action)
        except sqlite3.Error as error:
            raise StoreError(self._words(error)) from None

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            message = f"{self.path}: the store is closed"
            raise StoreError(message)
        return self._db

    def _open(self) -> None:
        try:
            self._refuse_path()
            # An absolute path: SQLite takes `:memory:` and `file:…` for something else than files.
            db = sqlite3.connect(self.path.absolute(), isolation_level=None, timeout=0, cached_statements=64)
        except OSError as error:
            message = f"{self.path}: {error.strerror}"
            raise StoreUseError(message) from None
        except sqlite3.Error as error:
            raise StoreUseError(self._words(error)) from None
        try:
            self._prepare(db)
        except sqlite3.Error as error:
            db.close()
            raise StoreUseError(self._words(error)) from None
        except BaseException:
            db.close()
            raise
        self._db, self._opened = db, self.path.stat()

    def _refuse_path(self) -> None:
        """Raise StoreUseError if the path cannot be that of a store."""
        example = "--store takes a file such as sandbox.db"
        if str(self.path) == ":memory:":
            message = f"{self.path} would be forgotten; {example}, or leave --store out"
        elif self.path.is_dir():
            message = f"{self.path} is a folder; {example}"
        elif self.path.exists() and not self.path.is_file():
            message = f"{self.path} is no regular file; {example}"
        elif not self.path.parent.is_dir():
            message = f"{self.path}: there is no folder {self.path.parent}"
        elif self.path.exists() and not access(self.path, W_OK):
            message = f"{self.path}: the store cannot be written (it is read-only)"
        elif not access(self.path.parent, W_OK):  # SQLite has a second file beside the first
            message = f"{self.path}: the store cannot be written (the folder {self.path.parent} is read-only)"
        else:
            return
        raise StoreUseError(message)

    def _check_file(self) -> None:
        """Raise StoreError if the file at the path is not the one that is open: SQLite would go on without a word."""
        try:
            now, opened = self.path.stat(), self._opened
        except OSError as error:
            message = f"{self.path}: {error.strerror}; put the file back, or restart the server to begin with a new one"
            raise StoreError(message) from None
        if opened is not None and (now.st_ino, now.st_dev) != (opened.st_ino, opened.st_dev):
            message = f"{self.path} was replaced by another file; put the first one back, or restart the server"
            raise StoreError(message)
        if opened is not None and now.st_size < opened.st_size:
            message = f"{self.path} was cut off by another program: the store is damaged"
            raise StoreError(message)
        self._opened = now

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Lock the file, check that it is a store of this version, or make it one."""
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA mmap_size = 0")
        (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if tables and application != APPLICATION_ID:
            message = f"{self.path} is a SQLite file of another program, not a store of sms-sandbox"
            raise StoreUseError(message)
        if version > self._version:
            message = (
                f"{self.path} is a store of version {version}; this sms-sandbox reads versions up to {self._version}"
            )
            raise StoreUseError(message)
        if not tables:
            db.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {'FULL' if self._sync else 'NORMAL'}")
        with _transaction(db):  # a file that cannot be written is found here
            if not tables:
                db.execute(TABLES)
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {self._version}")
        if tables and version < self._version:
            self._migrate(db, version)

    def _migrate(self, db: sqlite3.Connection, version: int) -> None:
        """Make a store of an older version one of this; the older one stays beside it."""
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        copy = self.path.with_name(f"{self.path.name}.v{version}")
        try:
            shutil.copyfile(self.path, copy)
        except OSError as error:
            message = (
                f"{self.path} is a store of version {version}; its copy {copy} cannot be written: {error.strerror}"
            )
            raise StoreUseError(message) from None
        with _transaction(db):
            for each in range(version, self._version):
                self._migrations[each](db)
            db.execute(f"PRAGMA user_version = {self._version}")

    def _load(self, workspace: str) -> StoredRows:
        db = self._connection()
        (count,) = db.execute("SELECT count(*) FROM entities WHERE kind = 'workspace'").fetchone()
        # The rows of one workspace of few lie together: to read all is faster than to look up each by its key.
        table = "entities NOT INDEXED" if count <= FEW else "entities"
        query = f"SELECT kind, key, created, open, value FROM {table} WHERE workspace = ?"  # noqa: S608 - a constant
        return group_rows(db.execute(query, (workspace,)))

    def _write(self, changes: Sequence[RowChanges]) -> None:
        db = self._connection()
        self._check_file()
        with _transaction(db):
            for each in changes:
                _write_changes(db, each)

    def _check(self) -> None:
        if self._db is None:
            self._open()
        db = self._connection()
        self._check_file()
        with _transaction(db):
            db.execute(UPSERTS[1], ["", "", "", 0, 0, "x" * ROOM])
        with _transaction(db):
            db.execute(DELETES[1], ["", "", ""])

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _words(self, error: sqlite3.Error) -> str:
        """Return what an error of SQLite means to the person who started the server."""
        name = getattr(error, "sqlite_errorname", "")
        if not name and isinstance(error, sqlite3.OperationalError):  # Python's own; its text has the row in it
            return f"{self.path}: the store is damaged (a row is not UTF-8)"
        for prefix, words in ERRORS.items():
            if name.startswith(prefix):
                return f"{self.path}: {words} ({error})"
        return f"{self.path}: {error}"


ERRORS: Mapping[str, str] = {
    "SQLITE_BUSY": "the store is in use by another process",
    "SQLITE_LOCKED": "the store is in use by another process",
    "SQLITE_NOTADB": "this is no store of sms-sandbox",
    "SQLITE_CORRUPT": "the store is damaged",
    "SQLITE_READONLY": "the store cannot be written",
    "SQLITE_CANTOPEN": "the store cannot be opened",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_IOERR": "the disk cannot be read or written",
    "SQLITE_PERM": "the store cannot be opened",
}


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Return a context manager whose statements are committed together, or not at all."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _write_changes(db: sqlite3.Connection, changes: RowChanges) -> None:
    workspace = changes.workspace
    if changes.deleted:
        db.execute("DELETE FROM entities WHERE workspace = ?", (workspace,))
        db.execute(UPSERTS[1], _parameters(workspace, [DELETED]))
        return
    for kind in sorted(changes.cleared):
        db.execute("DELETE FROM entities WHERE workspace = ? AND kind = ?", (workspace, kind))
    by_kind: dict[str, list[str]] = {}
    for kind, key in changes.removed:
        by_kind.setdefault(kind.value, []).append(key)
    for name, keys in by_kind.items():
        for group in _groups(keys):
            db.execute(DELETES[len(group)], [workspace, name, *group])
    for rows in _groups(changes.rows):
        db.execute(UPSERTS[len(rows)], _parameters(workspace, rows))


def _parameters(workspace: str, rows: Iterable[Row]) -> list[object]:
    """Return the parameters of a statement; values of other types than str and int would take SQLite a detour."""
    parameters: list[object] = []
    for kind, key, created, is_open, value in rows:
        parameters += (workspace, NAMES[kind], key, created, int(is_open), value)
    return parameters


def _groups(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield items in groups of the sizes of `BATCHES`, so that SQLite sees few statements and keeps them compiled."""
    remaining = iter(items)
    while group := list(islice(remaining, BATCHES[0])):
        start = 0
        for size in BATCHES:
            while len(group) - start >= size:
                yield group[start : start + size]
                start += size
