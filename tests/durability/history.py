"""What happened in a crash test, and the faults that its account shows."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from tests.durability.traffic import Arrival

REPORTS = 2  # callbacks of each message


class Account(NamedTuple):
    """An account: its balance at the start and at the end, and the price of a message."""

    before: Decimal
    after: Decimal
    price: Decimal


class History(NamedTuple):
    """Everything that a crash test saw.

    `messages` has the provider of each message that is stored at the end; `callbacks` of each callback that is stored
    then, as it must arrive and in order of creation, whether each of its attempts was interrupted.
    """

    acknowledged: Collection[str]
    messages: Mapping[str, str]
    accounts: Mapping[str, Account]
    callbacks: Mapping[Arrival, Sequence[bool]]
    arrivals: Sequence[Arrival]


class Faults(NamedTuple):
    """How often a promise was broken.

    `missing`: acknowledged messages that are not stored. `unbalanced`: accounts that the price of the stored messages
    does not explain. `never_attempted`: callbacks that were not made, or never arrived. `repeated`: arrivals that no
    interrupted attempt explains. `out_of_order`: callbacks that arrived after a later one of their message. `unstored`:
    callbacks of messages that are not stored. `unfinished`: callbacks whose attempts did not end with one that counts.
    """

    missing: int = 0
    unbalanced: int = 0
    never_attempted: int = 0
    repeated: int = 0
    out_of_order: int = 0
    unstored: int = 0
    unfinished: int = 0


def count_faults(history: History) -> Faults:
    """Return the faults of a history."""
    arrived = Counter(history.arrivals)
    made = Counter(each.message for each in history.callbacks)
    sent = Counter(history.messages.values())
    places = {each: place for place, each in enumerate(history.callbacks)}
    newest: dict[str, int] = defaultdict(int)
    out_of_order = 0
    for each in history.arrivals:
        place = places.get(each, newest[each.message])
        out_of_order += place < newest[each.message]
        newest[each.message] = max(place, newest[each.message])
    return Faults(
        missing=len({*history.acknowledged} - {*history.messages}),
        unbalanced=sum(
            account.before - account.price * sent[provider] != account.after
            for provider, account in history.accounts.items()
        ),
        never_attempted=sum(REPORTS - made[each] for each in history.messages)
        + sum(not arrived[each] for each in history.callbacks),
        repeated=sum(
            max(0, arrived[each] - 1 - sum(attempts)) for each, attempts in history.callbacks.items() if arrived[each]
        ),
        out_of_order=out_of_order,
        unstored=sum(each not in history.callbacks for each in history.arrivals),
        unfinished=sum(attempts.count(False) != 1 for attempts in map(list, history.callbacks.values())),
    )
