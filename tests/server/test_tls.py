"""HTTPS by the local authority, and CONNECT to a provider's host."""

import errno
import http.client
import json
import os
import re
import socket
import ssl
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from threading import Barrier
from typing import NamedTuple

import pytest
import trustme

from sandbox.server.tls import TlsError, server_context, trust_commands
from tests.commands import PATIENCE, launched, run, serving


class Ports(NamedTuple):
    """A server's two ports, and the file of its authority."""

    plain: int
    tls: int
    ca: Path


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    folder = tmp_path_factory.mktemp("tls")
    with serving("--tls", "--tls-port", "0", "--tls-dir", str(folder)) as (_, banner):
        plain, tls = map(int, re.findall(r"127\.0\.0\.1:(\d+)", banner)[:2])
        yield Ports(plain, tls, folder / "ca.pem")


def balance(connection: http.client.HTTPConnection, url: str = "/v1/sms/balance?key=k1") -> object:
    with closing(connection):
        connection.request("GET", url)
        return json.loads(connection.getresponse().read())


FULL = {"statusID": 0, "message": "Success", "sms": "1000000"}


def test_https_answers_to_whoever_trusts_the_authority(ports: Ports) -> None:
    trust = ssl.create_default_context(cafile=ports.ca)
    connection = http.client.HTTPSConnection("127.0.0.1", ports.tls, context=trust, timeout=PATIENCE)

    assert balance(connection) == FULL


def test_a_client_that_does_not_trust_the_authority_is_told_so_and_logged(tmp_path: Path) -> None:
    with launched("--tls", "--tls-port", "0", "--tls-dir", str(tmp_path)) as process:
        assert process.stdout is not None
        url = re.findall(r"https://[\d.:]+", process.stdout.readline())[0]
        trusted = run("ready", "--url", url, SSL_CERT_FILE=str(tmp_path / "ca.pem"))
        refused = [run(command, "--url", url) for command in ("ready", "messages", "send")]
        plain = run("ready", "--url", url.replace("https", "http"))
        process.terminate()
        logged = process.communicate(timeout=PATIENCE)[1].splitlines()
    problem = f"the certificate of {url} is not trusted: unable to get local issuer certificate"
    advice = "set SSL_CERT_FILE to the server's ca.pem, whose path sms-sandbox trust prints"

    assert (trusted, refused) == (
        (0, f"ready at {url}\n"),
        [(code, f"sms-sandbox: {problem}; {advice}\n") for code in (1, 2, 2)],
    )
    distrusted = "TLS: a client does not trust the certificate of this server (tlsv1 alert unknown ca)"
    spoken = "TLS: a client sent plain HTTP to the HTTPS port; use https:// or the other port"

    assert (plain[0], {*logged}) == (1, {f"{distrusted}; see sms-sandbox trust", spoken})


def test_plain_http_is_told_from_tls(ports: Ports) -> None:
    url = f"https://127.0.0.1:{ports.plain}"
    said = [run(command, "--url", url) for command in ("ready", "messages")]

    assert [(code, text.partition(" (")[0]) for code, text in said] == [
        (code, f"sms-sandbox: {url} does not speak TLS") for code in (1, 2)
    ]


def test_connect_to_a_providers_host_leads_to_the_sandbox_under_that_name(ports: Ports) -> None:
    trust = ssl.create_default_context(cafile=ports.ca)
    connection = http.client.HTTPSConnection("127.0.0.1", ports.plain, context=trust, timeout=PATIENCE)
    connection.set_tunnel("api.ubill.dev", 443)

    assert balance(connection) == FULL


def test_a_machine_without_a_folder_for_temporary_files_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(TlsError) as raised:
        server_context(tmp_path, [])

    assert str(raised.value) == (
        "--tls: cannot write a temporary file (No such file or directory); set TMPDIR to a writable folder"
    )


def test_what_a_client_sends_before_its_connect_is_answered_is_passed_on(ports: Ports) -> None:
    came, gone = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context(cafile=ports.ca).wrap_bio(came, gone, server_hostname="api.ubill.dev")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = gone.read()
    with socket.create_connection(("127.0.0.1", ports.plain), PATIENCE) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(b"CONNECT api.ubill.dev:443 HTTP/1.1\r\n\r\n" + hello[:10])
        client.sendall(hello[10:])
        with client.makefile("rb") as stream:
            head = [stream.readline() for _ in range(2)]
            while tls.version() is None:
                came.write(stream.read1())
                with suppress(ssl.SSLWantReadError):
                    tls.do_handshake()

    assert (head, tls.version()) == ([b"HTTP/1.1 200 Connection established\r\n", b"\r\n"], "TLSv1.3")


