"""The outbound door: which targets are URLs, and which addresses they may lead to."""

import asyncio
import socket
from datetime import timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.callbacks.egress import BadUrlError, Policy, host_queue_of, make_policy, parse_url, write_request
from sandbox.core.callback import Outgoing, TargetOrigin
from tests.servers import BETATEL_SMS, Receiver, Sandbox, says

SOON = timedelta(seconds=1)  # when `sent` has been reported and `delivered` not yet
CLOSED = make_policy(open_bind=False, allowed=(), target_hosts=())
OPEN = make_policy(open_bind=True, allowed=(), target_hosts=())
LOOPBACK = ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"]
PRIVATE = ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd12::1", "::ffff:10.0.0.1"]
PUBLIC = ["8.8.8.8", "172.32.0.1", "100.64.0.1", "2001:db8::1", "2606:4700::1111", "198.18.0.1", "2002:7f00:1::"]
NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "fe80::1",
    "fd00:ec2::254",
    "100.100.100.200",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "ff02::1",
]


def allowed(policy: Policy, origin: TargetOrigin, addresses: list[str], host: str = "h") -> list[str]:
    return [each for each in addresses if policy.allows(host, ip_address(each), origin)]


@pytest.mark.parametrize(
    ("policy", "origin", "expected"),
    [
        (CLOSED, TargetOrigin.REQUEST, LOOPBACK),
        (CLOSED, TargetOrigin.SETTINGS, [*LOOPBACK, *PRIVATE]),
        (OPEN, TargetOrigin.REQUEST, [*LOOPBACK, *PRIVATE]),
        (OPEN, TargetOrigin.SETTINGS, [*LOOPBACK, *PRIVATE]),
    ],
)
def test_a_target_of_a_request_leads_to_loopback_alone_unless_the_sandbox_is_open(
    policy: Policy,
    origin: TargetOrigin,
    expected: list[str],
) -> None:
    assert allowed(policy, origin, [*LOOPBACK, *PRIVATE, *PUBLIC, *NEVER]) == expected


@pytest.mark.parametrize("origin", TargetOrigin)
def test_a_network_that_is_allowed_opens_for_every_target_but_never_to_metadata(origin: TargetOrigin) -> None:
    everywhere = make_policy(open_bind=True, allowed=["0.0.0.0/0", "::/0"], target_hosts=())

    assert allowed(everywhere, origin, [*LOOPBACK, *PRIVATE, *PUBLIC, *NEVER]) == [*LOOPBACK, *PRIVATE, *PUBLIC]


@pytest.mark.parametrize("origin", TargetOrigin)
def test_one_address_can_be_allowed(origin: TargetOrigin) -> None:
    policy = make_policy(open_bind=False, allowed=["8.8.8.8", "2001:db8::1"], target_hosts=())

    assert allowed(policy, origin, PUBLIC) == ["8.8.8.8", "2001:db8::1"]


@pytest.mark.parametrize("origin", TargetOrigin)
def test_a_host_that_is_allowed_opens_for_every_target(origin: TargetOrigin) -> None:
    policy = make_policy(open_bind=False, allowed=["App.Example"], target_hosts=())

    assert (allowed(policy, origin, PUBLIC[:1], "app.example"), allowed(policy, origin, PUBLIC[:1], "other")) == (
        PUBLIC[:1],
        [],
    )


def test_the_host_of_a_configured_target_opens_for_configured_targets_alone() -> None:
    policy = make_policy(open_bind=False, allowed=(), target_hosts=["app.example"])

    assert [
        allowed(policy, origin, PUBLIC[:1], "app.example") for origin in (TargetOrigin.SETTINGS, TargetOrigin.REQUEST)
    ] == [
        PUBLIC[:1],
        [],
    ]


