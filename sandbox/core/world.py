"""The whole state of one workspace, and the only code that changes it."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from sandbox.core.account import Account, Otp, RateWindow
from sandbox.core.agenda import Agenda, AgendaEntry, EntryKind
from sandbox.core.callback import OPEN_STATES, Callback, Target
from sandbox.core.callback_store import CallbackStore, Settings
from sandbox.core.change import (
    AgendaEntryRemoved,
    Batch,
    BatchSubscriber,
    Change,
    EntitiesRemoved,
    EntityKey,
    MessagesDeleted,
    ProvidersReplaced,
    Subscribers,
    TargetSet,
    WorkspaceDeleted,
    WorkspaceReset,
)
from sandbox.core.clock import Clock
from sandbox.core.journal import LostReplies, LostReply, RequestRecord, record_size
from sandbox.core.lazy_store import compact
from sandbox.core.lifecycle import MOVE, next_move
from sandbox.core.message import Message
from sandbox.core.retention import Retention
from sandbox.core.rules import RULE_PREFIX, START_STATE, RuleCounted, RuleMemory, ScenarioStateSet
from sandbox.core.scenario import Scenario
from sandbox.core.world_state import WorldState

DEFAULT_WORKSPACE = "default"  # the name of the workspace that always exists

MESSAGES_KEPT = 100_000
REQUESTS_KEPT = 10_000
JOURNAL_KEPT = 64 * 1024 * 1024  # bytes of bodies and message ids
RULE_COUNTS_KEPT = 100_000
EVICTION_STRIDE = 64  # messages to check for a finished one at each insertion
ROOM_STRIDE = 5_000  # messages to check at once before thousands of insertions
COMPACT_EVERY = 16_000  # deleted messages until one of their dictionaries is compacted; 5 to 15 ms for 100,000
MANY = 1_000  # changes of a batch whose messages are stored together


class World:
    """The state of one workspace. Any code may read it; only `commit` and `collect` change it."""

    def __init__(  # noqa: PLR0913 - independent options, by keyword
        self,
        name: str,
        *,
        clock: Clock,
        seed: int,
        scenario: Scenario,
        defaults: Settings,
        targets: Mapping[str, Target] | None = None,
        max_pending: int = 1_000_000,
        trace_callbacks: bool = False,
        subscribers: Subscribers | None = None,
    ) -> None:
        self.name, self.defaults = name, defaults
        self.subscribers = Subscribers() if subscribers is None else subscribers
        self.batch_subscribers: list[BatchSubscriber] = []
        self.on_commit: Callable[[], None] | None = None  # called last, for whoever works through the agenda
        self.batches = 0
        self.changed_at = clock.now()  # the instant of the newest batch
        self.settings: Settings = {}
        self._removed: dict[type, list[EntityKey]] = {}  # by the batch that is being stored
        self.targets: dict[str, Target] = {**(targets or {})}
        self.max_pending = max_pending  # agenda entries; a send that would exceed it is refused
        self.trace_callbacks = trace_callbacks  # whether callbacks carry the trace context of their message
        self._reset(WorkspaceReset(clock, seed))
        self._put_scenario(scenario)

    @property
    def path(self) -> str:
        """The path of this workspace's control API."""
        return "/_sandbox" if self.name == DEFAULT_WORKSPACE else f"/_sandbox/workspaces/{self.name}"

    def now(self) -> datetime:
        """Return the current time of this workspace's clock."""
        return self.clock.now()

    def message(self, message_id: str) -> Message | None:
        """Return the message with the id that the provider's reply contained, or None."""
        number = self.numbers.get(message_id)
        return None if number is None else self.messages.get(number)

    def messages_of(self, account: Account) -> Iterator[Message]:
        """Return the messages that an account has sent, oldest first."""
        sent = (each for each in self.messages.values() if each.account == account.key and not each.is_inbound)
        return (each for each in sent if each.provider == account.provider)

    def commit(self, *changes: Change, at: datetime | None = None) -> Batch:
        """Store a batch of changes, then call the subscribers; `at` is when they happened (default: now)."""
        writers = self._WRITERS
        for change in changes if len(changes) < MANY else self._put_messages(changes):
            writers[type(change)](self, change)
        if self._removed:
            changes = (*changes, *[EntitiesRemoved(entity, tuple(keys)) for entity, keys in self._removed.items()])
            self._removed = {}
        self.batches += 1
        at = self.changed_at = at or self.now()
        batch = Batch(self.name, self.batches, at, changes)
        subscribers = self.subscribers
        for change in changes:
            if (found := subscribers.get(type(change))) is not None:
                for subscriber in found:
                    subscriber(change, batch)
        for batch_subscriber in self.batch_subscribers:
            batch_subscriber(batch)
        if self.on_commit is not None:
            self.on_commit()
        return batch

    def collect(self, message: Message, *, at: datetime, is_reported: bool) -> bool:
        """Store a message with its next status and collect its newest callback, if that reports it, as `commit` does.

        Nothing is made for subscribers. Return False, without a change, if somebody subscribes to each change.
        """
        if self.batch_subscribers or self.subscribers.of_each:
            return False
        self._put_message(message)
        if is_reported:
            self.last_callback = message.callbacks[-1]
            self.callbacks.collect(message)
        self.batches += 1
        self.changed_at = at
        for subscriber in self.subscribers.of_collected:
            subscriber(message, is_reported)
        return True

    def rule_memory(self) -> RuleMemory:
        """Return the counts, rate windows and state of the scenario, for one request."""
        return RuleMemory(self.rule_counts, self.windows, self.state, self.now())

    def _put_scenario(self, scenario: Scenario) -> None:
        self.use_settings(scenario)
        self._begin()

    def use_settings(self, scenario: Scenario) -> None:
        """Switch to a scenario; its settings override the defaults of the specs."""
        self.scenario = scenario
        own = scenario.settings
        self.settings = {provider: {**values, **own.get(provider, {})} for provider, values in self.defaults.items()}
        self.callbacks.use_settings(self.settings, first=self.last_callback + 1)

    def _put_providers(self, replaced: ProvidersReplaced) -> None:
        self.defaults = replaced.defaults
        self.use_settings(replaced.scenario)
        self.messages.update(replaced.messages)

    def _reset(self, reset: WorkspaceReset) -> None:
        """Delete messages, journal, callbacks, codes, counters and accounts, or replace all."""
        self.clock, self.seed = reset.clock, reset.seed
        self.accounts: dict[tuple[str, str], Account] = {}
        self.messages: dict[int, Message] = {}
        self.numbers: dict[str, int] = {}
        self.callbacks = CallbackStore(self.messages, self.settings)
        self.requests: dict[int, RequestRecord] = {}
        self.otps: dict[tuple[str, str, str], Otp] = {}
        self.lost_replies = LostReplies()
        self.windows: dict[str, RateWindow] = {}
        self.rule_counts: OrderedDict[str, int] = OrderedDict()
        self.agenda = Agenda()
        self.journal_bytes = self.last_message = self.last_callback = self.last_request = 0
        self.retention = Retention()
        self._begin()
        self.evicted = {"messages": 0, "callbacks": 0, "requests": 0}
        if reset.state is not None:
            reset.state.put_into(self)

    def _begin(self) -> None:
        """Restart the scenario: no counts, the initial state, and `during` counts from now."""
        self._remove(RateWindow, [name for name in self.windows if name.startswith(RULE_PREFIX)])
        self._remove(RuleCounted, self.rule_counts)
        self.rule_counts.clear()
        self.windows = {name: each for name, each in self.windows.items() if not name.startswith(RULE_PREFIX)}
        self.state = START_STATE
        self.scenario_began = self.now()
        self.requests_before = self.last_request  # the number of the last request before the scenario began

    def restore(self, state: WorldState) -> None:
        """Replace everything by what a store has returned; subscribers are not called."""
        self._reset(WorkspaceReset(state.clock, state.counters.seed, state))
        self.batches, self.changed_at = state.counters.batches, state.counters.at

    def _delete_messages(self, deleted: MessagesDeleted) -> None:
        """Delete all messages, or some."""
        if deleted.messages is not None:
            self._drop_messages(deleted.messages)
            return
        self.messages.clear()  # cleared in place: waiting calls hold references to them
        self.numbers.clear()
        self.callbacks.clear()
        self.otps.clear()
        self.retention = Retention(self.last_message + 1)
        self.agenda.clear()

    def _drop_messages(self, numbers: Iterable[int]) -> None:
        """Delete the messages of these numbers that still exist."""
        dropped = [self.messages[number] for number in numbers if number in self.messages]
        for message in dropped:
            for callback in message.callbacks:
                self.agenda.drop(EntryKind.CALLBACK, callback)
                del self.callbacks[callback]
            self.agenda.drop_message(message.number)
            del self.messages[message.number], self.numbers[message.id]
        self._remove(Message, tuple(message.number for message in dropped))
        self._remove(Callback, tuple(each for message in dropped for each in message.callbacks))
        numbers = {message.number for message in dropped}
        gone = tuple(name for name, otp in self.otps.items() if otp.message in numbers)
        for name in gone:
            del self.otps[name]
        self._remove(Otp, gone)

    def _remove(self, entity: type, keys: Collection[EntityKey]) -> None:
        """Add to the batch that entities are gone, for those who read batches."""
        if self.batch_subscribers and keys:
            self._removed.setdefault(entity, []).extend(keys)

    def _put_clock(self, clock: Clock) -> None:
        self.clock = clock

    def _put_message(self, message: Message) -> None:
        number = message.number
        if number > self.last_message:
            self.last_message = number
            self.numbers[message.id] = number
            if len(self.messages) >= MESSAGES_KEPT:
                self._evict_messages(MESSAGES_KEPT, stride=EVICTION_STRIDE)
        self.messages[number] = message
        if (entry := next_move(message)) is not None:
            self.agenda.put(entry)
        else:
            self.agenda.drop(MOVE, number)
            self.retention.add_ended(number)

    def _put_messages(self, changes: Sequence[Change]) -> list[Change]:
        """Store the new messages of a large batch together, in half the time; return the other changes."""
        messages, others = list[Message](), list[Change]()
        for change in changes:
            if type(change) is Message and change.number == self.last_message + len(messages) + 1:
                messages.append(change)
            else:
                others.append(change)
        self._evict_messages(MESSAGES_KEPT + 1 - len(messages), stride=EVICTION_STRIDE * len(messages))
        self.numbers.update([(each.id, each.number) for each in messages])
        self.messages.update([(each.number, each) for each in messages])
        self.agenda.extend([entry for each in messages if (entry := next_move(each)) is not None])
        self.last_message += len(messages)
        return others

    def _remove_entry(self, removed: AgendaEntryRemoved) -> None:
        if removed.kind is EntryKind.INBOUND:
            self.retention.add_ended(removed.number)
        self.agenda.drop(removed.kind, removed.number)

    def _put_callback(self, callback: Callback) -> None:
        self.last_callback = max(self.last_callback, callback.id)
        if callback.state not in OPEN_STATES:
            self.retention.add_ended(callback.message)
        self.callbacks.put(callback)

    def _put_rule_count(self, counted: RuleCounted) -> None:
        self.rule_counts[counted.name] = counted.count
        self.rule_counts.move_to_end(counted.name)  # the least recently used is evicted first
        if len(self.rule_counts) > RULE_COUNTS_KEPT:
            self._remove(RuleCounted, (self.rule_counts.popitem(last=False)[0],))

    def _put_state(self, change: ScenarioStateSet) -> None:
        self.state = change.state

    def _put_request(self, record: RequestRecord) -> None:
        self.last_request = max(self.last_request, record.id)
        requests = self.requests
        requests[record.id] = record
        self.journal_bytes += record_size(record)
        while len(requests) > REQUESTS_KEPT or self.journal_bytes > JOURNAL_KEPT:
            oldest = record.id - len(requests) + 1  # ids have no gaps
            self.journal_bytes -= record_size(requests[oldest])
            del requests[oldest]
            self._remove(RequestRecord, (oldest,))
            self.evicted["requests"] += 1

    def _put_target(self, change: TargetSet) -> None:
        if change.target is None:
            self.targets.pop(change.provider, None)
        else:
            self.targets[change.provider] = change.target

    def make_room(self, count: int) -> bool:
        """Delete some of the messages that would go if so many came; return whether others may have to go, too."""
        before = self.evicted["messages"]
        self._evict_messages(MESSAGES_KEPT + 1 - count, stride=ROOM_STRIDE)
        if self.evicted["messages"] == before:
            return False
        self.commit()
        return True

    def _evict_messages(self, limit: int, *, stride: int) -> None:
        """Delete the oldest finished messages down to below a limit, of at most so many that are checked."""
        for _ in range(stride):
            if len(self.messages) < limit or (number := self.retention.take(end=self.last_message)) is None:
                return
            self._evict(number)

    def _evict(self, number: int) -> None:
        """Delete a message, unless it is deleted already or has something pending."""
        message = self.messages.get(number)
        if message is not None and self.is_finished(message):
            for callback in message.callbacks:
                del self.callbacks[callback]
            del self.messages[number], self.numbers[message.id]
            self._remove(Message, (number,))
            self._remove(Callback, message.callbacks)
            self.evicted["messages"] += 1
            self.evicted["callbacks"] += len(message.callbacks)
            if number % COMPACT_EVERY == 0 and len(self.messages) <= MESSAGES_KEPT:
                compact((self.messages, self.numbers, self.callbacks)[number // COMPACT_EVERY % 3])

    def is_finished(self, message: Message) -> bool:
        """Return whether nothing is pending for a message."""
        if message.is_moving or (message.reply is not None and self.agenda.find(EntryKind.INBOUND, message.number)):
            return False
        return not any(map(self.callbacks.is_open, message.callbacks))

    _WRITERS: ClassVar[Mapping[type, Callable[..., None]]] = {
        Clock: _put_clock,
        Scenario: _put_scenario,
        WorkspaceReset: _reset,
        WorkspaceDeleted: lambda world, _: world._reset(WorkspaceReset(world.clock, world.seed)),  # noqa: SLF001 - its owner drops it
        MessagesDeleted: _delete_messages,
        Message: _put_message,
        Callback: _put_callback,
        Account: lambda world, account: world.accounts.__setitem__((account.provider, account.key), account),
        Otp: lambda world, otp: world.otps.update({(otp.provider, otp.account, otp.recipient): otp}),
        RateWindow: lambda world, window: world.windows.update({window.name: window}),
        RequestRecord: _put_request,
        LostReply: lambda world, lost: world.lost_replies.put(lost),
        AgendaEntry: lambda world, entry: world.agenda.put(entry),
        AgendaEntryRemoved: _remove_entry,
        TargetSet: _put_target,
        RuleCounted: _put_rule_count,
        ScenarioStateSet: _put_state,
        ProvidersReplaced: _put_providers,
    }
