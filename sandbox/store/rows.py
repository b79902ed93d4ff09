"""The rows that the batches of a workspace change, collected until a transaction writes them.

Several versions of one entity within a transaction are written once. Values are encoded where the rows are iterated,
which may be another thread: they are immutable.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

from sandbox.core.account import Account, Otp, RateWindow
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.callback import OPEN_STATES, Callback
from sandbox.core.change import (
    AgendaEntryRemoved,
    Batch,
    EntitiesRemoved,
    MessagesDeleted,
    ProvidersReplaced,
    TargetSet,
    WorkspaceDeleted,
    WorkspaceReset,
)
from sandbox.core.clock import Clock
from sandbox.core.journal import LostReply, RequestRecord
from sandbox.core.message import Message
from sandbox.core.rules import RuleCounted, ScenarioStateSet
from sandbox.core.scenario import Scenario
from sandbox.core.world import World
from sandbox.core.world_state import Counters
from sandbox.store.base import ONLY, Kind, Row, RowChanges, RowKey, key_of
from sandbox.store.codec import write_account, write_callback, write_message, write_request
from sandbox.store.snapshot import SettingsKeys, Snapshot
from sandbox.store.workspace_codec import (
    to_text,
    write_agenda_entry,
    write_clock,
    write_counters,
    write_fields,
    write_lost_reply,
    write_scenario,
    write_target,
)

OF_MESSAGES = frozenset({Kind.MESSAGE, Kind.CALLBACK, Kind.CODE, Kind.AGENDA, Kind.INBOUND})
ENTRIES: Mapping[EntryKind, Kind] = {EntryKind.CALLBACK: Kind.AGENDA, EntryKind.INBOUND: Kind.INBOUND}
KEPT_BY_RESET = frozenset({Kind.TARGET, Kind.SCENARIO, Kind.WORKSPACE})
CLEARED_BY_RESET = frozenset({*Kind} - KEPT_BY_RESET)

WRITERS: Mapping[Kind, Callable[[Any], object]] = {
    Kind.ACCOUNT: write_account,
    Kind.AGENDA: write_agenda_entry,
    Kind.CALLBACK: lambda pair: write_callback(*pair),
    Kind.CLOCK: write_clock,
    Kind.CODE: write_fields,
    Kind.COUNTERS: write_counters,
    Kind.INBOUND: write_agenda_entry,
    Kind.LOST_REPLY: write_lost_reply,
    Kind.MESSAGE: write_message,
    Kind.RATE_WINDOW: write_fields,
    Kind.REQUEST: write_request,
    Kind.RULE_COUNT: write_fields,
    Kind.SCENARIO: write_scenario,
    Kind.SETTINGS: lambda settings: settings,
    Kind.TARGET: write_target,
    Kind.WORKSPACE: lambda written: written,
}


class PendingRows:
    """The rows of one workspace that are not in the store yet."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.deleted = False
        self._new = False
        self._cleared: set[Kind] = set()
        self._removed: dict[tuple[Kind, RowKey], None] = {}  # is deleted before the rows are written
        self._rows: dict[tuple[Kind, RowKey], tuple[int, Any]] = {}
        self._loaded: Snapshot | None = None  # what a saved state has brought; `_rows` came after it
        self._settings = SettingsKeys()
        self.changed = False  # whether there is anything to write

    def add_everything(self, workspace: object) -> None:
        """Add the rows of a new workspace; `workspace` is what its server keeps of it, as JSON."""
        world = self.world
        self._new = True
        self.put(Kind.WORKSPACE, ONLY, workspace)
        self.put(Kind.CLOCK, ONLY, world.clock)
        self.put(Kind.SCENARIO, ONLY, world.scenario)
        for provider, target in world.targets.items():
            self.put(Kind.TARGET, key_of(provider), (provider, target))

    def put(self, kind: Kind, key: RowKey, value: object) -> None:
        """Write a row."""
        name = (kind, key)
        known = self._rows.get(name)
        self._rows[name] = (self.world.batches if known is None else known[0], value)
        self.changed = True

    def remove(self, kind: Kind, key: RowKey) -> None:
        """Delete a row; one that is written again is the newest of its kind."""
        self._rows.pop((kind, key), None)
        self._removed[kind, key] = None
        self.changed = True

    def clear(self, kinds: frozenset[Kind]) -> None:
        """Delete all rows of some kinds."""
        self._cleared |= kinds
        self._removed = {name: None for name in self._removed if name[0] not in kinds}
        self._rows = {name: row for name, row in self._rows.items() if name[0] not in kinds}
        if self._loaded is not None:
            self._loaded = self._loaded.without(kinds)
        if Kind.SETTINGS in kinds:
            self._settings.clear()
        self.changed = True

    def add(self, batch: Batch) -> None:
        """Add what a batch changes."""
        self.changed = True
        for change in batch.changes:
            add = CHANGES.get(type(change))
            if add is not None:
                add(self, change)

    def take(self) -> RowChanges:
        """Return all changes for a transaction, and forget them."""
        if self.deleted:
            changes = RowChanges(self.world.name, frozenset(), (), (), new=self._new, deleted=True)
        else:
            self.put(Kind.COUNTERS, ONLY, Counters.of(self.world))
            rows, self._rows = self._rows, {}
            removed, self._removed = self._removed, {}
            size = len(removed) + len(rows) + (0 if self._loaded is None else len(self._loaded))
            changes = RowChanges(
                self.world.name,
                frozenset(self._cleared),
                [(kind, str(key)) for kind, key in removed],
                _Rows(rows, self._loaded, removed),
                size=size,
                new=self._new,
            )
        self._cleared, self._removed, self._rows, self._loaded = set(), {}, {}, None
        self.changed = self._new = False
        return changes

    def _put_callback(self, callback: Callback) -> None:
        key = None
        if callback.settings is not None:
            key, is_new = self._settings.find(callback.settings)
            if is_new:
                self.put(Kind.SETTINGS, key, callback.settings)
        self.put(Kind.CALLBACK, callback.id, (callback, key))

    def _put_planned(self, replaced: ProvidersReplaced) -> None:
        """Write the messages whose next statuses may have other words; a row has the name of a channel alone."""
        for message in replaced.messages.values():
            if message.is_moving:
                self.put(Kind.MESSAGE, message.number, message)

    def _put_entry(self, entry: AgendaEntry) -> None:
        kind = ENTRIES.get(entry.kind)
        if kind is not None:  # a message's next move is in its plan
            self.put(kind, entry.number, entry)

    def _remove_entry(self, removed: AgendaEntryRemoved) -> None:
        kind = ENTRIES.get(removed.kind)
        if kind is not None:
            self.remove(kind, removed.number)

    def _reset(self, reset: WorkspaceReset) -> None:
        if reset.state is None:
            self.clear(CLEARED_BY_RESET)
            self.put(Kind.CLOCK, ONLY, reset.clock)
        else:
            self.clear(frozenset(Kind) - {Kind.WORKSPACE})
            self._loaded = Snapshot(self.world)

    def _delete_messages(self, deleted: MessagesDeleted) -> None:
        if deleted.messages is None:
            self.clear(OF_MESSAGES)

    def _remove_entities(self, removed: EntitiesRemoved) -> None:
        kinds = REMOVALS[removed.entity]
        for key in removed.keys:
            name = key if isinstance(key, int) else key_of(key) if isinstance(key, str) else key_of(*key)
            for kind in kinds:
                self.remove(kind, name)

    def _delete(self, _: WorkspaceDeleted) -> None:
        self.deleted = True

    def _put_count(self, counted: RuleCounted) -> None:
        key = key_of(counted.name)
        self.remove(Kind.RULE_COUNT, key)  # the count that was used last is the newest: the oldest is evicted first
        self.put(Kind.RULE_COUNT, key, counted)

    def _set_target(self, change: TargetSet) -> None:
        if change.target is None:
            self.remove(Kind.TARGET, key_of(change.provider))
        else:
            self.put(Kind.TARGET, key_of(change.provider), (change.provider, change.target))