def test_a_host_that_is_allowed_still_never_leads_to_metadata() -> None:
    policy = make_policy(open_bind=True, allowed=["app.example"], target_hosts=["app.example"])

    assert allowed(policy, TargetOrigin.SETTINGS, NEVER, "app.example") == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it must begin with http:// or https:// and name a host"),
        ("ftp://a/", "it must begin with http:// or https:// and name a host"),
        ("//a/b", "it must begin with http:// or https:// and name a host"),
        ("http:///b", "it must begin with http:// or https:// and name a host"),
        ("javascript:alert(1)", "it must begin with http:// or https:// and name a host"),
        ("http://u@a/", "it must not contain credentials"),
        ("http://u:p@a/", "it must not contain credentials"),
        ("http://a b/", "'a b' is not a host"),
        ("http://a%20b/", "'a%20b' is not a host"),
        ("http://a<b/", "'a<b' is not a host"),
        ("http://a..b/", "'a..b' is not a host"),
        ("http://-/", "'-' is not a host"),
        ("http://.../", "'...' is not a host"),
        ("http://a:0/", "0 is not a port"),
        ("http://a:65536/", "Port out of range 0-65535"),
    ],
)
def test_a_text_that_is_no_target_is_refused_with_the_reason(text: str, problem: str) -> None:
    with pytest.raises(BadUrlError) as caught:
        parse_url(text)

    assert str(caught.value) == f"'{text}' is not a callback URL: {problem}"


@pytest.mark.parametrize(
    "text",
    [
        "http://a_b.example/",
        "http://münchen.example/",
        "http://[::1]:9/",
        "http://[fe80::1%25eth0]/",
        "http://10.0.0.1/",
    ],
)
def test_names_and_addresses_are_targets(text: str) -> None:
    assert str(parse_url(text).host) in text.replace("%25", "%")


def test_a_target_has_at_most_8192_characters() -> None:
    text = "http://a/" + "b" * 8192
    with pytest.raises(BadUrlError) as caught:
        parse_url(text)

    assert str(caught.value) == f"'{text[:200]}' is not a callback URL: it has 8201 characters, more than 8192"


@given(st.text(max_size=60) | st.text(max_size=30).map("http://{}".format))
def test_every_text_is_a_target_or_is_refused(text: str) -> None:
    try:
        url = parse_url(text)
    except BadUrlError:
        assert host_queue_of(text) == ""
    else:
        assert (url.scheme in {"http", "https"}, url.user, url.password) == (True, None, None)


@pytest.mark.parametrize(
    ("text", "host_queue"),
    [
        ("http://A.test/x?y=1", "http://a.test"),
        ("http://a.test:80/z", "http://a.test"),
        ("http://a.test:81/z", "http://a.test:81"),
        ("https://a.test/z", "https://a.test"),
        ("nowhere", ""),
    ],
)
def test_callbacks_to_one_scheme_host_and_port_share_a_lane(text: str, host_queue: str) -> None:
    assert host_queue_of(text) == host_queue


def refused(where: str) -> str:
    advice = f"to allow it, start with --allow-callback {where}"
    return f"{where} is not allowed: callbacks go to loopback and private networks; {advice}"


def never(where: str) -> str:
    return f"{where} is never allowed: it is a link-local, multicast, unspecified or metadata address"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://169.254.169.254/latest", never("169.254.169.254")),
        ("http://[::ffff:a9fe:a9fe]/", never(str(ip_address("::ffff:a9fe:a9fe")))),
        ("http://2852039166/", never("2852039166 (169.254.169.254)")),
        ("http://8.8.8.8/", refused("8.8.8.8")),
        ("http://0.0.0.0/", never("0.0.0.0")),
        ("http://[fe80::1]/", never("fe80::1")),
    ],
)
async def test_a_target_that_may_not_be_reached_is_an_attempt_with_the_reason(
    sandbox: Sandbox,
    url: str,
    problem: str,
) -> None:
    sandbox.set_target("betatel", url)
    await sandbox.send()
    await sandbox.advance(SOON)

    assert [(attempt.status, attempt.answer, attempt.error) for attempt in sandbox.attempts] == [(None, "", problem)]


