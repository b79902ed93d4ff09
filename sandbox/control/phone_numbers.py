"""Whether two phone numbers are the same, at a provider that may write those of its own country shorter."""

from collections.abc import Callable, Mapping

from sandbox.formats.phone_numbers import normalize_number
from sandbox.providers.registry import Registry
from sandbox.specs.spec import NumberPlan

Homes = Mapping[str, NumberPlan]  # by provider
Same = Callable[[str, str], bool]


def homes_of(packs: Registry) -> Homes:
    """Return the home of each provider whose spec names one, under `x-sandbox.numbers`."""
    return {name: pack.spec.home for name, pack in packs.items() if pack.spec.home}


def forms(number: str, home: NumberPlan) -> frozenset[str]:
    """Return a number's digits with and without the country in front."""
    if len(number) == home.national:
        return frozenset({number, home.country + number})
    short = number.removeprefix(home.country)
    return frozenset({number, short}) if len(short) == home.national else frozenset({number})


def same_as(wanted: str, homes: Homes) -> Same:
    """Return whether a number, at a provider, is the one wanted."""
    number = normalize_number(wanted)
    anywhere = frozenset({number})
    at_home = {provider: forms(number, home) for provider, home in homes.items()}
    return lambda other, provider: normalize_number(other) in at_home.get(provider, anywhere)
