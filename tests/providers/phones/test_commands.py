"""The command `inbound` and the clients: a phone sends a text to a running server."""

import json
from collections.abc import Iterator

import pytest

from sandbox.client import AsyncClient, Client, RefusedError
from tests.commands import run, serving, url_of
from tests.providers.phones.serving import FOLDER, send
from tests.servers import Sandbox

GIVEN = ("inbound", "--provider", "acme", "--from", "+38761444555")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Return the URL of a server with the provider Acme."""
    with serving("--specs", str(FOLDER)) as (_, banner):
        yield url_of(banner)


def test_the_command_sends_a_text_and_shows_the_message(url: str) -> None:
    Client(url).patch_account("acme", "k1", senders=[{"id": "ACME"}])

    _, said = run(*GIVEN, "Yes, please", "--account", "k1", "--to", "SHOP", "--url", url)
    _, listed = run("messages", "--direction", "inbound", "--json", "--url", url)

    head, row = said.splitlines()
    assert (head.split(), row.split()[2:], [each["to"] for each in json.loads(listed)["items"]]) == (
        ["TIME", "ID", "OPERATION", "FROM", "TO", "STATUS", "TEXT"],
        ["acme.sms.inbound", "+38761444555", "SHOP", "received", "(MO)", "Yes,", "please"],
        ["SHOP"],
    )


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (
            ("inbound", "--provider", "betatel", "--from", "387", "a"),
            1,
            "--provider: betatel has no messages from phones",
        ),
        (("inbound", "--provider", "acme", "--from", "ACME", "a"), 2, "--from: 'ACME' is not the number of a phone"),
        ((*GIVEN, "a", "--channel", "sns"), 2, "--channel: no channel of acme that phones write to is called 'sns'"),
        (("inbound", "--from", "387", "a"), 2, "Missing option '--provider'"),
    ],
)
def test_a_refusal_names_the_option(url: str, words: tuple[str, ...], code: int, problem: str) -> None:
    ended, said = run(*words, "--url", url)

    assert (ended, said.partition(problem)[1]) == (code, problem)


async def test_both_clients_send_a_text(acme: Sandbox) -> None:
    await send(acme)
    client = AsyncClient(str(acme.client.make_url("/")))

    message = await client.inbound("acme", "+38761444555", "STOP")
    verdict = await client.verify(direction="inbound", text="stop")

    assert (message.direction, message.sender, message.to, message.opt, message.request, verdict.passed) == (
        "inbound",
        "+38761444555",
        "ACME",
        "stop",
        None,
        True,
    )


def test_the_blocking_client_raises_what_the_server_refuses(url: str) -> None:
    with pytest.raises(RefusedError, match="describe") as refused:
        Client(url).inbound("ubill", "387", "Yes")

    assert refused.value.status == 409


def test_verify_counts_texts_from_phones_if_it_is_told_to(url: str) -> None:
    Client(url).inbound("acme", "+38761000001", "Hello there", to="X", account="k1")

    asked = ("verify", "--text", "hello there", "--url", url)
    codes = [run(*asked, *more)[0] for more in ((), ("--direction", "inbound"))]

    assert codes == [1, 0]
