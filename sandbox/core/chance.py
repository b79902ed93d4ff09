"""Chance without state: a draw is a function of (seed, number of its subject, purpose).

So the order in which other things draw never changes what one of them gets.
"""

import secrets
from hashlib import blake2b

SEED_BITS = 32
LETTERS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def fresh_seed() -> int:
    """Return a seed for a workspace that was given none; the one draw that no seed rules."""
    return secrets.randbits(SEED_BITS)


def fresh_token(length: int) -> str:
    """Return lower-case letters and digits that cannot be guessed, for workspace ids and minted keys."""
    return "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(length))


def draw_bytes(seed: int, number: int, purpose: str, size: int) -> bytes:
    """Return `size` bytes, at most 64."""
    return blake2b(b"%d/%d/%s" % (seed, number, purpose.encode()), digest_size=size).digest()


def draw_fraction(seed: int, number: int, purpose: str) -> float:
    """Return a number from 0 (included) to 1 (excluded)."""
    return int.from_bytes(draw_bytes(seed, number, purpose, 7), "big") / (1 << 56)


def draw_text(seed: int, number: int, purpose: str, *, length: int, alphabet: str = LETTERS_AND_DIGITS) -> str:
    """Return `length` characters of `alphabet`, each as likely as the next to within one in 2**60."""
    pool = int.from_bytes(draw_bytes(seed, number, purpose, 64), "big")
    text = ""
    for _ in range(length):
        pool, place = divmod(pool, len(alphabet))
        text += alphabet[place]
    return text
