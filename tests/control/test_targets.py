import asyncio
import socket
from pathlib import Path

import pytest

from sandbox.core.errors import SandboxError
from sandbox.server.startup import Options, make_engine
from tests.control.calls import Control
from tests.servers import Sandbox

URL = "http://127.0.0.1:9000/dlr"


async def test_without_targets_there_are_none(control: Control) -> None:
    assert await control.get("/targets") == {}


async def test_a_target_is_set_shown_with_its_key_masked_and_deleted(sandbox: Sandbox, control: Control) -> None:
    put = await control.put("/targets/ubill", {"url": URL, "key": "secret"})
    got = await control.get("/targets/ubill")
    held = sandbox.world.targets["ubill"]
    await control.delete("/targets/ubill")

    assert (put, got, held.key, await control.get("/targets")) == ({"url": URL, "key": "se…"}, put, "secret", {})


async def test_all_targets_are_set_at_once(control: Control) -> None:
    await control.put("/targets/ubill", {"url": URL})
    put = await control.put("/targets", {"betatel": {"url": URL}, "smsbuddy": {"url": URL, "key": "secret"}})

    assert put == {"betatel": {"url": URL, "key": None}, "smsbuddy": {"url": URL, "key": "se…"}}


async def test_a_provider_without_a_target_is_404(control: Control) -> None:
    assert await control.refused("GET", "/targets/ubill") == (
        404,
        [("/provider", "ubill has no callback target; its callbacks are kept as collected")],
    )


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_an_unknown_provider_is_404_with_the_near_miss(control: Control, method: str) -> None:
    body = {"url": URL} if method == "PUT" else None

    assert await control.refused(method, "/targets/ubil", body) == (
        404,
        [("/provider", "no provider is called 'ubil'. Did you mean 'ubill'?")],
    )


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://127.0.0.1/x", "it must begin with http:// or https:// and name a host"),
        ("/dlr", "it must begin with http:// or https:// and name a host"),
        ("http://user:secret@127.0.0.1/", "it must not contain credentials"),
        ("javascript:alert(1)", "it must begin with http:// or https:// and name a host"),
    ],
)
async def test_what_is_no_address_for_callbacks_is_refused(control: Control, url: str, words: str) -> None:
    assert await control.refused("PUT", "/targets/ubill", {"url": url}) == (
        400,
        [("/url", f"'{url}' is not a callback URL: {words}")],
    )


PUBLIC = "8.8.8.8 is not allowed: callbacks go to loopback and private networks"
NEVER = "169.254.169.254 is never allowed: it is a link-local, multicast, unspecified or metadata address"
REFUSED = [
    ("http://8.8.8.8/dlr", f"{PUBLIC}; to allow it, start with --allow-callback 8.8.8.8"),
    ("http://169.254.169.254/latest", NEVER),
]


@pytest.mark.parametrize(("url", "problem"), REFUSED)
async def test_a_target_that_no_callback_can_reach_is_refused_when_it_is_set(
    sandbox: Sandbox, control: Control, url: str, problem: str
) -> None:
    one = await control.refused("PUT", "/targets/ubill", {"url": url})
    every = await control.refused("PUT", "/targets", {"betatel": {"url": URL}, "ubill": {"url": url}})
    workspace = await control.refused("POST", "/workspaces", {"targets": {"ubill": {"url": url}}})

    assert [one, every, workspace, sandbox.world.targets] == [
        (400, [("/url", problem)]),
        (400, [("/ubill/url", problem)]),
        (400, [("/targets/ubill/url", problem)]),
        {},
    ]


async def test_a_name_is_judged_by_its_addresses_if_it_has_any(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = {"public.test": ["8.8.8.8"], "both.test": ["8.8.8.8", "10.0.0.1"]}

    async def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        if host not in addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses[host]]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    put = [
        await control.call("PUT", "/targets/ubill", {"url": f"http://{host}/dlr"})
        for host in ("public.test", "both.test", "later.test")
    ]

    where = PUBLIC.replace("8.8.8.8", "public.test (8.8.8.8)")
    problem = f"{where}; to allow it, start with --allow-callback public.test"

    assert ([each.status for each in put], put[0].errors) == ([400, 200, 200], [("/url", problem)])


def test_a_scenario_whose_target_is_never_allowed_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text("targets: {ubill: 'http://169.254.169.254/latest'}", encoding="utf-8")
    with pytest.raises(SandboxError) as refused:
        make_engine(Options(scenario=str(file)))

    assert str(refused.value) == f"ours: targets.ubill: {NEVER}"


async def test_every_mistake_in_all_targets_comes_out_at_once(sandbox: Sandbox, control: Control) -> None:
    status, errors = await control.refused(
        "PUT", "/targets", {"betatl": {"url": URL}, "ubill": {"uri": URL}, "smsbuddy": 7}
    )

    assert (status, sorted(errors), sandbox.world.targets) == (
        400,
        [
            ("/betatl", "no provider is called 'betatl'. Did you mean 'betatel'?"),
            ("/smsbuddy", "7 is a number, not an object"),
            ("/ubill/uri", "unknown parameter 'uri'. Did you mean 'url'?"),
            ("/ubill/url", "url is missing"),
        ],
        {},
    )
