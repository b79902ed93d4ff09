"""HTTPS receivers whose TLS is not as it should be: each attempt ends in time, with a reason in words."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from aiohttp.test_utils import TestClient, TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.callbacks.egress import Egress, Policy
from sandbox.engine.engine import Engine
from sandbox.server.app import make_app
from tests.builders import packs
from tests.hostile.test_receivers import CLOSED, LATE, OK, start
from tests.servers import WHATSAPP, Sandbox, turn

DAY = timedelta(days=1)
TODAY = datetime.now(UTC)  # noqa: TID251 - certificates are judged by the machine's clock
DISTRUST = "cannot connect: its certificate is not trusted ({}); to trust it, name its CA in a file with --callback-ca"
CLOSED_EARLY = "cannot connect: the receiver closed the connection"

Authority = trustme.CA


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def good(authority: Authority) -> ssl.SSLContext:
    return context_of(authority.issue_cert("localhost"))


def expired(authority: Authority) -> ssl.SSLContext:
    return context_of(authority.issue_cert("localhost", not_before=TODAY - 3 * DAY, not_after=TODAY - DAY))


def too_early(authority: Authority) -> ssl.SSLContext:
    return context_of(authority.issue_cert("localhost", not_before=TODAY + DAY, not_after=TODAY + 3 * DAY))


def of_another_host(authority: Authority) -> ssl.SSLContext:
    return context_of(authority.issue_cert("app.test"))


def of_another_authority(_: Authority) -> ssl.SSLContext:
    return context_of(trustme.CA().issue_cert("localhost"))


def without_its_intermediate(authority: Authority) -> ssl.SSLContext:
    leaf = authority.create_child_ca().issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with trustme.Blob(leaf.private_key_pem.bytes() + leaf.cert_chain_pems[0].bytes()).tempfile() as file:
        context.load_cert_chain(file)
    return context


def self_signed(_: Authority) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), TODAY - DAY, TODAY + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with trustme.Blob(private + certificate.public_bytes(serialization.Encoding.PEM)).tempfile() as file:
        context.load_cert_chain(file)
    return context


def that_asks_for_ours(authority: Authority) -> ssl.SSLContext:
    context = good(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    return context


async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(4096):
        writer.write(OK)


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(4096)
    writer.close()


async def says_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    while await reader.read(4096):
        pass


async def begins_to_greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Write the beginning of a handshake and no more."""
    await reader.read(4096)
    writer.write(b"\x16\x03\x03\x00\x7a\x02")
    await says_nothing(reader, writer)


async def talks_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(4096)
    writer.write(b"\x16\x03\x03\x00\x04junk")


@dataclass(frozen=True)
class Kind:
    """What a receiver's TLS is, None for none; what it does; and the attempt that comes of it."""

    tls: Callable[[Authority], ssl.SSLContext] | None
    act: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
    outcome: tuple[int | None, str | None]


def distrusted(tls: Callable[[Authority], ssl.SSLContext], reason: str) -> Kind:
    return Kind(tls, answers, (None, DISTRUST.format(reason)))


KINDS = {
    "a good certificate": Kind(good, answers, (200, None)),
    "an expired certificate": distrusted(expired, "certificate has expired"),
    "a certificate of tomorrow": distrusted(too_early, "certificate is not yet valid"),
    "a certificate of another host": distrusted(
        of_another_host, "Hostname mismatch, certificate is not valid for 'localhost'."
    ),
    "a certificate of another authority": distrusted(of_another_authority, "unable to get local issuer certificate"),
    "a chain without its intermediate": distrusted(without_its_intermediate, "unable to get local issuer certificate"),
    "a self-signed certificate": distrusted(self_signed, "self-signed certificate"),
    "a wish for our certificate": Kind(that_asks_for_ours, answers, (None, CLOSED)),
    "no TLS at all": Kind(None, answers, (None, "cannot connect: TLS failed (WRONG_VERSION_NUMBER)")),
    "an end in the handshake": Kind(None, closes, (None, CLOSED_EARLY)),
    "an end after the handshake": Kind(good, closes, (None, CLOSED)),
    "no handshake": Kind(None, says_nothing, (None, LATE)),
    "half a handshake": Kind(None, begins_to_greet, (None, LATE)),
    "nonsense for a handshake": Kind(None, talks_nonsense, (None, "cannot connect: TLS failed (UNEXPECTED_MESSAGE)")),
    "a handshake and no answer": Kind(good, says_nothing, (None, LATE)),
}


@asynccontextmanager
async def listening(kind: Kind, authority: Authority) -> AsyncIterator[str]:
    """Run a receiver of a kind; give its URL."""
    made: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.append(writer)
        try:
            await kind.act(reader, writer)
        except OSError:
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=kind.tls(authority) if kind.tls else None)
    try:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/dlr"
    finally:
        server.close()
        for writer in made:
            writer.transport.abort()
        await server.wait_closed()
        await turn()


@asynccontextmanager
async def trusting(ca: Path, kind: Kind) -> AsyncIterator[Sandbox]:
    """Run a sandbox that judges receivers by an authority."""
    engine = Engine(packs(), egress=Egress(Policy(), ca=ca), start=start(kind.outcome[1]))
    client = TestClient(TestServer(make_app(engine)))
    await client.start_server()
    try:
        yield Sandbox(engine, client)
    finally:
        await client.close()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return trustme.CA()


@pytest.mark.parametrize("name", KINDS)
async def test_an_attempt_ends_in_time_and_says_what_is_wrong(authority: Authority, tmp_path: Path, name: str) -> None:
    kind = KINDS[name]
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with trusting(tmp_path / "ca.pem", kind) as sandbox, listening(kind, authority) as url:
        sandbox.set_target("betatel", url)
        await sandbox.send(WHATSAPP)
        await sandbox.advance()

        assert [(each.status, each.error) for each in sandbox.attempts] == [kind.outcome] * 2
