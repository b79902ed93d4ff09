"""Delivery reports: which `dlr_url` is taken, and the GET that goes there (inferred, after the parent platform)."""

import re
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import quote, urlencode

from sandbox.core.callback import Origin, Outgoing, Target
from sandbox.core.message import Message, Status
from sandbox.formats.sms_segments import segment
from sandbox.providers.base import Report
from sandbox.providers.smsbuddy.parameters import UnfitError, given
from sandbox.providers.smsbuddy.times import written
from sandbox.specs.schema import show

LONGEST = 2000  # characters of a URL
PORTS = range(1, 65536)
RIGHT = f"http or https URL of at most {LONGEST} visible ASCII characters, without credentials (inferred)"
URL = re.compile(
    r"(?i:https?)://(?:(?P<host>[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?)|\[(?P<address>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:[/?#][!-\[\]-~]*)?",
)
PLACEHOLDER = re.compile(r"\{(id|mobile|status|units|custom|deliv_time|sent_time|submit_time)\}")
APPENDED = ("id", "mobile", "status", "units", "custom", "refid", "deliv_time")


def read_dlr_url(values: Mapping[str, object]) -> str:
    """Return where a send wants its reports, empty for nowhere of its own.

    Raises:
        UnfitError: it is no such URL.

    """
    url = given(values, "dlr_url")
    if url and not is_url(url):
        message = f"dlr_url: {show(url)} is no {RIGHT}"
        raise UnfitError(message)
    return url


def is_url(url: str) -> bool:
    """Whether reports can be sent to a URL; what its host resolves to is judged at each attempt."""
    match = URL.fullmatch(url)
    if match is None or len(url) > LONGEST or int(match["port"] or PORTS[0]) not in PORTS:
        return False
    try:
        if match["address"]:
            IPv6Address(match["address"])
        else:
            match["host"].encode().decode("idna")
    except (AddressValueError, UnicodeError):
        return False
    return True


def target(message: Message) -> Target | None:
    """Return the `dlr_url` of a message's send."""
    url = message.fact("dlr_url")
    return Target(url, origin=Origin.REQUEST) if url else None


def report(change: Report) -> Outgoing:
    """Write the report of a row: its URL's placeholders filled in, or else everything appended to the query."""
    url = change.target.url if change.target else ""
    facts = facts_of(change)
    if PLACEHOLDER.search(url):
        return Outgoing("GET", PLACEHOLDER.sub(lambda match: quote(facts[match[1]], safe=""), url), {})
    base, hash_mark, fragment = url.partition("#")
    joint = "&" if "?" in base else "?"
    query = urlencode({name: facts[name] for name in APPENDED}, quote_via=quote)
    return Outgoing("GET", f"{base}{joint}{query}{hash_mark}{fragment}", {})


def facts_of(change: Report) -> dict[str, str]:
    """Return what a report can tell of a row, by placeholder."""
    message, step, settings = change.message, change.step, change.settings
    sent = next((each.at for each in message.history if each.status is Status.SENT), None)
    return {
        "id": message.id,
        "mobile": message.recipient,
        "status": step.word,
        "units": str(segment(message.text).count),
        "custom": message.fact("custom"),
        "refid": message.fact("refid"),
        "deliv_time": written(step.at, settings),
        "sent_time": written(sent, settings) if sent else "",
        "submit_time": written(message.accepted_at, settings),
    }
