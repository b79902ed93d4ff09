"""URLs that callbacks can be sent to."""

import re
from ipaddress import AddressValueError, IPv6Address

LONGEST_URL = 2000  # characters of a URL
PORTS = range(1, 65536)
URL = re.compile(
    r"(?i:https?)://(?:(?P<host>[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?)|\[(?P<address>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:[/?#][!-\[\]-~]*)?",
)


def is_url(url: str) -> bool:
    """Return whether callbacks can be sent to a URL; its resolved address is checked at each attempt."""
    match = URL.fullmatch(url)
    if match is None or len(url) > LONGEST_URL or int(match["port"] or PORTS[0]) not in PORTS:
        return False
    try:
        if match["address"]:
            IPv6Address(match["address"])
        else:
            match["host"].encode().decode("idna")
    except (AddressValueError, UnicodeError):
        return False
    return True
