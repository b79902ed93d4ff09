"""Random values without state: a draw is a function of (seed, number of its subject, purpose).

The order of draws never changes their results. A draw becomes bytes, a fraction, a string, a ULID, or a duration.
"""

import random
import secrets
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from math import exp

SEED_BITS = 32
DECIMAL_DIGITS, HEX_DIGITS = "0123456789", "0123456789abcdef"
LETTERS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def make_seed() -> int:
    """Return a random seed, for a workspace that is not given one."""
    return secrets.randbits(SEED_BITS)


def make_token(length: int) -> str:
    """Return random lower-case letters and digits that cannot be guessed, for workspace ids and keys."""
    return "".join(["abcdefghijkmnpqrstuvwxyz23456789"[byte % 32] for byte in secrets.token_bytes(length)])


def draw_bytes(seed: int, number: int, purpose: str, size: int) -> bytes:
    """Return `size` bytes, at most 64."""
    return blake2b(b"%d/%d/%s" % (seed, number, purpose.encode()), digest_size=size).digest()


def draw_fraction(seed: int, number: int, purpose: str) -> float:
    """Return a number from 0 (included) to 1 (excluded)."""
    return int.from_bytes(draw_bytes(seed, number, purpose, 7), "big") / (1 << 56)


def fake_data_seed(seed: int, number: int) -> int:
    """Return the seed of a Faker generator for the subject `number`."""
    return int.from_bytes(draw_bytes(seed, number, "samples", 8), "big")


def draw_text(seed: int, number: int, purpose: str, *, length: int, alphabet: str = LETTERS_AND_DIGITS) -> str:
    """Return `length` characters of `alphabet`, uniformly distributed to within one in 2**60."""
    pool = int.from_bytes(draw_bytes(seed, number, purpose, 64), "big")
    table = _pairs(alphabet)
    text, size = "", len(table)
    for _ in range(0, length, len(table[0])):
        pool, place = divmod(pool, size)
        text += table[place]
    return text[:length]


@lru_cache(maxsize=8)
def _pairs(alphabet: str) -> Sequence[str]:
    """Return all pairs of characters, as drawing two at a time takes half the time; a long alphabet stays as it is."""
    is_long = len(alphabet) > len(LETTERS_AND_DIGITS)
    return alphabet if is_long else [first + second for second in alphabet for first in alphabet]


class CountedRandom(random.Random):
    """A generator for libraries that need one: it reports each draw before it is made.

    Its values are those of `random.Random` with the same seed.
    """

    report: Callable[[int], None]

    def random(self) -> float:
        """Return a number from 0 (included) to 1 (excluded)."""
        self.report(1)
        return super().random()

    def getrandbits(self, k: int, /) -> int:
        """Return a number of `k` bits; a thousand bits count as one draw."""
        self.report(1 + k // 1000)
        return super().getrandbits(k)


def make_counted_random(seed: int, report: Callable[[int], None]) -> CountedRandom:
    """Return a generator that calls `report` with a number of draws before it makes them; `report` may raise."""
    made = CountedRandom(seed)
    made.report = report
    return made


SMALLEST = 2.0**-57  # replaces 0, for which a normal distribution has no value


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same duration."""

    delay: timedelta

    def at(self, _: float) -> timedelta:
        """Return the duration for a draw from 0 to 1."""
        return self.delay


@dataclass(frozen=True, slots=True)
class Uniform:
    """Uniformly distributed between two durations."""

    low: timedelta
    high: timedelta

    def at(self, fraction: float) -> timedelta:
        """Return the duration for a draw from 0 to 1."""
        return self.low + (self.high - self.low) * fraction


@dataclass(frozen=True, slots=True)
class Normal:
    """Normally distributed; negative durations become 0."""

    mean: timedelta
    deviation: timedelta

    def at(self, fraction: float) -> timedelta:
        """Return the duration for a draw from 0 to 1."""
        return max(timedelta(0), self.mean + self.deviation * normal_deviate(fraction))


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Log-normally distributed: half lies below the median; the larger `sigma`, the longer the tail."""

    median: timedelta
    sigma: float

    def at(self, fraction: float) -> timedelta:
        """Return the duration for a draw from 0 to 1."""
        return self.median * exp(self.sigma * normal_deviate(fraction))


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Interpolated linearly between percentiles: `shares` percent of all durations lie below `delays`."""

    shares: tuple[float, ...]
    delays: tuple[timedelta, ...]

    def at(self, fraction: float) -> timedelta:
        """Return the duration for a draw from 0 to 1."""
        share = fraction * 100
        place = bisect_left(self.shares, share)
        if place == len(self.shares):
            return self.delays[-1]
        before = self.shares[place - 1] if place else 0.0
        low = self.delays[place - 1] if place else timedelta(0)
        width = self.shares[place] - before
        return low + (self.delays[place] - low) * ((share - before) / width if width else 1.0)


Distribution = Fixed | Uniform | Normal | Lognormal | Percentiles

AT_ONCE = Fixed(timedelta(0))


@lru_cache(maxsize=1024)
def normal_deviate(fraction: float) -> float:
    """Return the distance from the mean, in standard deviations, for a draw from 0 to 1."""
    from statistics import NormalDist  # noqa: PLC0415 - 10 ms that a start without bell curves need not pay

    return NormalDist().inv_cdf(max(fraction, SMALLEST))


ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]  # each encodes ten bits


def make_ulid(at: datetime, drawn: bytes) -> str:
    """Return the ULID of a time, to the millisecond, and ten random bytes (https://github.com/ulid/spec)."""
    number = int.from_bytes(drawn, "big")
    return (  # written out: a loop takes half as long again
        f"{_ulid_time(int(at.timestamp() * 1000))}"
        f"{PAIRS[number >> 70]}{PAIRS[number >> 60 & 1023]}{PAIRS[number >> 50 & 1023]}{PAIRS[number >> 40 & 1023]}"
        f"{PAIRS[number >> 30 & 1023]}{PAIRS[number >> 20 & 1023]}{PAIRS[number >> 10 & 1023]}{PAIRS[number & 1023]}"
    )


@lru_cache(maxsize=64)  # many messages are made in one millisecond
def _ulid_time(milliseconds: int) -> str:
    return "".join([PAIRS[milliseconds >> shift & 1023] for shift in range(40, -1, -10)])
