"""How the customers of the six providers check the signatures of callbacks, written as each provider's guide has it."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

Headers = Mapping[str, str]  # names in lower case
IsSigned = Callable[[str, str, Headers, str], bool]


def _pigeon(_method: str, _url: str, headers: Headers, body: str) -> bool:
    signed = f"{headers['x-pigeon-timestamp']}.{body}".encode()
    return headers["x-pigeon-signature"] == "v1=" + hmac.new(b"whsec", signed, hashlib.sha256).hexdigest()


def _tello(_method: str, url: str, headers: Headers, body: str) -> bool:
    fields = dict(parse_qsl(body, keep_blank_values=True))
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    digest = hmac.new(b"s3cret", signed.encode(), hashlib.sha1).digest()
    return base64.b64decode(headers["x-tello-signature"]) == digest


def _ximo(method: str, _url: str, headers: Headers, body: str) -> bool:
    return headers["x-ximo-digest"] == hmac.new(b"k1", f"{method}\n{body}".encode(), hashlib.sha512).hexdigest()


def _verka(_method: str, url: str, headers: Headers, _body: str) -> bool:
    digest = hmac.new(b"k1", url.encode(), hashlib.sha256).digest()
    return headers["x-verka-key"] == base64.b64encode(digest).decode()


def _unsigned(_method: str, _url: str, _headers: Headers, _body: str) -> bool:
    return True


IS_SIGNED: Mapping[str, IsSigned] = {
    "bulka": _unsigned,
    "kasa": _unsigned,
    "pigeon": _pigeon,
    "tello": _tello,
    "verka": _verka,
    "ximo": _ximo,
}
