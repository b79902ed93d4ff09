"""Both clients against a server that runs."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from sandbox.client import (
    Advance,
    AdvanceItem,
    AsyncClient,
    Client,
    Event,
    NotFoundError,
    Otp,
    RefusedError,
    UnexpectedResponseError,
    UnreachableError,
)
from sandbox.client.behaviour_values import ScenarioCheck
from sandbox.client.overview_values import DurationBucket
from sandbox.client.values import PlannedStatus, StatusChange
from sandbox.core.account import Approval
from sandbox.core.callback import CallbackState
from sandbox.core.clock import ClockMode
from sandbox.core.message import Status
from sandbox.testing import SandboxClient, SandboxServer
from tests.builders import NOON
from tests.client.fixtures import NUMBER, send

READING: list[tuple[str, Callable[[Client], object], Callable[[AsyncClient], Awaitable[object]]]] = [
    ("index", lambda one: one.index(), lambda one: one.index()),
    ("health", lambda one: one.health(), lambda one: one.health()),
    ("providers", lambda one: one.providers(), lambda one: one.providers()),
    ("replicas", lambda one: one.replicas(), lambda one: one.replicas()),
    ("scenarios", lambda one: one.scenarios(), lambda one: one.scenarios()),
    ("messages", lambda one: one.messages(limit=1), lambda one: one.messages(limit=1)),
    ("message", lambda one: one.message(), lambda one: one.message()),
    ("otp", lambda one: one.otp(NUMBER), lambda one: one.otp(NUMBER)),
    ("requests", lambda one: one.requests(), lambda one: one.requests()),
    ("request", lambda one: one.request(), lambda one: one.request()),
    ("callbacks", lambda one: one.callbacks(), lambda one: one.callbacks()),
    ("callback", lambda one: one.callback(), lambda one: one.callback()),
    ("targets", lambda one: one.targets(), lambda one: one.targets()),
    ("scenario", lambda one: one.scenario(), lambda one: one.scenario()),
    ("clock", lambda one: one.clock(), lambda one: one.clock()),
    ("overview", lambda one: one.overview("1h"), lambda one: one.overview("1h")),
    ("accounts", lambda one: one.accounts(), lambda one: one.accounts()),
    ("openapi", lambda one: one.openapi(), lambda one: one.openapi()),
    ("scenario_schema", lambda one: one.scenario_schema(), lambda one: one.scenario_schema()),
    ("provider_document", lambda one: one.provider_document("ubill"), lambda one: one.provider_document("ubill")),
    ("provider_schema", lambda one: one.provider_schema(), lambda one: one.provider_schema()),
    ("verify", lambda one: one.verify(), lambda one: one.verify()),
]


@pytest.mark.parametrize(("blocking", "awaited"), [row[1:] for row in READING], ids=[row[0] for row in READING])
def test_both_clients_answer_alike(
    sandbox: SandboxClient,
    blocking: Callable[[Client], object],
    awaited: Callable[[AsyncClient], Awaitable[object]],
) -> None:
    send(sandbox)
    sandbox.advance("5m")

    async def wait() -> object:
        return await awaited(sandbox.aio)

    assert asyncio.run(wait()) == blocking(sandbox)


def test_a_message_has_its_history_and_what_is_planned(sandbox: SandboxClient) -> None:
    uuid = send(sandbox)
    sandbox.advance("1s")
    message = sandbox.message(uuid)

    assert (message.id, message.sender, message.to, message.text, message.code, message.status) == (
        uuid,
        "FACEBOOK",
        NUMBER,
        "Your code is 555345",
        "555345",
        Status.SENT,
    )
    assert (message.history, message.planned) == (
        (
            StatusChange(Status.QUEUED, "queued", NOON),
            StatusChange(Status.SENT, "sent", NOON + timedelta(milliseconds=200)),
        ),
        (PlannedStatus(Status.DELIVERED, NOON + timedelta(seconds=2, milliseconds=200)),),
    )


def test_a_list_goes_on_where_its_page_ends(sandbox: SandboxClient) -> None:
    sent = [send(sandbox) for _ in range(3)]
    first = sandbox.messages(limit=2)
    rest = sandbox.messages(limit=2, cursor=first.next)

    assert ([each.id for each in first], [each.id for each in rest], rest.next) == (sent[:0:-1], sent[:1], None)


def test_a_page_is_a_sequence(sandbox: SandboxClient) -> None:
    sent = [send(sandbox) for _ in range(2)]
    page = sandbox.messages()

    assert (len(page), page[0].id, [each.id for each in page[1:]]) == (2, sent[1], sent[:1])
    assert not sandbox.callbacks()


def test_messages_are_found_by_what_is_in_them(sandbox: SandboxClient) -> None:
    wanted = send(sandbox, text="Hello & welcome + 5%", sender="SHOP")
    send(sandbox, "38761930306")
    found = sandbox.messages(to="+387 61 930-305", sender="SHOP", text="& welcome + 5%", status="queued")

    assert [each.id for each in found] == [wanted]


def test_a_code_is_found_for_a_number(sandbox: SandboxClient) -> None:
    uuid = send(sandbox)

    assert sandbox.otp("+387 61 930 305") == Otp("555345", NUMBER, "betatel", uuid, NOON)


def test_a_code_that_does_not_come_is_not_found(sandbox: SandboxClient) -> None:
    with pytest.raises(NotFoundError) as refused:
        sandbox.otp(NUMBER, wait="10ms")

    assert str(refused.value) == f"/to: no message to '{NUMBER}' has a one-time code"


def test_a_callback_is_held_released_and_replayed(sandbox: SandboxClient) -> None:
    send(sandbox)
    sandbox.set_clock("frozen")
    sandbox.receiver.answer_with(503)
    sandbox.advance("1s")
    held = sandbox.hold(1)
    released = sandbox.release(1)
    sandbox.receiver.clear()
    fired = sandbox.fire(1)
    sandbox.advance("0s")
    replayed = sandbox.replay(1)
    sandbox.advance("0s")

    assert [each.state for each in (held, released, fired, replayed)] == [
        CallbackState.HELD,
        CallbackState.PENDING,
        CallbackState.SENDING,
        CallbackState.SENDING,
    ]
    assert [(each.status, each.replay) for each in sandbox.callback(1).attempts] == [
        (503, False),
        (200, False),
        (200, True),
    ]


def test_a_callback_that_ended_cannot_be_cancelled(sandbox: SandboxClient) -> None:
    send(sandbox)
    sandbox.advance("5m")

    with pytest.raises(RefusedError) as refused:
        sandbox.cancel(1)

    assert refused.value.status == 409


def test_targets_are_set_shown_and_taken_away(sandbox: SandboxClient) -> None:
    sandbox.set_targets({"ubill": "http://127.0.0.1:9/a"})
    sandbox.set_target("betatel", "http://127.0.0.1:9/b", key="secret")
    before = {provider: (each.url, each.key) for provider, each in sandbox.targets().items()}
    sandbox.delete_target("ubill")

    assert (before, sandbox.target("betatel").url, list(sandbox.targets())) == (
        {"betatel": ("http://127.0.0.1:9/b", "se…"), "ubill": ("http://127.0.0.1:9/a", None)},
        "http://127.0.0.1:9/b",
        ["betatel"],
    )


def test_the_clock_is_set_and_advanced(sandbox: SandboxClient) -> None:
    sandbox.advance(to=NOON + timedelta(hours=1))
    clock = sandbox.set_clock("frozen", start=NOON + timedelta(hours=2))

    assert (clock.mode, clock.now) == (ClockMode.FROZEN, NOON + timedelta(hours=2))


def test_an_advance_tells_what_happened(sandbox: SandboxClient) -> None:
    uuid = send(sandbox)
    done = sandbox.advance(until="idle")

    sent, delivered = NOON + timedelta(milliseconds=200), NOON + timedelta(seconds=2, milliseconds=200)
    accepted = CallbackState.DELIVERED
    assert done == Advance(
        NOON,
        delivered,
        count=4,
        items=(
            AdvanceItem(sent, "status", uuid, NUMBER, status=Status.SENT),
            AdvanceItem(sent, "callback", uuid, NUMBER, attempt=1, callback=1, state=accepted, http_status=200),
            AdvanceItem(delivered, "status", uuid, NUMBER, status=Status.DELIVERED),
            AdvanceItem(delivered, "callback", uuid, NUMBER, attempt=1, callback=2, state=accepted, http_status=200),
        ),
        truncated=False,
    )


def test_a_scenario_is_used_by_name_and_by_its_text(sandbox: SandboxClient) -> None:
    named = sandbox.use("instant").name
    written = sandbox.load_scenario("name: mine\nextends: [instant]\n").name
    given = sandbox.load_scenario({"name": "ours", "rules": []}).name

    assert (named, written, given, sandbox.scenario().name) == ("instant", "mine", "ours", "ours")


def test_every_mistake_of_a_scenario_is_told_with_its_place(sandbox: SandboxClient) -> None:
    with pytest.raises(RefusedError) as refused:
        sandbox.load_scenario("name: mine\nrules:\n- thn: {}\n")

    assert [(each.line, each.column, each.problem) for each in refused.value.mistakes] == [
        (3, 3, "scenario:3:3: a rule has no key 'thn'. Did you mean 'then'?"),
        (3, 3, "scenario:3:3: a rule needs the key then"),
    ]


def test_an_account_is_changed(sandbox: SandboxClient) -> None:
    key = sandbox.keys["ubill"]["key"]
    changed = sandbox.patch_account("ubill", key, balance=5, brands=[{"id": "7", "name": "SHOP"}])

    assert (changed.balance, [(each.id, each.name, each.state) for each in changed.brands]) == (
        {"sms": Decimal(5)},
        [("7", "SHOP", Approval.APPROVED)],
    )
    assert sandbox.account("ubill", key) == changed


def test_a_message_is_moved(sandbox: SandboxClient) -> None:
    uuid = send(sandbox)

    assert sandbox.move(uuid, "failed").status is Status.FAILED


def test_a_move_that_may_not_be_is_refused_in_words(sandbox: SandboxClient) -> None:
    uuid = send(sandbox)
    sandbox.move(uuid, "failed")

    with pytest.raises(RefusedError) as refused:
        sandbox.move(uuid, "queued")

    assert str(refused.value) == f"{uuid} is failed and cannot become queued, because that status is final"


def test_messages_are_forgotten(sandbox: SandboxClient) -> None:
    send(sandbox)
    sandbox.delete_messages()

    assert (len(sandbox.messages()), sandbox.advance("5m").count) == (0, 0)


def test_messages_that_match_are_forgotten(sandbox: SandboxClient) -> None:
    send(sandbox)
    kept = send(sandbox, text="Your code is 777777")
    sandbox.delete_messages(code="555345")

    assert (
        [message.id for message in sandbox.messages(code="777777")]
        == [message.id for message in sandbox.messages()]
        == [kept]
    )


def test_a_status_and_a_code_can_be_asked_for(sandbox: SandboxClient) -> None:
    send(sandbox)
    sandbox.advance("5m")

    assert (sandbox.verify(status="delivered", exactly=1).passed, sandbox.otp(NUMBER, code="555345").code) == (
        True,
        "555345",
    )


def test_an_attempt_tells_where_it_went(sandbox: SandboxClient) -> None:
    send(sandbox)
    sandbox.advance("5m")

    assert {attempt.url for each in sandbox.callbacks() for attempt in each.attempts} == {
        sandbox.receiver.url("betatel")
    }


def test_a_reset_empties_the_workspace(sandbox: SandboxClient) -> None:
    send(sandbox)
    fresh = sandbox.reset()

    assert (fresh.id, fresh.seed, len(sandbox.messages()), len(sandbox.requests())) == (sandbox.id, 7, 0, 0)


def test_a_workspace_is_made_seen_through_a_client_of_its_own_and_ended(sandbox: SandboxClient) -> None:
    made = sandbox.make_workspace(scenario="instant", clock="frozen", seed=5, ttl="1m")
    other = sandbox.workspace(made.id)
    shown = other.show_workspace(made.id)
    listed = made.id in {each.id for each in sandbox.workspaces(limit=1000)}
    sandbox.delete_workspace(made.id)

    with pytest.raises(NotFoundError) as refused:
        other.messages()

    assert (shown, listed, made.scenario, made.seed, made.ttl, set(made.keys)) == (
        made,
        True,
        "instant",
        5,
        60.0,
        {"betatel", "smsbuddy", "ubill"},
    )
    assert (refused.value.of_workspace, str(refused.value)) == (
        True,
        f"/workspace: no workspace is called '{made.id}'",
    )


def test_a_client_without_a_workspace_sees_default(sandbox: SandboxClient) -> None:
    send(sandbox)

    assert [
        repr(sandbox.workspace(None)),
        repr(sandbox.aio.workspace(None)),
        len(sandbox.workspace(None).messages()),
    ] == [
        f"Client('{sandbox.url}', workspace='default')",
        f"AsyncClient('{sandbox.url}', workspace='default')",
        0,
    ]


def test_the_figures_of_the_server_are_text(sandbox: SandboxClient) -> None:
    assert sandbox.metrics().startswith("# HELP ")


def message_of(events: Iterator[Event]) -> Event:
    return next(each for each in events if each.kind == "message")


def test_events_are_yielded_as_they_happen(sandbox: SandboxClient) -> None:
    sent = []
    with closing(sandbox.events()) as events, ThreadPoolExecutor(1) as threads:
        heard = threads.submit(message_of, events)
        while not heard.done():  # a stream begins with its reader, which nobody outside can see
            sent.append(send(sandbox))

    assert heard.result().data["id"] in sent


async def test_events_are_awaited_from_the_one_that_is_known(sandbox: SandboxClient) -> None:
    with closing(sandbox.events()) as events, ThreadPoolExecutor(1) as threads:
        known = threads.submit(message_of, events)
        while not known.done():
            await asyncio.to_thread(send, sandbox)
    uuid = await asyncio.to_thread(send, sandbox, "38761930399")
    async with aclosing(sandbox.aio.events(known.result().id)) as later:
        found = [each.data["id"] async for each in until(later, uuid)]

    assert (found[-1], known.result().data["id"] in found) == (uuid, False)


async def until(events: AsyncIterator[Event], uuid: str) -> AsyncIterator[Event]:
    """Yield the messages among events, up to the one that is waited for."""
    async for each in events:
        if each.kind == "message":
            yield each
            if each.data["id"] == uuid:
                return


@pytest.fixture
def unused_url() -> str:
    """Return a URL at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_nobody_at_the_url_is_told_with_what_to_do(unused_url: str) -> None:
    with pytest.raises(UnreachableError) as refused:
        Client(unused_url).health()

    assert str(refused.value) == (
        f"no sandbox answers at {unused_url}: Connection refused; run sms-sandbox serve, or set SANDBOX_URL"
    )


