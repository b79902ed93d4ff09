"""The checker of the crash test sees each kind of fault."""

from decimal import Decimal

import pytest

from tests.durability.history import Account, Faults, History, count_faults
from tests.durability.traffic import Arrival

SENT, DELIVERED = Arrival("m", "SENT"), Arrival("m", "DELIVERED")
GOOD = History(
    acknowledged=["m"],
    messages={"m": "ubill"},
    accounts={"ubill": Account(Decimal(10), Decimal(9), Decimal(1))},
    callbacks={SENT: [True, False], DELIVERED: [False]},
    arrivals=[SENT, SENT, DELIVERED],
)


@pytest.mark.parametrize(
    ("history", "faults"),
    [
        (GOOD, Faults()),
        (GOOD._replace(arrivals=[SENT, DELIVERED]), Faults()),
        (GOOD._replace(acknowledged=["m", "n"]), Faults(missing=1)),
        (GOOD._replace(accounts={"ubill": Account(Decimal(10), Decimal(8), Decimal(1))}), Faults(unbalanced=1)),
        (GOOD._replace(arrivals=[SENT]), Faults(never_attempted=1)),
        (GOOD._replace(callbacks={SENT: [False]}, arrivals=[SENT]), Faults(never_attempted=1)),
        (GOOD._replace(arrivals=[SENT, DELIVERED, DELIVERED]), Faults(repeated=1)),
        (GOOD._replace(arrivals=[SENT, DELIVERED, SENT]), Faults(out_of_order=1)),
        (GOOD._replace(arrivals=[SENT, DELIVERED, Arrival("n", "SENT")]), Faults(unstored=1)),
        (GOOD._replace(callbacks={SENT: [False], DELIVERED: [True]}, arrivals=[SENT, DELIVERED]), Faults(unfinished=1)),
    ],
)
def test_each_fault_is_counted_once(history: History, faults: Faults) -> None:
    assert count_faults(history) == faults
