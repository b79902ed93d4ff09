"""What a store is: rows by workspace, kind and key, written in transactions and read when a workspace is loaded."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from json import dumps
from typing import NamedTuple, Protocol

from sandbox.core.errors import StoreUseError

RowKey = int | str
KEYS_KEPT = 4_096  # texts of keys that are remembered: each send changes its account
ONLY = "[]"  # the key of a kind of which a workspace has one row
FORMAT = 1  # the version of the rows; a store of an older one is migrated, one of a newer one refused


class Kind(StrEnum):
    """The kinds of rows."""

    __hash__ = str.__hash__  # that of an enum is a function of Python's, and rows are looked up by their kind

    ACCOUNT = "account"
    AGENDA = "agenda"
    CALLBACK = "callback"
    CLOCK = "clock"
    CODE = "code"
    COUNTERS = "counters"
    DELETED_WORKSPACE = "deleted_workspace"
    INBOUND = "inbound"
    LOST_REPLY = "lost_reply"
    MESSAGE = "message"
    RATE_WINDOW = "rate_window"
    REQUEST = "request"
    RULE_COUNT = "rule_count"
    SCENARIO = "scenario"
    SETTINGS = "settings"
    TARGET = "target"
    WORKSPACE = "workspace"


KINDS = {kind.value: kind for kind in Kind}


def find_kind(name: str) -> Kind:
    """Return the kind of a name.

    Raises:
        StoreUseError: this version knows none.

    """
    kind = KINDS.get(name)
    if kind is None:
        message = f"the store has a row of the kind {name!r}, which this version cannot read"
        raise StoreUseError(message)
    return kind


@lru_cache(KEYS_KEPT)
def key_of(*parts: str) -> str:
    """Return the key of texts that together name an entity: JSON, so that no text can be taken for another."""
    return dumps(parts)


class Row(NamedTuple):
    """The newest value of an entity as JSON.

    `created` is the number of the batch that first had the entity. `open`: something is pending for a message or
    callback, so that it is decoded when its workspace is loaded.
    """

    kind: Kind
    key: str
    created: int
    open: bool
    value: str


NUMBERED = (Kind.MESSAGE, Kind.CALLBACK, Kind.REQUEST)  # the kinds of which a workspace has many, by number


class StoredRows(NamedTuple):
    """The rows of a workspace: for each kind of `NUMBERED` the values by number and which are open, and the others."""

    values: Mapping[Kind, dict[int, str]]
    open: Mapping[Kind, list[int]]
    others: Mapping[Kind, list[Row]]


def group_rows(rows: Iterable[tuple[str, str, int, bool | int, str]]) -> StoredRows:
    """Return the rows of a workspace by kind, from kind, key, created, open and value of each.

    Raises:
        StoreUseError: a row is of a kind that this version does not know.

    """
    values: dict[str, dict[int, str]] = {kind.value: {} for kind in NUMBERED}
    still_open: dict[str, list[int]] = {kind.value: [] for kind in NUMBERED}
    others: dict[Kind, list[Row]] = {kind: [] for kind in Kind}
    for kind, key, created, is_open, value in rows:
        numbered = values.get(kind)
        if numbered is None:
            found = find_kind(kind)
            others[found].append(Row(found, key, created, bool(is_open), value))
            continue
        number = int(key)
        numbered[number] = value
        if is_open:
            still_open[kind].append(number)
    return StoredRows(
        {kind: values[kind.value] for kind in NUMBERED}, {kind: still_open[kind.value] for kind in NUMBERED}, others
    )


DELETED = Row(Kind.DELETED_WORKSPACE, "[]", created=0, open=False, value="{}")


class RowChanges(NamedTuple):
    """The changes of one workspace for one transaction: first whole kinds are deleted, then rows deleted and written.

    `size` is the number of rows. `new`: the workspace has no rows yet. `deleted`: it is gone, and of its rows only one
    of the kind DELETED_WORKSPACE is left.
    """

    workspace: str
    cleared: frozenset[Kind]
    removed: Sequence[tuple[Kind, str]]
    rows: Iterable[Row]
    size: int = 0
    new: bool = False
    deleted: bool = False


class Store(Protocol):
    """Keeps rows. Every method raises StoreError if the store fails; nothing is written then.

    `write` raises OwnershipLostError if another replica has taken over some of the workspaces.
    """

    kind: str

    @property
    def software(self) -> str:
        """What keeps the rows, with its version if it is a library of this server."""

    @property
    def place(self) -> str:
        """Where the rows are, in words for a person: without a password."""

    async def open(self) -> None:
        """Connect, create or migrate the tables.

        Raises:
            StoreUseError: this is no store, or one that cannot be used.

        """

    async def workspaces(self) -> list[str]:
        """Return the names of the workspaces that have rows, oldest first."""

    async def deleted(self) -> list[str]:
        """Return the names of deleted workspaces, which are never given again."""

    async def load(self, workspace: str) -> StoredRows:
        """Return the rows of a workspace, in any order."""

    async def write(self, changes: Sequence[RowChanges]) -> None:
        """Write changes in one transaction; they are safe when this returns."""

    async def check(self) -> None:
        """Raise StoreError unless the store answers."""

    async def close(self) -> None:
        """Release the store."""