class _Rows:
    """Rows that are encoded one by one while they are iterated."""

    def __init__(
        self,
        rows: Mapping[tuple[Kind, RowKey], tuple[int, Any]],
        loaded: Snapshot | None,
        removed: Container[tuple[Kind, RowKey]],
    ) -> None:
        self._rows = rows
        self._loaded = loaded
        self._removed = removed

    def __iter__(self) -> Iterator[Row]:
        for kind, key, created, value in self._loaded or ():
            if (kind, key) not in self._rows and (kind, key) not in self._removed:
                yield Row(kind, str(key), created, is_open(kind, value), to_text(WRITERS[kind](value)))
        for (kind, key), (created, value) in self._rows.items():
            yield Row(kind, str(key), created, is_open(kind, value), to_text(WRITERS[kind](value)))


# Whether something is pending for a message or callback.
OPEN: Mapping[Kind, Callable[[Any], bool]] = {
    Kind.MESSAGE: lambda message: message.is_moving,
    Kind.CALLBACK: lambda pair: pair[0].state in OPEN_STATES,
}


def is_open(kind: Kind, value: Any) -> bool:  # noqa: ANN401 - each kind has its own
    """Return whether something is pending for a message or callback."""
    test = OPEN.get(kind)
    return test is not None and test(value)


