"""The credential of a request: where it stands, and the account whose key it is."""

from base64 import b64decode
from binascii import Error as BinasciiError
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain, product
from typing import Any, NamedTuple

from sandbox.specs.document import SpecNode
from sandbox.specs.spec import CredentialPart, find, pointers
from sandbox.specs.types import show
from sandbox.templates.text import HEADER_NAME

Values = Mapping[str, object]
Headers = Mapping[str, str]
Way = tuple[CredentialPart, ...]
KINDS = ("header", "query", "body", "path", "basic", "bearer", "any", "all")
KEYS = (*KINDS[:4], "any", "all", "prefix")
WORDS = ("basic", "bearer")
AUTHORIZATION = "authorization"
KEYS_KEPT = 256  # headers whose credential is remembered: one client sends the same again and again


class Found(NamedTuple):
    """What a request has: the key, None if it is missing, and the secret.

    `missing` says where a part is missing, `other` where a part names another account than the key.
    """

    key: str | None
    secret: str | None = None
    missing: str = ""
    other: str = ""


class Credential(NamedTuple):
    """Where a credential stands. `at` names that place, `ways` are the ways to send it, the usual one first.

    `right` says what would be right, by place.
    """

    read: Callable[[Values, Headers], Found]
    at: str
    ways: tuple[tuple[CredentialPart, ...], ...]
    right: Mapping[str, str] = {}
    has_secret: bool = False


def is_place(value: object) -> bool:
    """Return whether a value names a place, or several."""
    items = value if isinstance(value, list) else [value]
    return bool(items) and all(isinstance(each, str) and each for each in items)


def read_credential(node: SpecNode) -> Credential | None:
    """Return the credential that a document declares; None if it has mistakes."""
    value = node.value
    if value in ("basic", "bearer"):
        return _basic() if value == "basic" else _bearer()
    if not isinstance(value, Mapping):
        node.note(f"{show(value)} is not a credential; write one such as {{header: x-api-key}}, basic or bearer")
        return None
    node.only(KEYS, "credential")
    kinds = [kind for kind in KINDS if kind in value]
    if len(kinds) != 1:
        node.note(
            f"has {' and '.join(kinds) or 'no place'}; write one of {', '.join(KINDS)}; several go below any or all"
        )
        return None
    if "prefix" in value and kinds[0] != "header":
        node.note("only a header has a prefix", "prefix")
    return _read_kind(node, kinds[0])


def _read_kind(node: SpecNode, kind: str) -> Credential | None:
    if kind in ("any", "all"):
        listed = node.take(kind, "a list")
        items = listed.value if listed is not None else ()
        several = [read_credential(node.inside(kind, items).inside(place, each)) for place, each in enumerate(items)]
        found = [each for each in several if each is not None]
        if len(found) < len(several) or not found:
            if listed is not None and not several:
                listed.note("is empty; write the places of the credential")
            return None
        return _any(found) if kind == "any" else _all(found)
    place = node.value[kind]
    if not is_place(place) or isinstance(place, list):
        node.note(f"{show(place)} is not the name of a parameter", kind)
        return None
    if kind == "header":
        if not HEADER_NAME.fullmatch(place):
            node.note(f"invalid header name {show(place)}", kind)
        prefix = node.take("prefix", "a string")
        return _prefixed(place.lower(), prefix.value if prefix is not None else "")
    return _parameter(kind, place)


