"""A PostgreSQL database as a store: what it refuses, in words, and how the sandbox does without it for a while."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import unquote, urlsplit

import asyncpg
import pytest

from sandbox.core.callback import CallbackState
from sandbox.core.errors import StoreUseError
from sandbox.store.postgres import PostgresStore
from tests.control.calls import Control
from tests.proxy import Proxy
from tests.servers import BETATEL_SMS, LEASE, PATIENCE, UBILL_SMS, Receiver, Sandbox, make_sandbox, turn

SHORT_LEASE = timedelta(milliseconds=200)


async def refusal(url: str) -> str:
    """Return why a database cannot be the store."""
    store = PostgresStore(url, lease=LEASE)
    with pytest.raises(StoreUseError) as caught:
        await store.open()
    await store.close()
    return str(caught.value)


async def execute(url: str, *statements: str) -> None:
    """Execute statements."""
    db = await asyncpg.connect(url)
    for each in statements:
        await db.execute(each)
    await db.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://user:secret@127.0.0.1:1/db", "postgresql://127.0.0.1:1/db: the database cannot be reached"),
        ("postgresql://user:secret@nowhere.invalid/db", "postgresql://nowhere.invalid/db: the database cannot be"),
        ("postgresql://user:secret@127.0.0.1:port/db", "postgresql://127.0.0.1:port/db: "),
    ],
    ids=["nobody listens", "an unknown host", "no port"],
)
async def test_a_database_that_cannot_be_reached_is_named_without_its_password(url: str, words: str) -> None:
    refused = await refusal(url)

    assert (refused[: len(words)], "secret" in refused, "\n" in refused) == (words, False, False)


async def test_a_user_and_a_database_that_do_not_exist_are_named(postgres_url: str) -> None:
    nobody = await refusal(postgres_url.replace("postgres:@", "nobody@"))
    nothing = await refusal(urlsplit(postgres_url)._replace(path="/nothing").geturl())

    assert (nobody.partition(": ")[2], nothing.partition(": ")[2]) == (
        'role "nobody" does not exist',
        'database "nothing" does not exist',
    )


async def test_a_user_without_rights_is_refused_in_the_words_of_the_database(postgres_url: str) -> None:
    await execute(postgres_url, "DROP ROLE IF EXISTS guest", "CREATE ROLE guest LOGIN")
    guest = postgres_url.replace("postgres:@", "guest@")
    new = await refusal(guest)
    own = PostgresStore(postgres_url, lease=LEASE)
    await own.open()
    await own.close()
    there = await refusal(guest)
    await execute(postgres_url, "DROP ROLE guest")

    assert ("permission denied for database" in new, "permission denied for schema sms_sandbox" in there) == (
        True,
        True,
    )


async def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(postgres_url: str) -> None:
    store = PostgresStore(postgres_url, lease=LEASE)
    await store.open()
    await store.close()
    await execute(postgres_url, "UPDATE sms_sandbox.settings SET value = '99' WHERE name = 'version'")
    refused = await refusal(postgres_url)

    assert refused == f"{store.place} has a store of version 99; this sms-sandbox reads version 1"


async def test_servers_that_start_at_once_on_an_empty_database_share_it(postgres_url: str) -> None:
    stores = [PostgresStore(postgres_url, lease=LEASE) for _ in range(4)]
    await asyncio.gather(*(each.open() for each in stores))
    for each in stores:
        await each.heartbeat("http://127.0.0.1:1")
    owners = await asyncio.gather(*(each.acquire("default") for each in stores))
    tokens = {each.token for each in stores}
    for each in stores:
        await each.close()

    assert (sum(owners), len(tokens)) == (1, 1)


@pytest.fixture
async def proxy(postgres_url: str) -> AsyncIterator[Proxy]:
    """Return a proxy in front of a database without a store."""
    async with Proxy(postgres_url) as running:
        yield running


@pytest.fixture
async def log() -> list[str]:
    """Return the lines that the sandbox writes to its log."""
    return []


@pytest.fixture
async def distant(proxy: Proxy, log: list[str]) -> AsyncIterator[Sandbox]:
    """Return a sandbox that reaches its database through the proxy."""
    running = await make_sandbox(store=PostgresStore(proxy.url, lease=SHORT_LEASE), report=log.append)
    yield running
    proxy.restore()
    await running.client.close()


async def until(sandbox: Sandbox, *, answers: bool) -> None:
    """Wait until the store of a sandbox answers, or does not."""
    async with asyncio.timeout(PATIENCE):
        while (sandbox.engine.failure is None) is not answers:
            await turn()


@pytest.mark.parametrize("way", ["cut", "hang"])
async def test_a_database_that_is_away_is_a_503_in_words_and_the_sandbox_goes_on_when_it_is_back(
    distant: Sandbox, proxy: Proxy, way: str
) -> None:
    control = Control(distant)
    sent = await distant.send(UBILL_SMS)
    before = await control.get("/messages")
    getattr(proxy, way)()
    refused = await distant.send(UBILL_SMS)
    await until(distant, answers=False)
    health, listed = await control.call("GET", "/health"), await control.call("GET", "/messages")
    proxy.restore()
    await until(distant, answers=True)
    after = await control.get("/messages")
    again = await distant.send(UBILL_SMS)

    assert (sent.status, refused.status, listed.status, again.status) == (200, 503, 503, 200)
    assert unquote(refused.headers["X-Sandbox-Why"]).startswith("postgresql://127.0.0.1:")
    assert (health.status, health.value["store"]["kind"], health.value["store"]["answers"]) == (503, "postgres", False)
    # What was on its way when the network went may have arrived; nobody can know.
    assert after["items"][-1:] == before["items"]
    assert len(after["items"]) == 1 or way == "hang"


async def test_a_database_that_is_away_is_noticed_without_a_request_and_told_once(
    distant: Sandbox, proxy: Proxy, log: list[str]
) -> None:
    proxy.cut()
    await until(distant, answers=False)
    proxy.restore()
    await until(distant, answers=True)

    assert [line.partition(":")[0] for line in log if "lease was not" not in line and "replica-url" not in line] == [
        "the store has failed; requests get 503 until it answers again",
        "the store answers again; the sandbox goes on with what it has",
    ]


async def test_a_callback_is_not_sent_while_its_state_cannot_be_stored(
    distant: Sandbox, proxy: Proxy, receiver: Receiver
) -> None:
    distant.set_target("betatel", receiver.url())
    await distant.send(BETATEL_SMS)
    proxy.cut()
    refused = await Control(distant).call("POST", "/clock/advance", {"by": "1h"})
    early = len(receiver.calls)
    proxy.restore()
    await until(distant, answers=True)
    await distant.advance(timedelta(hours=1))

    assert (refused.status, early, {each.state for each in distant.callbacks}) == (503, 0, {CallbackState.DELIVERED})


async def test_every_connection_may_end_at_any_time(distant: Sandbox, postgres_url: str) -> None:
    answered = []
    for number in range(10):
        if number % 3 == 0:
            await execute(
                postgres_url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
        sent = await distant.send(BETATEL_SMS)
        if sent.status == 200:
            answered.append((await sent.json())["uuid"])
        await until(distant, answers=True)
    kept = [each["id"] for each in (await Control(distant).get("/messages", limit="200"))["items"]]

    assert ([each for each in answered if each not in kept], bool(answered)) == ([], True)


@pytest.mark.parametrize("call", [("POST", "/reset"), ("POST", "/clock/advance"), ("DELETE", "/messages")])
async def test_a_call_whose_workspace_was_taken_over_under_it_is_a_503_in_words_and_the_next_one_is_served(
    postgres_url: str, call: tuple[str, str]
) -> None:
    long = timedelta(minutes=1)  # no renewal notices the loss before the call
    sandbox = await make_sandbox(store=PostgresStore(postgres_url, lease=long))
    await Control(sandbox).get("/clock")  # is answered once the new workspace is stored: it is lost after that
    await execute(postgres_url, "UPDATE sms_sandbox.ownership SET epoch = epoch + 1")
    body = {"by": "1h"} if "advance" in call[1] else None
    lost = await Control(sandbox).call(*call, body)
    again = await sandbox.send(UBILL_SMS)
    await sandbox.client.close()

    assert (lost.status, lost.value["detail"]) == (503, "another replica has taken over the workspace default")
    assert again.status == 200