CHANGES: Mapping[type, Callable[[PendingRows, Any], None]] = {
    Clock: lambda pending, clock: pending.put(Kind.CLOCK, ONLY, clock),
    Scenario: lambda pending, scenario: pending.put(Kind.SCENARIO, ONLY, scenario),
    WorkspaceReset: PendingRows._reset,  # noqa: SLF001 - this table is part of the class
    WorkspaceDeleted: PendingRows._delete,  # noqa: SLF001
    MessagesDeleted: PendingRows._delete_messages,  # noqa: SLF001
    EntitiesRemoved: PendingRows._remove_entities,  # noqa: SLF001
    Message: lambda pending, message: pending.put(Kind.MESSAGE, message.number, message),
    Callback: PendingRows._put_callback,  # noqa: SLF001
    Account: lambda pending, account: pending.put(Kind.ACCOUNT, key_of(account.provider, account.key), account),
    Otp: lambda pending, otp: pending.put(Kind.CODE, key_of(otp.provider, otp.account, otp.recipient), otp),
    RateWindow: lambda pending, window: pending.put(Kind.RATE_WINDOW, key_of(window.name), window),
    RequestRecord: lambda pending, record: pending.put(Kind.REQUEST, record.id, record),
    LostReply: lambda pending, lost: pending.put(Kind.LOST_REPLY, pending.world.last_request, lost),
    AgendaEntry: PendingRows._put_entry,  # noqa: SLF001
    AgendaEntryRemoved: PendingRows._remove_entry,  # noqa: SLF001
    TargetSet: PendingRows._set_target,  # noqa: SLF001
    RuleCounted: PendingRows._put_count,  # noqa: SLF001
    ProvidersReplaced: PendingRows._put_planned,  # noqa: SLF001
}
# The scenario's state is one of the counters, which are written with every transaction.
WITHOUT_ROWS = frozenset({ScenarioStateSet})
# The kinds of rows that go with an entity; an entry of the agenda has the number of its callback or message.
REMOVALS: Mapping[type, tuple[Kind, ...]] = {
    Message: (Kind.MESSAGE, Kind.INBOUND),
    Callback: (Kind.CALLBACK, Kind.AGENDA),
    RequestRecord: (Kind.REQUEST, Kind.LOST_REPLY),
    RateWindow: (Kind.RATE_WINDOW,),
    RuleCounted: (Kind.RULE_COUNT,),
    Otp: (Kind.CODE,),
}
