"""Rows come back from each kind of store as they were written."""

from collections.abc import AsyncIterator

import pytest

from sandbox.core.errors import StoreError
from sandbox.store.base import DELETED, Kind, Row, Store
from sandbox.store.postgres import PostgresStore
from sandbox.store.workspace_codec import to_text
from tests.servers import NOBODY
from tests.store.restarts import Place
from tests.store.rows import changes, loaded, message


@pytest.fixture
async def store(place: Place) -> AsyncIterator[Store]:
    """Return an open store, whose default workspace may be written."""
    opened = place.store()
    await opened.open()
    if isinstance(opened, PostgresStore):
        await opened.heartbeat(NOBODY)
        await opened.acquire("default")
    yield opened
    await opened.close()


@pytest.mark.parametrize("count", [1, 3, 4, 21, 256, 1001])
async def test_any_number_of_rows_comes_back(store: Store, count: int) -> None:
    rows = [message(number) for number in range(1, count + 1)]
    await store.write([changes(*reversed(rows), size=count)])

    assert await loaded(store) == rows


async def test_a_later_value_replaces_an_earlier_one_and_keeps_when_it_was_created(store: Store) -> None:
    first, later = (Row(Kind.ACCOUNT, "[]", created=created, open=False, value="{}") for created in (1, 9))
    await store.write([changes(message(1, '{"a":1}'), first)])
    await store.write([changes(Row(Kind.MESSAGE, "1", created=9, open=True, value='{"a":2}'), later)])

    assert await loaded(store) == [first, Row(Kind.MESSAGE, "1", created=0, open=True, value='{"a":2}')]


async def test_rows_are_removed_one_by_one_by_kind_and_with_their_workspace(store: Store) -> None:
    account = Row(Kind.ACCOUNT, "[]", created=1, open=False, value="{}")
    await store.write([changes(*map(message, range(1, 50)), account), changes(account, workspace="w1", new=True)])
    await store.write([changes(removed=[(Kind.MESSAGE, str(number)) for number in range(1, 48)])])
    few = await loaded(store)
    await store.write([changes(cleared=frozenset({Kind.MESSAGE})), changes(workspace="w1", deleted=True)])

    assert (few, await loaded(store), await loaded(store, "w1")) == (
        [account, message(48), message(49)],
        [account],
        [DELETED],
    )


async def test_rows_of_a_kind_are_deleted_before_those_of_the_same_transaction_are_written(store: Store) -> None:
    await store.write([changes(message(1), message(2))])
    await store.write([changes(message(2), message(3), cleared=frozenset({Kind.MESSAGE}))])

    assert [row.key for row in await loaded(store)] == ["2", "3"]


async def test_one_transaction_removes_some_rows_and_writes_others(store: Store) -> None:
    await store.write([changes(message(1), message(2))])
    await store.write([changes(message(2, '{"a":2}'), message(3), removed=[(Kind.MESSAGE, "1")])])

    assert await loaded(store) == [message(2, '{"a":2}'), message(3)]


async def test_a_workspace_that_was_deleted_before_it_was_ever_stored_is_a_deleted_one(store: Store) -> None:
    await store.write([changes(workspace="w1", new=True, deleted=True)])

    assert (await store.deleted(), await store.workspaces()) == (["w1"], [])


async def test_workspaces_are_listed_as_they_were_created(store: Store) -> None:
    for number, name in enumerate(("default", "wb", "wa")):
        row = Row(Kind.WORKSPACE, "[]", created=0, open=False, value=f'{{"number":{number}}}')
        await store.write([changes(row, workspace=name, new=True)])

    assert await store.workspaces() == ["default", "wb", "wa"]


async def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    broken = Row(Kind.MESSAGE, None, created=1, open=False, value="{}")  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        await store.write([changes(message(1), broken)])

    assert await loaded(store) == []


@pytest.mark.parametrize("text", ["a\0b", "\ud83d", "\\u0000", "\\ud83d", "\U0001f600"])
async def test_any_text_comes_back(store: Store, text: str) -> None:
    value = Row(Kind.MESSAGE, "1", created=0, open=False, value=to_text({"json": text}))
    await store.write([changes(value)])

    assert await loaded(store) == [value]
