"""Invented names, addresses and texts: Faker, seeded, and imported only where somebody asks for it."""

from functools import lru_cache
from typing import TYPE_CHECKING

from sandbox.core.seeded_random import fake_data_seed

if TYPE_CHECKING:
    from faker import Faker


def seeded(seed: int, number: int, locale: str | None = None) -> "Faker":
    """Return the samples of subject `number`: asked in the same order, they are the same for the same seed.

    They are one generator for each locale that is seeded anew, so those of an earlier subject are over.
    """
    faker = _faker(locale)
    faker.seed_instance(fake_data_seed(seed, number))
    return faker


@lru_cache(maxsize=8)
def _faker(locale: str | None) -> "Faker":
    from faker import Faker  # noqa: PLC0415 - 100 ms and 20 MB that only those pay who use samples

    return Faker(locale)
