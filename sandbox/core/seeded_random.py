"""Chance without state: a draw is a function of (seed, number of its subject, purpose).

So the order in which other things draw never changes what one of them gets.
"""

import random
import secrets
from collections.abc import Callable
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


class CountedRandom(random.Random):
    """A generator for libraries that ask for one: seeded for a single subject, and it reports each draw.

    It draws the same values as `random.Random` does.
    """

    report: Callable[[int], None]

    def random(self) -> float:
        """Return a number from 0 (included) to 1 (excluded)."""
        self.report(1)
        return super().random()

    def getrandbits(self, k: int, /) -> int:
        """Return a number of `k` bits; a thousand of them count as a draw."""
        self.report(1 + k // 1000)
        return super().getrandbits(k)


def counted_random(seed: int, report: Callable[[int], None]) -> CountedRandom:
    """Return a generator that calls `report` with the number of draws before it draws; what that raises ends them."""
    made = CountedRandom(seed)
    made.report = report
    return made