def test_connect_to_any_other_host_is_refused_in_words(ports: Ports) -> None:
    with socket.create_connection(("127.0.0.1", ports.plain), PATIENCE) as client:
        client.sendall(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
        with client.makefile("rb") as stream:
            reply = stream.read().decode()
    hosts = "api.betatel.com, api.ubill.dev, thesmsbuddy.com"

    assert (
        json.loads(reply.partition("\r\n\r\n")[2])["detail"]
        == f"'example.com:443' is not a provider's host; CONNECT is allowed to {hosts} only"
    )


def test_a_plain_request_in_absolute_form_is_answered_as_the_providers(ports: Ports) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", ports.plain, timeout=PATIENCE)

    assert balance(connection, "http://api.ubill.dev/v1/sms/balance?key=k1") == FULL


def test_the_authority_is_kept_between_starts(ports: Ports) -> None:
    before = ports.ca.read_bytes()
    with serving("--tls", "--tls-port", "0", "--tls-dir", str(ports.ca.parent)):
        pass

    assert ports.ca.read_bytes() == before


def test_a_folder_without_an_authority_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    (tmp_path / "ca-key.pem").write_text("no key")
    code, text = run("serve", "--port", "0", "--tls", "--tls-port", "0", "--tls-dir", str(tmp_path))

    assert (code, text.count("\n"), text.partition(" are not ")[0]) == (
        2,
        1,
        f"sms-sandbox: --tls-dir: {tmp_path}: ca.pem and ca-key.pem",
    )


def handshake(server: ssl.SSLContext, trust: ssl.SSLContext) -> bool:
    """Whether a client that trusts an authority would speak to a server, without a network between them."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trust.wrap_bio(back, there, server_hostname="localhost")
    served = server.wrap_bio(there, back, server_side=True)
    for side in (client, served, client):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    return client.version() is not None


@pytest.mark.parametrize("left", [[], ["ca.pem"]])
def test_servers_that_start_at_the_same_time_have_one_authority(tmp_path: Path, left: list[str]) -> None:
    for name in left:  # of an authority whose key was removed
        (tmp_path / name).write_bytes(trustme.CA().cert_pem.bytes())
    start = Barrier(8)

    def make(_: int) -> ssl.SSLContext:
        start.wait(PATIENCE)
        return server_context(tmp_path, ["api.ubill.dev"])

    with ThreadPoolExecutor(8) as pool:
        contexts = [*pool.map(make, range(8))]
    trust = ssl.create_default_context(cafile=tmp_path / "ca.pem")

    assert [handshake(context, trust) for context in contexts] == [True] * 8
    assert {each.name: oct(each.stat().st_mode & 0o777) for each in tmp_path.iterdir()} == {
        "ca.pem": "0o644",
        "ca-key.pem": "0o600",
    }


def test_a_folder_that_cannot_have_hard_links_holds_an_authority_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(target))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    contexts = [server_context(tmp_path, []) for _ in range(2)]
    trust = ssl.create_default_context(cafile=tmp_path / "ca.pem")

    assert [handshake(context, trust) for context in contexts] == [True] * 2
    assert {each.name: oct(each.stat().st_mode & 0o777) for each in tmp_path.iterdir()} == {
        "ca.pem": "0o644",
        "ca-key.pem": "0o600",
    }


def test_a_certificate_that_was_removed_comes_back(tmp_path: Path) -> None:
    server_context(tmp_path, [])
    before = (tmp_path / "ca.pem").read_bytes()
    (tmp_path / "ca.pem").unlink()
    server_context(tmp_path, [])

    assert (tmp_path / "ca.pem").read_bytes() == before


def test_an_authority_of_ones_own_is_two_files(tmp_path: Path) -> None:
    own = trustme.CA()
    own.cert_pem.write_to_path(tmp_path / "ca.pem")
    own.private_key_pem.write_to_path(tmp_path / "ca-key.pem")
    context = server_context(tmp_path, [])

    assert handshake(context, ssl.create_default_context(cafile=tmp_path / "ca.pem"))
    assert (tmp_path / "ca.pem").read_bytes() == own.cert_pem.bytes()


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "tls"  # as root may write to every folder
    said = run("serve", "--port", "0", "--tls", "--tls-port", "0", "--tls-dir", str(folder))

    assert said == (2, f"sms-sandbox: --tls-dir: {folder}: Not a directory; it must be a writable folder\n")


def test_trust_tells_each_kind_of_client_how(ports: Ports) -> None:
    code, text = run("trust", "--tls-dir", str(ports.ca.parent))

    assert (code, text.splitlines()[:2]) == (0, ["curl:", f"  curl --cacert {ports.ca} …"])


@pytest.mark.parametrize("client", ["Node", "Java", ".NET", "macOS", "Windows", "Debian", "Fedora"])
def test_trust_knows_each_client_and_system_and_quotes_the_path(client: str) -> None:
    file = Path("/Library/Application Support/ca.pem")
    lines = [line for name, line in trust_commands(file).items() if name.startswith(client)]

    assert len(lines) == 1
    assert f"'{file}'" in lines[0] or f'"{file}"' in lines[0]


def test_trust_says_when_there_is_no_authority_yet(tmp_path: Path) -> None:
    said = run("trust", "--tls-dir", str(tmp_path))

    assert said == (2, f"sms-sandbox: {tmp_path / 'ca.pem'} does not exist; sms-sandbox serve --tls creates it\n")
