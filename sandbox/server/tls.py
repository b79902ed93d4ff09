"""A local certificate authority, so that applications with a hard-coded `https://` URL of a provider run unchanged."""

import os
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from shlex import quote
from tempfile import mkstemp
from typing import TYPE_CHECKING

from sandbox.core.errors import SandboxError
from sandbox.engine.providers import ServedProviders

if TYPE_CHECKING:
    import trustme

CA_FILE, CA_KEY_FILE = "ca.pem", "ca-key.pem"
BEGIN = b"-----BEGIN CERTIFICATE-----"
DISTRUST = ("UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "CERTIFICATE_EXPIRED")  # alerts of clients
OWN_NAMES = ("localhost", "127.0.0.1", "::1")


class TlsError(SandboxError):
    """The authority's folder cannot be used."""


def serve_hosts(
    providers: ServedProviders, folder: Path, report: Callable[[str], None] | None = None
) -> ssl.SSLContext:
    """Return the TLS context for the host names of the providers, which gets those that an edit adds.

    The rest is as for `server_context`.
    """
    certified = {*providers.hosts}
    context = server_context(folder, certified, report)

    def add_hosts() -> None:
        if not providers.hosts <= certified:
            certified.update(providers.hosts)
            try:
                certify(context, folder, certified)
            except TlsError as error:
                if report is not None:
                    report(f"the new host names have no certificate: {error}")

    providers.on_change.append(add_hosts)
    return context


def server_context(folder: Path, hosts: Iterable[str], report: Callable[[str], None] | None = None) -> ssl.SSLContext:
    """Return a server's TLS context for some host names; the authority in `folder` is created on first use.

    `report` is told of each handshake that fails because a client does not trust it, or speaks plain HTTP.

    Raises:
        TlsError: the folder cannot be used, or has no valid authority, or a temporary file cannot be written.

    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if report is not None:
        context.sslobject_class = reporting(report)
    certify(context, folder, hosts)
    return context


def certify(context: ssl.SSLContext, folder: Path, hosts: Iterable[str]) -> None:
    """Give a context a certificate for some host names, for the connections from now on.

    Raises:
        TlsError: as for `server_context`.

    """
    try:
        authority = _authority(folder)
    except OSError as error:
        message = f"--tls-dir: {folder}: {error.strerror or error}; it must be a writable folder"
        raise TlsError(message) from None
    except ValueError as error:
        message = (
            f"--tls-dir: {folder}: {CA_FILE} and {CA_KEY_FILE} are not a certificate authority ({error}); delete both"
        )
        raise TlsError(message) from None
    try:
        authority.issue_cert(*OWN_NAMES, *sorted(hosts)).configure_cert(context)
    except OSError as error:  # OpenSSL reads the certificate from a temporary file
        message = f"--tls: cannot write a temporary file ({error.strerror or error}); set TMPDIR to a writable folder"
        raise TlsError(message) from None


def reporting(report: Callable[[str], None]) -> type[ssl.SSLObject]:
    """Return a class of TLS connections that reports failed handshakes, which the event loop drops silently."""

    class ReportingConnection(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                if (problem := handshake_failure(error.reason or "")) is not None:
                    report(problem)
                raise

    return ReportingConnection


def handshake_failure(reason: str) -> str | None:
    """Return the words about a handshake that failed for one of OpenSSL's reasons; None if no user can mend it."""
    if any(word in reason for word in DISTRUST):
        shown = reason.lower().replace("_", " ")
        return f"TLS: a client does not trust the certificate of this server ({shown}); see sms-sandbox trust"
    if reason == "HTTP_REQUEST":
        return "TLS: a client sent plain HTTP to the HTTPS port; use https:// or the other port"
    return None


def _authority(folder: Path) -> "trustme.CA":
    """Return the authority in a folder; create it if there is none.

    Servers may start at the same time, so the key's file also has the certificate: the first server that puts the file
    in place decides for all of them.
    """
    import trustme  # noqa: PLC0415 - it takes 100 ms to import, and only --tls needs it

    certificate, key = folder / CA_FILE, folder / CA_KEY_FILE
    folder.mkdir(parents=True, exist_ok=True)
    if not key.exists():
        made = trustme.CA(organization_name="sms-sandbox", organization_unit_name="for tests on this machine")
        pair = made.private_key_pem.bytes() + made.cert_pem.bytes()
        with _temporary_file(folder, pair, mode=0o600) as file, suppress(FileExistsError):
            _link(file, key)
    private = key.read_bytes()
    own = private[private.find(BEGIN) :] if BEGIN in private else b""
    public = certificate.read_bytes() if certificate.exists() else b""
    if own and public != own:
        with _temporary_file(folder, own, mode=0o644) as file:
            file.replace(certificate)
    return trustme.CA.from_pem(own or public, private)


def _link(file: Path, name: Path) -> None:
    """Give a file a second name; copy it where the file system has no hard links, as FAT and SMB.

    Raises:
        FileExistsError: there is a file of that name.

    """
    try:
        name.hardlink_to(file)
    except FileExistsError:
        raise
    except OSError:
        number = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "wb") as copy:
            copy.write(file.read_bytes())


@contextmanager
def _temporary_file(folder: Path, content: bytes, *, mode: int) -> Iterator[Path]:
    """Write a temporary file in a folder, which the block puts in place, so that no other process reads half of it."""
    number, name = mkstemp(dir=folder, prefix=".new-")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def trust_commands(certificate: Path) -> Mapping[str, str]:
    """Return the command that makes each kind of client trust the authority."""
    file = quote(str(certificate))
    return {
        "curl": f"curl --cacert {file} …",
        "Python requests": f"export REQUESTS_CA_BUNDLE={file}",
        "Python ssl, httpx, aiohttp": f"export SSL_CERT_FILE={file}",
        "Node": f"export NODE_EXTRA_CA_CERTS={file}",
        "PHP": f"php -d curl.cainfo={file} -d openssl.cafile={file} …",
        "Go (on Linux)": f"export SSL_CERT_FILE={file}",
        ".NET (on Linux)": f"export SSL_CERT_FILE={file}",
        "Java": (
            f"keytool -importcert -noprompt -alias sms-sandbox -file {file} -keystore ca.p12 -storepass sandbox"
            " && java -Djavax.net.ssl.trustStore=ca.p12 -Djavax.net.ssl.trustStorePassword=sandbox …"
        ),
        "Debian, Ubuntu, Alpine (as root)": (
            f"cp {file} /usr/local/share/ca-certificates/sms-sandbox.crt && update-ca-certificates"
        ),
        "Fedora, RHEL (as root)": (f"cp {file} /etc/pki/ca-trust/source/anchors/sms-sandbox.pem && update-ca-trust"),
        "macOS (also for Go, .NET, Safari and Chrome)": (
            f"sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {file}"
        ),
        "Windows (also for Go, .NET, Edge and Chrome)": f'certutil -user -addstore Root "{certificate}"',
    }
