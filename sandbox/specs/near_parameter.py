"""Finds the name that was meant by one that is not known."""

import re
from collections.abc import Collection
from difflib import get_close_matches

LONGEST = 40  # characters of a name that is compared, and 60 of one that is shown
SHOWN = 60
ALIKE = 0.7  # of difflib's likeness
PLAIN = re.compile(r"[\w-]{1,60}", re.ASCII)
# Providers have other words for the same parameter; who comes from one writes its word to another.
SYNONYMS = (
    frozenset(
        {
            "to",
            "numbers",
            "number",
            "phone",
            "phonenumber",
            "mobile",
            "msisdn",
            "recipient",
            "recipients",
            "destination",
        }
    ),
    frozenset({"text", "message", "body", "content", "msg", "sms"}),
    frozenset({"from", "sender", "senderid", "brandid", "brand", "source", "originator"}),
    frozenset({"key", "apikey", "token", "accesskey"}),
    frozenset({"dlrurl", "callbackurl", "callback", "webhook", "statuscallback"}),
    frozenset({"sendtime", "time", "sendat", "scheduledat", "scheduletime"}),
    frozenset({"otp", "code", "pin"}),
)


def suggestion(name: str, known: Collection[str]) -> str:
    """Return the known name that is most likely meant by another, empty where none is."""
    bare = {_bare(each): each for each in sorted(known)}
    asked = _bare(name[: 2 * LONGEST])
    if not asked or len(asked) > LONGEST:
        return ""
    if asked in bare:
        return bare[asked]
    close = get_close_matches(asked, bare, n=1, cutoff=ALIKE)
    if close:
        return bare[close[0]]
    same = next((group for group in SYNONYMS if asked in group), frozenset[str]())
    return next((each for short, each in bare.items() if short in same), "")


def _bare(name: str) -> str:
    """Return a name without what parts its words, an index or a namespace."""
    return re.sub(r"^\{.*\}|\[.*\]$|[\W_]", "", name).casefold()


def member(name: str) -> str:
    """Return a name as a step of a place: `.to`, or `['odd name']`."""
    if PLAIN.fullmatch(name):
        return f".{name}"
    return f"[{name[:SHOWN]!r}]" if len(name) <= SHOWN else f"[{name[:SHOWN]!r}…]"