def describe_schemes(document: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what the document says about each place of a credential, with how well it is known."""
    found: dict[str, str] = {}
    for scheme in document.get("components", {}).get("securitySchemes", {}).values():
        credential = _from_scheme(scheme)
        if credential is not None and scheme.get("description"):
            found[credential.at] = f" ({scheme.get('x-word', 'inferred')}: {scheme['description']})"
    return found


def from_schemes(document: Mapping[str, Any]) -> Credential | None:
    """Return the credential that OpenAPI's security schemes declare: those of `security`, or else all."""
    schemes = document.get("components", {}).get("securitySchemes", {})
    asked = document.get("security")
    groups = [list(each) for each in asked if each] if isinstance(asked, list) else [[name] for name in schemes]
    found = []
    for group in groups:
        parts = [each for name in group if (each := _from_scheme(schemes.get(name, {}))) is not None]
        if parts:
            found.append(parts[0] if len(parts) == 1 else _all(parts))
    return None if not found else found[0] if len(found) == 1 else _any(found)


def _from_scheme(scheme: Mapping[str, Any]) -> Credential | None:
    match scheme.get("type"), scheme.get("in"), str(scheme.get("scheme", "")).lower():
        case "apiKey", "header", _:
            return _prefixed(str(scheme.get("name", "")).lower(), "")
        case "apiKey", "query", _:
            return _parameter("query", str(scheme.get("name", "")))
        case "http", _, "basic":
            return _basic()
        case ("http", _, "bearer") | ("oauth2", _, _) | ("openIdConnect", _, _):
            return _bearer()
    return None


def _bearer() -> Credential:
    return _prefixed(AUTHORIZATION, "Bearer ", field="token")


def _prefixed(name: str, prefix: str, *, field: str = "") -> Credential:
    """Return a credential in a header; behind a prefix, whose case does not count."""
    at, length, begin = f"header.{name}", len(prefix), prefix.lower()
    missing = Found(None, missing=at)

    @lru_cache(maxsize=KEYS_KEPT)
    def found(given: str) -> Found:
        if not given or (begin and given[:length].lower() != begin):
            return missing
        key = given[length:].strip()
        return Found(key) if key else missing

    part = CredentialPart("header", name, (field or name,), prefix)
    return Credential(lambda _, headers: found(headers.get(name, "")), at, ((part,),))


def _parameter(kind: str, place: str) -> Credential:
    """Return a credential in a parameter: of the path or the query, or a member of the body."""
    ((name, *steps),) = pointers(place)
    at = f"{kind}.{'.'.join((name, *steps))}"
    missing = Found(None, missing=at)

    def read(values: Values, _: Headers) -> Found:
        given = find(values, (name, *steps))
        return Found(given) if isinstance(given, str) and given else missing

    return Credential(read, at, ((CredentialPart(kind, place, ((name, *steps)[-1],)),),))


def _basic() -> Credential:
    """Return the credential of HTTP Basic: the user name is the key, the password the secret."""
    at = f"header.{AUTHORIZATION}"
    missing = Found(None, missing=at)

    @lru_cache(maxsize=KEYS_KEPT)
    def found(header: str) -> Found:
        kind, _space, given = header.partition(" ")
        if kind.lower() != "basic":
            return missing
        try:
            user, colon, password = b64decode(given.strip(), validate=True).decode().partition(":")
        except (BinasciiError, ValueError):
            return missing
        return Found(user, password or None) if user and colon else missing

    part = CredentialPart("header", AUTHORIZATION, ("username", "password"), "Basic ", is_base64=True)
    return Credential(lambda _, headers: found(headers.get(AUTHORIZATION, "")), at, ((part,),), has_secret=True)


def _any(several: list[Credential]) -> Credential:
    first = several[0]

    def read(values: Values, headers: Headers) -> Found:
        found = [each.read(values, headers) for each in several]
        return next((each for each in found if each.key is not None), found[0])

    ways = tuple(way for each in several for way in each.ways)
    return Credential(read, first.at, ways, has_secret=any(each.has_secret for each in several))


def _all(several: list[Credential]) -> Credential:

    def read(values: Values, headers: Headers) -> Found:
        key, *others = (each.read(values, headers) for each in several)
        lacking = next((each.missing for each in (key, *others) if each.key is None), "")
        secret, other = key.secret, ""
        for part, found in zip(several[1:], others, strict=True):
            if found.secret is not None or part.at.startswith("path."):  # it names the account again
                other = other or (part.at if found.key not in (None, key.key) else "")
                secret = secret or found.secret
            else:
                secret = secret or found.key
        return Found(key.key, secret, lacking, other)

    ways = tuple(tuple(chain.from_iterable(parts)) for parts in product(*(each.ways for each in several)))
    return Credential(read, several[0].at, ways, has_secret=True)


def repeat_key(ways: Iterable[Way]) -> tuple[Way, ...]:
    """Return the ways to send a credential with the key in each part that repeats it.

    The first part is the key; the password, or else the next part that is not in the path, is the secret. Any other
    part repeats the key, and so does a path that only another way names.
    """
    paths = {part.name: part for way in ways for part in way if part.place == "path"}
    return tuple(tuple(_with_key(way, paths.values())) for way in ways)


def _with_key(way: Way, paths: Iterable[CredentialPart]) -> Iterator[CredentialPart]:
    first, *others = way
    key, *password = first.fields
    yield first
    for part in others:
        is_secret = not password and part.place != "path"
        if is_secret:
            password = [part.fields[-1]]
        yield part if is_secret and len(part.fields) == 1 else part._replace(fields=(key, *part.fields[1:]))
    if all(part.place != "path" for part in way):
        yield from (part._replace(fields=(key,)) for part in paths)
