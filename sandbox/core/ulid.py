"""ULIDs: 48 bits of time and 80 that are drawn, in 26 characters of Crockford's base 32 that sort by time."""

from datetime import datetime

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]  # each stands for ten bits
SHIFTS = range(120, -1, -10)


def ulid(at: datetime, drawn: bytes) -> str:
    """Return the ULID of an instant, to the millisecond, and ten bytes (https://github.com/ulid/spec)."""
    number = int(at.timestamp() * 1000) << 80 | int.from_bytes(drawn, "big")
    return "".join([PAIRS[number >> shift & 1023] for shift in SHIFTS])