async def test_a_host_that_cannot_be_resolved_is_an_attempt_with_the_reason(sandbox: Sandbox) -> None:
    name = "a" * 64  # longer than a label may be, so nobody is asked
    sandbox.set_target("betatel", f"http://{name}/dlr")
    await sandbox.send()
    await sandbox.advance(SOON)

    (attempt,) = sandbox.attempts
    assert (attempt.error or "").startswith(f"{name} cannot be resolved: ")


async def test_of_several_addresses_of_a_name_the_first_that_answers_is_called(
    sandbox: Sandbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(_: str, port: int, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    sandbox.set_target("betatel", receiver.url(host="app.test"))
    await sandbox.send()
    await sandbox.advance(SOON)

    assert [(call.path, call.headers["host"]) for call in receiver.calls] == [("/dlr", f"app.test:{receiver.port}")]


JSON = {"Content-Type": "application/json"}
SAID = b"User-Agent: sms-sandbox\r\nAccept: */*\r\n"


@pytest.mark.parametrize(
    ("outgoing", "written"),
    [
        (
            Outgoing("POST", "http://app.test:81/dlr?a=b", JSON, '{"to":"ა"}'),
            b"POST /dlr?a=b HTTP/1.1\r\nHost: app.test:81\r\n" + SAID + b"Content-Type: application/json\r\n"
            b'Content-Length: 12\r\n\r\n{"to":"\xe1\x83\x90"}',
        ),
        (
            Outgoing("GET", "http://app.test?a=1 2&b=ა#c", {}),
            b"GET /?a=1+2&b=%E1%83%90 HTTP/1.1\r\nHost: app.test\r\n" + SAID + b"\r\n",
        ),
        (
            Outgoing("POST", "https://[::1]/", {}),
            b"POST / HTTP/1.1\r\nHost: [::1]\r\n" + SAID + b"Content-Length: 0\r\n\r\n",
        ),
    ],
)
def test_a_callback_is_written_as_http(outgoing: Outgoing, written: bytes) -> None:
    assert write_request(outgoing, parse_url(outgoing.url)) == written


@pytest.mark.parametrize("value", ["a\nB: c", "a\r"])
def test_a_header_of_more_than_one_line_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"^a header of the callback has more than one line: 'X: a"):
        write_request(Outgoing("POST", "http://app.test/", {"X": value}), parse_url("http://app.test/"))


async def test_a_redirect_is_an_answer_and_is_not_followed(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.otherwise = says(302, Location=receiver.url("/elsewhere"))
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.advance(SOON)

    assert ([call.path for call in receiver.calls], [attempt.status for attempt in sandbox.attempts]) == (
        ["/dlr"],
        [302],
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
async def test_a_target_is_asked_under_the_name_it_was_given(sandbox: Sandbox, receiver: Receiver, host: str) -> None:
    sandbox.set_target("betatel", receiver.url(host=host))
    await sandbox.send()
    await sandbox.advance(SOON)

    shown = host if host[0] != "[" else f"[{ip_address('::ffff:127.0.0.1')}]"
    assert [call.headers["host"] for call in receiver.calls] == [f"{shown}:{receiver.port}"]


async def test_a_callback_says_who_sends_it(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.advance(SOON)

    assert [call.headers["user-agent"] for call in receiver.calls] == ["sms-sandbox"]


async def test_a_request_from_a_foreign_web_page_never_causes_a_call(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.set_target("betatel", receiver.url())
    foreign = await sandbox.send(BETATEL_SMS, Sec_Fetch_Site="cross-site")
    own = await sandbox.send(BETATEL_SMS, Sec_Fetch_Site="same-origin")
    await sandbox.advance(SOON)

    assert (foreign.status, own.status, len(receiver.calls), [each.state for each in sandbox.callbacks]) == (
        200,
        200,
        1,
        ["collected", "delivered"],
    )
