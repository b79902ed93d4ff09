"""Masks credentials in replies of the control API: the first two characters remain, then `…`."""

import re
from collections.abc import Mapping
from urllib.parse import quote, quote_plus

from sandbox.specs.body_parsing import UnreadableError, pairs

VISIBLE_LENGTH = 2  # characters
STAND_IN = re.compile(rf".{{0,{VISIBLE_LENGTH}}}…\d+", re.DOTALL)  # what a saved state has in place of a credential
PREFIX_END = re.compile(r"[\s:=]$")  # of what comes before a key in a header, such as `App `
SECRET = frozenset(
    {
        "access_token",
        "api-key",
        "api_key",
        "apikey",
        "authorization",
        "cookie",
        "key",
        "password",
        "proxy-authorization",
        "token",
        "x-api-key",
    },
)


def mask(secret: str) -> str:
    """Return a credential as it may be shown; one that a saved state has masked stays as it is, with its number."""
    return secret if "…" in secret and STAND_IN.fullmatch(secret) else shorten(secret)


def shorten(secret: str) -> str:
    """Return the first characters of a credential and `…`."""
    return secret[:VISIBLE_LENGTH] + "…"


def masked_value(name: str, value: str, key: str | None) -> str:
    """Return a header's or parameter's value, masked if it is a credential by its name, or the key with any prefix."""
    is_key = key and (value == key or (value.endswith(key) and PREFIX_END.search(value[: -len(key)])))
    return mask(value) if name.lower() in SECRET or is_key else value


def masked_headers(headers: Mapping[str, str], key: str | None) -> dict[str, str]:
    """Return headers with their credentials masked."""
    return {name: masked_value(name, value, key) for name, value in headers.items()}


def masked_text(text: str, key: str | None) -> str:
    """Return a path with the key in it masked, however it is encoded."""
    for form in {key, quote(key, safe=""), quote_plus(key)} if key else ():
        text = text.replace(form, mask(form))
    return text


def masked_query(text: str, key: str | None) -> dict[str, str | list[str]]:
    """Return the values of a query string by name, with credentials masked; a repeated name has a list."""
    found: dict[str, str | list[str]] = {}
    try:
        fields = pairs(text)
    except UnreadableError:
        return {"": masked_text(text, key)}
    for name, raw in fields:
        value = masked_value(name, raw, key)
        held = found.get(name)
        found[name] = value if held is None else [*held, value] if isinstance(held, list) else [held, value]
    return found


def masked_url(url: str) -> str:
    """Return a URL with the credentials in its query masked; the URL may be malformed."""
    head, mark, query = url.partition("?")
    fields = (field.partition("=") for field in query.split("&"))
    return head + mark + "&".join(name + equals + _masked_field(name, value) for name, equals, value in fields)


def _masked_field(name: str, value: str) -> str:
    return mask(value) if value and name.lower() in SECRET else value
