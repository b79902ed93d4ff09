"""Whatever is done, a sandbox that is stopped and killed in between answers like one in memory that is not."""

import asyncio
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.core import seeded_random
from sandbox.core import world as core
from tests.postgres import PostgresServer
from tests.servers import Receiver, make_sandbox
from tests.store.operations import FAILING, STOPS, Answer, Operation, Player, operations
from tests.store.restarts import Database, File, Place, Restarts

TOKEN_DIGITS = "abcdefghij"
KEPT = 8  # messages and requests, where there is little room


class Run(NamedTuple):
    """What a run of operations was answered, one by one, and what the lists told at each stop and at the end."""

    answers: list[tuple[Operation, Answer]]
    lists: list[dict[str, Answer]]


async def answer_by_number(request: web.Request) -> web.StreamResponse:
    """Answer 503 to the callbacks of one recipient, 200 to all others."""
    fails = FAILING in request.path_qs + await request.text()
    return web.Response(status=503 if fails else 200, text="busy" if fails else "OK")


def number_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next sandbox have the same workspaces and keys as the one before: tokens that count up."""
    numbers = count()

    def make_token(length: int) -> str:
        digits = f"{next(numbers):0{length}}"
        return "".join(TOKEN_DIGITS[int(digit)] for digit in digits)

    monkeypatch.setattr(seeded_random, "make_token", make_token)


async def play_in_memory(drawn: Sequence[Operation], receiver: Receiver) -> Run:
    """Carry operations out on a sandbox in memory, which is never stopped."""
    run = Run([], [])
    sandbox = await make_sandbox()
    player = Player(sandbox, receiver=receiver.url())
    try:
        for operation in drawn:
            if operation[0] in STOPS:
                run.lists.append(await player.lists())
            else:
                run.answers.append((operation, await player.play(operation)))
        run.lists.append(await player.lists())
    finally:
        await sandbox.client.close()
    return run


async def play_with_stops(drawn: Sequence[Operation], receiver: Receiver, place: Place) -> Run:
    """Carry operations out on sandboxes with one store, each started where the one before was stopped or killed."""
    run = Run([], [])
    restarts = Restarts(place)
    player = Player(await restarts.start(), receiver=receiver.url())
    try:
        for operation in (*drawn, ("kill",)):
            if operation[0] in STOPS:
                player.sandbox = await getattr(restarts, operation[0])()
                run.lists.append(await player.lists())
            else:
                run.answers.append((operation, await player.play(operation)))
    finally:
        await restarts.stop()
    return run


async def play_both(drawn: Sequence[Operation], place: Place, monkeypatch: pytest.MonkeyPatch) -> tuple[Run, Run]:
    """Return what the same operations were answered with stops and without."""
    receiver = Receiver()
    receiver.otherwise = answer_by_number
    await receiver.start()
    try:
        number_tokens(monkeypatch)
        unbroken = await play_in_memory(drawn, receiver)
        number_tokens(monkeypatch)
        return await play_with_stops(drawn, receiver, place), unbroken
    finally:
        await receiver.stop()


@settings(max_examples=settings().max_examples // 8)  # an example starts several sandboxes
@given(st.lists(operations, min_size=15, max_size=40), st.booleans())
def test_a_sandbox_that_was_stopped_and_killed_answers_as_one_in_memory(drawn: list[Operation], crowded: bool) -> None:  # noqa: FBT001 - as it is drawn
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        if crowded:
            for name in ("MESSAGES_KEPT", "REQUESTS_KEPT", "RULE_COUNTS_KEPT"):
                monkeypatch.setattr(core, name, KEPT)
        stopped, unbroken = asyncio.run(play_both(drawn, File(Path(folder)), monkeypatch))

    assert stopped == unbroken


async def play_on_postgres(
    drawn: Sequence[Operation], server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> tuple[Run, Run]:
    """Return what the same operations were answered with stops, on an empty database, and without."""
    url = await server.take()
    try:
        return await play_both(drawn, Database(url), monkeypatch)
    finally:
        await server.give_back(url)


@settings(max_examples=settings().max_examples // 20)  # an example takes a second
@given(drawn=st.lists(operations, min_size=15, max_size=40))
def test_on_postgres_too(postgres_server: PostgresServer, drawn: list[Operation]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        stopped, unbroken = asyncio.run(play_on_postgres(drawn, postgres_server, monkeypatch))

    assert stopped == unbroken
