"""A recording sends on no more than it may: what is beyond is refused by the recorder itself."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from sandbox.core.errors import SandboxError
from sandbox.recording.limits import Limits, check_globs
from sandbox.recording.session import RecordedExchange
from tests.builders import packs
from tests.recording.recordings import raw_provider, recording

ONE = "/v1/sms/send?key=k1&brandID=1&numbers=995511194242&text=hello"
TWO = "/v1/sms/send?key=k1&brandID=1&numbers=995511194242,995511194241&text=hello"
EMPTY = "/v1/sms/send?key=k1"
BALANCE = "/v1/sms/balance?key=k1"


@pytest.mark.parametrize(
    ("limits", "paths", "statuses", "refused"),
    [
        (Limits(most=1), [BALANCE, BALANCE], [200, 503], ["", "max"]),
        (Limits(budget=2), [ONE, TWO, ONE, ONE, BALANCE], [200, 503, 200, 503, 200], ["", "budget", "", "budget", ""]),
        (Limits(budget=0), [EMPTY, BALANCE], [503, 200], ["budget", ""]),
        (Limits(only=("*.balance", "*.report")), [ONE, BALANCE], [503, 200], ["only", ""]),
    ],
    ids=["max", "budget", "no budget", "only"],
)
async def test_what_is_beyond_a_limit_is_kept_as_refused_and_never_sent(
    tmp_path: Path, limits: Limits, paths: list[str], statuses: list[int], refused: list[str]
) -> None:
    async with (
        raw_provider() as provider,
        recording(tmp_path / "s.jsonl", {"ubill": provider.url}, limits=limits) as recorder,
    ):
        replies = [await recorder.ask("GET", path) for path in paths]
        kept = [each for each in recorder.entries if isinstance(each, RecordedExchange)]

    assert [status for status, _, _ in replies] == statuses
    assert [each.refused for each in kept] == refused
    assert len(provider.requests) == statuses.count(200)
    reasons = [headers.get("X-Sandbox-Why", "") for _, headers, _ in replies]
    assert reasons == [quote(each.why, safe=" :,-*") for each in kept]


async def test_messages_are_counted_in_every_form_of_a_request(tmp_path: Path) -> None:
    rows = [{"to": "9812345678,9812345679"}, {"to": "9812345670"}]
    nodes = json.dumps({"root": {"key": "k1", "type": "1", "sender": "SMSBDY"}, "nodes": rows}).encode()
    form = b"key=k1&type=1&to=9812345678%2C9812345679&sender=SMSBDY&message=hi"
    async with (
        raw_provider() as provider,
        recording(tmp_path / "s.jsonl", {"smsbuddy": provider.url}) as recorder,
    ):
        await recorder.ask("POST", "/api/v1/sms/send/json", data=nodes, headers={"Content-Type": "application/json"})
        await recorder.ask(
            "POST", "/api/v1/sms/send", data=form, headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        kept = [each.messages for each in recorder.entries if isinstance(each, RecordedExchange)]

    assert kept == [3, 2]


def test_a_glob_that_matches_no_operation_is_a_mistake() -> None:
    with pytest.raises(
        SandboxError, match=r"no operation is called 'ubill\.sms\.snd'\. Did you mean 'ubill\.sms\.send'\?"
    ):
        check_globs(["ubill.sms.snd"], packs()["ubill"].spec.operations)