async def test_nobody_at_the_url_is_told_to_who_awaits_too(unused_url: str) -> None:
    with pytest.raises(UnreachableError) as refused:
        await AsyncClient(unused_url).health()

    assert str(refused.value) == (
        f"no sandbox answers at {unused_url}: Connection refused; run sms-sandbox serve, or set SANDBOX_URL"
    )


def test_a_host_that_cannot_be_one_is_told_as_well() -> None:
    with pytest.raises(UnreachableError) as refused:
        Client("http://a..b").health()

    assert str(refused.value) == "no sandbox answers at http://a..b: 'a..b' is not a valid host name"


def test_another_server_is_taken_for_a_stranger(sandbox: SandboxClient) -> None:
    url = sandbox.receiver.root

    with pytest.raises(UnexpectedResponseError) as refused:
        Client(url).health()

    assert str(refused.value) == (
        f"{url} answered GET {urlsplit(url).path}/_sandbox/health with 200 and a body that is not JSON;"
        " is it an sms-sandbox server?"
    )


def test_the_agenda_is_read_and_gone_through_step_by_step(sandbox: SandboxClient) -> None:
    uuid = send(sandbox)
    due = sandbox.agenda().items
    sandbox.advance(until="next")

    assert ([(each.message, each.to, each.status) for each in due], sandbox.message(uuid).status) == (
        [(uuid, NUMBER, Status.SENT)],
        Status.SENT,
    )


