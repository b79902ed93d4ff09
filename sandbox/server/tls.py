"""A local certificate authority, so that an application with `https://api.betatel.com` hard-coded runs unchanged."""

import os
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sandbox.core.errors import SandboxError
from sandbox.providers.registry import Registry

if TYPE_CHECKING:
    import trustme

CA, CA_KEY = "ca.pem", "ca-key.pem"
BEGIN = b"-----BEGIN CERTIFICATE-----"
OWN_NAMES = ("localhost", "127.0.0.1", "::1")


class TlsError(SandboxError):
    """The authority's folder cannot be used."""


def provider_hosts(packs: Registry) -> frozenset[str]:
    """Return the host names that the providers' documents name."""
    urls = (server["url"] for pack in packs.values() for server in pack.spec.document.get("servers", ()))
    return frozenset(host for url in urls if (host := urlsplit(url).hostname))


def server_context(folder: Path, hosts: Iterable[str]) -> ssl.SSLContext:
    """Return a server's TLS context for some host names; the authority in `folder` is made on first use and kept.

    Raises:
        TlsError: the folder cannot be read or written, or holds no authority; or no temporary file can be written.

    """
    try:
        authority = _authority(folder)
    except OSError as error:
        message = f"--tls-dir: {folder}: {error.strerror or error}; it must be a writable folder"
        raise TlsError(message) from None
    except ValueError as error:
        message = f"--tls-dir: {folder}: {CA} and {CA_KEY} are not a certificate authority ({error}); delete both"
        raise TlsError(message) from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        authority.issue_cert(*OWN_NAMES, *sorted(hosts)).configure_cert(context)
    except OSError as error:  # OpenSSL reads the certificate from a temporary file
        message = f"--tls: cannot write a temporary file ({error.strerror or error}); set TMPDIR to a writable folder"
        raise TlsError(message) from None
    return context


def _authority(folder: Path) -> "trustme.CA":
    """Return the authority that a folder holds; make one where there is none.

    Servers may start at the same time, so the file of the key holds the certificate, too: the first that puts it in
    place decides for all of them.
    """
    import trustme  # noqa: PLC0415 - with cryptography behind it 100 ms that a start without TLS need not pay

    certificate, key = folder / CA, folder / CA_KEY
    folder.mkdir(parents=True, exist_ok=True)
    if not key.exists():
        made = trustme.CA(organization_name="sms-sandbox", organization_unit_name="for tests on this machine")
        pair = made.private_key_pem.bytes() + made.cert_pem.bytes()
        with _written(folder, pair, mode=0o600) as file, suppress(FileExistsError):
            _link(file, key)
    held = key.read_bytes()
    own = held[held.find(BEGIN) :] if BEGIN in held else b""
    shown = certificate.read_bytes() if certificate.exists() else b""
    if own and shown != own:
        with _written(folder, own, mode=0o644) as file:
            file.replace(certificate)
    return trustme.CA.from_pem(own or shown, held)


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
def _written(folder: Path, content: bytes, *, mode: int) -> Iterator[Path]:
    """Write a file under a name of its own in a folder, for the block to put in place: nobody sees half of it."""
    number, name = mkstemp(dir=folder, prefix=".new-")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def advice(certificate: Path) -> Mapping[str, str]:
    """Return, by client, how it is told to trust the authority."""
    return {
        "curl": f"curl --cacert {certificate} …",
        "Python requests": f"export REQUESTS_CA_BUNDLE={certificate}",
        "Python ssl, httpx, aiohttp": f"export SSL_CERT_FILE={certificate}",
        "Node": f"export NODE_EXTRA_CA_CERTS={certificate}",
        "PHP": f"php -d curl.cainfo={certificate} -d openssl.cafile={certificate} …",
        "Go": f"export SSL_CERT_FILE={certificate}",
        "Java": (
            f"keytool -importcert -noprompt -alias sms-sandbox -file {certificate} -keystore ca.p12 -storepass sandbox"
            " && java -Djavax.net.ssl.trustStore=ca.p12 -Djavax.net.ssl.trustStorePassword=sandbox …"
        ),
        "Debian": f"cp {certificate} /usr/local/share/ca-certificates/sms-sandbox.crt && update-ca-certificates",
    }
