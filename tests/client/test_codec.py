from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from sandbox.client import UnexpectedResponseError
from sandbox.client.behaviour_values import KEY
from sandbox.client.codec import read, read_all, read_named
from sandbox.core.message import Status


@dataclass(frozen=True)
class Leaf:
    at: datetime
    status: Status


@dataclass(frozen=True)
class Tree:
    sender: str | None = field(metadata={KEY: "from"})
    leaves: tuple[Leaf, ...]
    balance: Mapping[str, Decimal]
    ms: float
    id: str | int
    note: str = "none"


LEAF = {"at": "2026-03-02T12:00:00.250Z", "status": "read"}
TREE = {"from": None, "leaves": [LEAF], "balance": {"USD": Decimal("0.05")}, "ms": 3, "id": 7}


def test_an_object_becomes_a_value_by_the_types_of_its_fields() -> None:
    at = datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC)

    assert read(Tree, TREE) == Tree(None, (Leaf(at, Status.READ),), {"USD": Decimal("0.05")}, 3.0, 7)


def test_what_a_newer_server_adds_is_left_aside() -> None:
    assert read(Tree, {**TREE, "colour": "green"}) == read(Tree, TREE)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([], "/: [] is not an object"),
        ({key: TREE[key] for key in TREE if key != "from"}, "/from is missing"),
        ({**TREE, "from": 3}, "/from: 3 is not a string"),
        ({**TREE, "leaves": {}}, "/leaves: {} is not an array"),
        ({**TREE, "leaves": [LEAF, {**LEAF, "at": "noon"}]}, "/leaves/1/at: 'noon' is not a time"),
        ({**TREE, "balance": [1]}, "/balance: [1] is not an object"),
        ({**TREE, "balance": {"USD": "much"}}, "/balance/USD: 'much' is not a decimal number"),
        ({**TREE, "ms": True}, "/ms: True is not a number"),
        ({**TREE, "id": None}, "/id: None is not an integer"),
        ({**TREE, "note": "x" * 70 and 70 * [1]}, "/note: [" + "1, " * 19 + "1,… is not a string"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(value: object, problem: str) -> None:
    with pytest.raises(UnexpectedResponseError) as refused:
        read(Tree, value)

    assert str(refused.value) == problem


def test_an_unknown_word_is_told_with_those_that_are_known() -> None:
    with pytest.raises(UnexpectedResponseError) as refused:
        read(Leaf, {**LEAF, "status": "lost"})

    assert str(refused.value) == (
        "/status: 'lost' is not one of scheduled, queued, sent, delivered, undelivered, failed, expired, rejected, "
        "read, received"
    )


def test_a_list_and_an_object_of_things_are_read_one_by_one() -> None:
    leaf = read(Leaf, LEAF)

    assert (read_all(Leaf, (LEAF, LEAF)), read_named(Leaf, {"a": LEAF})) == ((leaf, leaf), {"a": leaf})