def test_a_scenario_is_checked_by_its_text_and_by_its_values(sandbox: SandboxClient) -> None:
    with pytest.raises(RefusedError) as refused:
        sandbox.check_scenario({"name": "x", "y": 1})

    assert (sandbox.check_scenario("name: mine\nextends: [default]\n"), len(refused.value.mistakes)) == (
        ScenarioCheck("mine"),
        1,
    )


def test_one_message_is_deleted(sandbox: SandboxClient) -> None:
    first, second = send(sandbox), send(sandbox)
    sandbox.delete_message(first)

    assert [each.id for each in sandbox.messages(callback_state=None, search="code")] == [second]


def test_a_workspace_is_renamed(server: SandboxServer) -> None:
    client = Client(server.url)
    made = client.make_workspace(name="mine")
    renamed = client.rename_workspace(made.id, "ours")
    unnamed = client.rename_workspace(made.id, None)
    client.delete_workspace(made.id)

    assert (made.name, renamed.name, unnamed.name) == ("mine", "ours", None)


def test_a_workspace_has_its_url_and_keys_as_environment_variables(sandbox: SandboxClient) -> None:
    client = Client(sandbox.url)
    made = client.make_workspace()
    keys = {"BETATEL_API_KEY": "x-api-key", "BETATEL_ACCOUNT_ID": "x-account-id", "BETATEL_USER_ID": "x-user-id"}
    expected = {
        **dict.fromkeys(("SANDBOX_URL", "BETATEL_URL", "UBILL_URL", "SMSBUDDY_URL"), client.url),
        **{name: made.keys["betatel"][field] for name, field in keys.items() if field in made.keys["betatel"]},
        "UBILL_KEY": made.keys["ubill"]["key"],
        "SMSBUDDY_KEY": made.keys["smsbuddy"]["key"],
        "SANDBOX_WORKSPACE": made.id,
    }

    assert [each.environ for each in (made, client.show_workspace(made.id), client.workspaces()[0])] == [expected] * 3


def test_the_overview_has_typed_numbers(sandbox: SandboxClient) -> None:
    sandbox.use("default")
    send(sandbox)
    sandbox.advance(until="idle")
    overview = sandbox.overview(window=timedelta(minutes=10))

    assert (overview.begin, overview.step, overview.sends[-1].statuses) == (
        NOON - timedelta(minutes=10),
        10.0,
        {"delivered": 1},
    )
    assert [(each.channel, each.count, each.p50, each.buckets) for each in overview.delivery] == [
        ("sms", 1, 2.2, (DurationBucket(3.0, 1),))
    ]
