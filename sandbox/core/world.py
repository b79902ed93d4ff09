"""One workspace's whole state, and the one place that writes it."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import ClassVar

from sandbox.core.account import Account, Otp, RateWindow
from sandbox.core.agenda import Agenda, AgendaEntry, EntryKind
from sandbox.core.callback import OPEN_STATES, Callback, Target
from sandbox.core.change import (
    AgendaEntryRemoved,
    Batch,
    BatchSubscriber,
    Change,
    MessagesDeleted,
    Subscribers,
    TargetSet,
    WorkspaceDeleted,
    WorkspaceReset,
)
from sandbox.core.clock import Clock
from sandbox.core.journal import LostReplies, LostReply, RequestRecord, record_size
from sandbox.core.message import Message
from sandbox.core.rules import RULE_PREFIX, START_STATE, RuleCounted, RuleMemory, ScenarioStateSet
from sandbox.core.scenario import Scenario
from sandbox.core.sequence_store import SequenceStore

DEFAULT_WORKSPACE = "default"  # the workspace that always exists

MESSAGES_KEPT = 100_000
REQUESTS_KEPT = 10_000
JOURNAL_KEPT = 64 * 1024 * 1024  # bytes of bodies and ids
RULE_COUNTS_KEPT = 100_000
EVICTION_STRIDE = 64  # how many numbers are looked at in search of a finished message


Settings = Mapping[str, Mapping[str, object]]


class World:
    """The state of one workspace. Read anywhere, written by `commit` alone."""

    def __init__(  # noqa: PLR0913 - each is a choice of its own, by keyword
        self,
        name: str,
        *,
        clock: Clock,
        seed: int,
        scenario: Scenario,
        defaults: Settings,
        subscribers: Subscribers | None = None,
    ) -> None:
        self.name = name
        self.defaults = defaults
        self.subscribers = Subscribers() if subscribers is None else subscribers
        self.batch_subscribers: list[BatchSubscriber] = []
        self.batches = 0
        self.targets: dict[str, Target] = {}
        self.windows: dict[str, RateWindow] = {}
        self.max_pending = 1_000_000  # entries on the agenda; a send that would make more is refused
        self._clear(WorkspaceReset(clock, seed))
        self._follow(scenario)

    @property
    def path(self) -> str:
        """The path of its control API."""
        return "/_sandbox" if self.name == DEFAULT_WORKSPACE else f"/_sandbox/workspaces/{self.name}"

    def now(self) -> datetime:
        """Return the present instant on this workspace's clock."""
        return self.clock.now()

    def message(self, message_id: str) -> Message | None:
        """Return a message by the id that its sender was given."""
        number = self.numbers.get(message_id)
        return None if number is None else self.messages.get(number)

    def messages_of(self, account: Account) -> Iterator[Message]:
        """Return an account's messages, oldest first."""
        return (
            message
            for message in self.messages.values()
            if message.account == account.key and message.provider == account.provider
        )

    def commit(self, *changes: Change, at: datetime | None = None) -> Batch:
        """Write a batch of changes and tell the listeners; `at` is when they came to pass, now if it is not given."""
        writers = self._WRITERS
        for change in changes:
            writers[type(change)](self, change)
        self.batches += 1
        batch = Batch(self.name, self.batches, at or self.now(), changes)
        subscribers = self.subscribers
        for change in changes:
            for hear in subscribers.get(type(change), ()):
                hear(change, batch)
        for listener in self.batch_subscribers:
            listener(batch)
        return batch

    def rule_memory(self) -> RuleMemory:
        """Return the scenario's memory for one request."""
        return RuleMemory(self.rule_counts, self.windows, self.state, self.now())

    def _follow(self, scenario: Scenario) -> None:
        """Behave as a scenario says from now on; `settings` are the specs' defaults with its own on top."""
        self.scenario = scenario
        self._begin()
        self.settings = {
            provider: {**values, **scenario.settings.get(provider, {})} for provider, values in self.defaults.items()
        }

    def _begin(self) -> None:
        """Begin the scenario anew: no counts, its first state, and `during` counts from now."""
        self.rule_counts: OrderedDict[str, int] = OrderedDict()
        self.windows = {name: each for name, each in self.windows.items() if not name.startswith(RULE_PREFIX)}
        self.state = START_STATE
        self.scenario_began = self.now()

    def _clear(self, cleared: WorkspaceReset) -> None:
        """Forget messages, journal, callbacks, codes, counters and accounts; targets and scenario stay."""
        self.clock = cleared.clock
        self.seed = cleared.seed
        self.accounts: dict[tuple[str, str], Account] = {}
        self.messages: SequenceStore[Message] = SequenceStore()
        self.numbers: dict[str, int] = {}
        self.callbacks: SequenceStore[Callback] = SequenceStore()
        self.requests: dict[int, RequestRecord] = {}
        self.journal_bytes = 0
        self.otps: dict[tuple[str, str, str], Otp] = {}
        self.lost_replies = LostReplies()
        self.windows = {}
        self._begin()
        self.agenda = Agenda()
        self.last_message = 0
        self._evicting = 1  # the number that is looked at next where there are too many messages
        self._ended: deque[int] = deque()  # numbers below it whose messages have ended meanwhile
        self.last_callback = 0
        self.last_request = 0
        self.evicted = {"messages": 0, "callbacks": 0, "requests": 0}

    def _empty(self, emptied: MessagesDeleted) -> None:
        """Forget every message, or some."""
        if emptied.messages is not None:
            self._drop_messages(emptied.messages)
            return
        self.messages.clear()  # they stay the same ones, as whoever waits for something to come holds them
        self.numbers.clear()
        self.callbacks.clear()
        self.otps.clear()
        self._evicting = self.last_message + 1
        self._ended.clear()
        self.agenda.clear()

    def _drop_messages(self, numbers: Iterable[int]) -> None:
        """Forget the messages of these numbers that are still there."""
        dropped = [self.messages[number] for number in numbers if number in self.messages]
        for message in dropped:
            for callback in message.callbacks:
                self.agenda.drop(EntryKind.CALLBACK, callback)
                del self.callbacks[callback]
            self.agenda.drop(EntryKind.MOVE, message.number)
            del self.messages[message.number], self.numbers[message.id]
        gone = {message.number for message in dropped}
        self.otps = {name: otp for name, otp in self.otps.items() if otp.message not in gone}

    def _delete(self, _: WorkspaceDeleted) -> None:
        """Forget everything; the workspace's owner forgets the world itself."""
        self._clear(WorkspaceReset(self.clock, self.seed))

    def _put_clock(self, clock: Clock) -> None:
        self.clock = clock

    def _put_message(self, message: Message) -> None:
        if message.number > self.last_message:
            self.last_message = message.number
            self.numbers[message.id] = message.number
            if len(self.messages) >= MESSAGES_KEPT:
                self._evict_messages()
        elif message.number < self._evicting and not message.plan:
            self._ended.append(message.number)
        self.messages[message.number] = message

    def _put_callback(self, callback: Callback) -> None:
        self.last_callback = max(self.last_callback, callback.id)
        if callback.message < self._evicting and callback.state not in OPEN_STATES:
            self._ended.append(callback.message)
        self.callbacks[callback.id] = callback

    def _put_account(self, account: Account) -> None:
        self.accounts[account.provider, account.key] = account

    def _put_otp(self, otp: Otp) -> None:
        self.otps[otp.provider, otp.account, otp.recipient] = otp

    def _put_window(self, window: RateWindow) -> None:
        self.windows[window.name] = window

    def _put_tally(self, tally: RuleCounted) -> None:
        self.rule_counts[tally.name] = tally.count
        self.rule_counts.move_to_end(tally.name)  # so that the one longest unused goes first
        if len(self.rule_counts) > RULE_COUNTS_KEPT:
            self.rule_counts.popitem(last=False)

    def _put_turn(self, turn: ScenarioStateSet) -> None:
        self.state = turn.state

    def _put_exchange(self, exchange: RequestRecord) -> None:
        self.last_request = max(self.last_request, exchange.id)
        self.requests[exchange.id] = exchange
        self.journal_bytes += record_size(exchange)
        while len(self.requests) > REQUESTS_KEPT or self.journal_bytes > JOURNAL_KEPT:
            oldest = self.requests.pop(exchange.id - len(self.requests) + 1)  # ids count up without a gap
            self.journal_bytes -= record_size(oldest)
            self.evicted["requests"] += 1

    def _put_lost_reply(self, lost: LostReply) -> None:
        self.lost_replies.put(lost)

    def _put_due(self, due: AgendaEntry) -> None:
        self.agenda.put(due)

    def _put_nothing(self, nothing: AgendaEntryRemoved) -> None:
        self.agenda.drop(nothing.kind, nothing.number)

    def _put_aim(self, set_target: TargetSet) -> None:
        if set_target.target is None:
            self.targets.pop(set_target.provider, None)
        else:
            self.targets[set_target.provider] = set_target.target

    def _evict_messages(self) -> None:
        """Forget the oldest finished messages above the limit; those with something pending are passed over.

        What was passed over is looked at again when it has ended, so a few numbers at a time are enough.
        """
        while len(self.messages) >= MESSAGES_KEPT and self._ended:
            self._evict(self._ended.popleft())
        for _ in range(EVICTION_STRIDE):
            if len(self.messages) < MESSAGES_KEPT or self._evicting >= self.last_message:
                return  # the newest is about to be stored
            self._evict(self._evicting)
            self._evicting += 1

    def _evict(self, number: int) -> None:
        """Forget a message, unless it is gone already or has something pending."""
        message = self.messages.get(number)
        if message is not None and self._finished(message):
            for callback in message.callbacks:
                del self.callbacks[callback]
            del self.messages[number], self.numbers[message.id]
            self.evicted["messages"] += 1
            self.evicted["callbacks"] += len(message.callbacks)

    def _finished(self, message: Message) -> bool:
        return not message.plan and not any(self.callbacks[each].state in OPEN_STATES for each in message.callbacks)

    _WRITERS: ClassVar[Mapping[type, Callable[..., None]]] = {
        Clock: _put_clock,
        Scenario: _follow,
        WorkspaceReset: _clear,
        WorkspaceDeleted: _delete,
        MessagesDeleted: _empty,
        Message: _put_message,
        Callback: _put_callback,
        Account: _put_account,
        Otp: _put_otp,
        RateWindow: _put_window,
        RequestRecord: _put_exchange,
        LostReply: _put_lost_reply,
        AgendaEntry: _put_due,
        AgendaEntryRemoved: _put_nothing,
        TargetSet: _put_aim,
        RuleCounted: _put_tally,
        ScenarioStateSet: _put_turn,
    }
