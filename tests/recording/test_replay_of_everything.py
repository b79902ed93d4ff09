"""Every request of every provider is sent again as it was, or not at all if it has a stand-in for a recipient."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from sandbox.core.effects import FIRST_ERROR_STATUS
from sandbox.providers.registry import Registry
from sandbox.recording.limits import Limits
from sandbox.recording.masking import Masker
from sandbox.recording.recorder import Recorder, Route
from sandbox.recording.replay import Replayer
from sandbox.recording.session import RecordedExchange, SessionHeader, SessionWriter
from sandbox.recording.session_reader import read_session
from sandbox.recording.upstream import RawHeaders, Upstream, UpstreamReply
from tests.builders import NOON, packs
from tests.drift.sessions import SALT, RealProvider, examples, generated, record
from tests.drift.test_unchanged import ask_step
from tests.providers.yaml.providers import NAMES, cases, six

WAIT = timedelta(seconds=10)
KEYS = {name: {"": "the-real-key", "x-account-id": "acc-1", "x-user-id": "u1"} for name in packs()}


class LaterProvider(RealProvider):
    """The provider at another time: it has other ids, and time passes after each request."""

    async def send(self, method: str, target: str, headers: RawHeaders, body: bytes) -> UpstreamReply:
        reply = await super().send(method, target, headers, body)
        self.pass_time(WAIT)
        return reply


def replay(
    session: Path, base: Registry, credentials: Mapping[str, Mapping[str, str]]
) -> tuple[LaterProvider, list[RecordedExchange], list[RecordedExchange]]:
    """Replay a session; return the provider, the exchanges of the session, and the new ones."""
    provider = LaterProvider(base, seed=99)
    path = session.with_name("again.jsonl")

    async def run() -> None:
        masker = Masker(base, SALT, keep_content=True)
        with SessionWriter(path, SessionHeader(NOON, "0", "replay", {}, masker.masked)) as writer:
            routes = {name: Route(cast("Upstream", provider)) for name in base}
            recorder = Recorder(base, routes, masker=masker, limits=Limits(), writer=writer, log=lambda _: None)
            first = read_session(session)
            replayer = Replayer(base, recorder, first.header.masked, credentials=credentials, numbers={}, senders={})
            await replayer.run(first.entries)

    asyncio.run(run())
    before, after = (
        [each for each in read_session(each).entries if isinstance(each, RecordedExchange)] for each in (session, path)
    )
    return provider, before, after


def sent_again(session: Path, base: Registry, credentials: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Replay a session and return what was accepted before, and is not sent or not accepted now."""
    _, before, after = replay(session, base, credentials)
    return [
        f"{one.operation} {one.request}: {other.refused or other.reply}"
        for one, other in zip(before, after, strict=True)
        if one.reply is not None and one.reply.status < FIRST_ERROR_STATUS
        if other.reply is None or other.reply.status != one.reply.status
    ]


def test_every_request_of_the_provider_documents_is_accepted_again(tmp_path: Path) -> None:
    assert sent_again(record(tmp_path / "s.jsonl", examples(), keep_content=True), packs(), KEYS) == []


@pytest.mark.parametrize("name", packs())
def test_every_accepted_form_of_every_operation_is_accepted_again(tmp_path: Path, name: str) -> None:
    assert sent_again(record(tmp_path / "s.jsonl", generated(name), keep_content=True), packs(), KEYS) == []


@pytest.mark.parametrize("name", NAMES)
def test_requests_of_a_provider_of_one_s_own_are_accepted_again(tmp_path: Path, name: str) -> None:
    asked = [lambda world, step=step: ask_step(step, world) for step in cases(name).steps if "call" in step]
    session = record(tmp_path / "s.jsonl", asked, base=six(), keep_content=True)

    assert sent_again(session, six(), {name: {"": "the-real-key", "password": "the-real-secret"}}) == []


@pytest.mark.parametrize("name", packs())
def test_no_form_of_any_operation_is_sent_to_a_stand_in(tmp_path: Path, name: str) -> None:
    provider, before, _ = replay(record(tmp_path / "s.jsonl", generated(name)), packs(), KEYS)

    assert len(before) > len(provider.world.requests) > 0
    assert list(provider.world.messages.values()) == []
