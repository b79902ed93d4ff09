"""The traffic: each request is a function of the seed and its number, so that the same seed is the same traffic."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from sandbox.core.seeded_random import draw_fraction, draw_text
from sandbox.demo.forms import Form, Keys
from sandbox.demo.sample_requests import ANY, Wire
from sandbox.demo.samples import seeded
from sandbox.demo.texts import TEXTS, WRITES, Kind, locales

Choice = TypeVar("Choice")

CUSTOMERS = 60  # of each provider, so that some are written to again and again
TAIL = 6  # the last digits of a number: these tell customers apart, and a magic number's fate
FATES = ("01", "02", "03", "05", "07", "08", "09", "20")
REFUSALS = ("29", "40", "42", "50")
UNKNOWN = "invalid-key"
KINDS = (Kind.CODE, Kind.CODE, Kind.ORDER, Kind.ORDER, Kind.PAYMENT, Kind.PAYMENT, Kind.VISIT, Kind.RIDE)
TIMES = ("9:15", "10:30", "11:45", "14:00", "16:20")
# How many of a hundred requests go wrong, and how.
FATED, REFUSED, SHORT, STRANGE = 15, 4, 1, 1


class Customer(NamedTuple):
    """Somebody who is written to."""

    tail: str
    locale: str
    name: str
    street: str


class Traffic:
    """What is sent by which forms; `keys` are the credentials of each provider, where any will not do."""

    def __init__(self, forms: Sequence[Form], keys: Mapping[str, Keys], *, seed: int) -> None:
        self.providers: dict[str, dict[str, list[Form]]] = {}
        for form in forms:
            self.providers.setdefault(form.blank.provider, {}).setdefault(form.blank.operation.name, []).append(form)
        self.keys = keys
        self.seed = seed

    def request(self, number: int) -> tuple[str, Wire]:
        """Return the operation and the request of a number."""
        by_operation = self._pick(number, "provider", list(self.providers.values()))
        form = self._pick(number, "form", self._pick(number, "operation", list(by_operation.values())))
        return form.blank.operation.name, self._written(form, number)

    def _written(self, form: Form, number: int) -> Wire:
        kind = self._kind(form, number)
        people = [self._customer(form, number, place) for place in range(len(form.numbers))]
        fate = draw_fraction(self.seed, number, "fate") * 100

        def recipient(place: int, sample: str) -> str:
            if fate < FATED:
                return self._magic(sample, number, place, FATES)
            if fate < FATED + REFUSED:
                return self._magic(sample, number, place, REFUSALS)
            whole = sample[:-TAIL] + people[place].tail
            return whole[:TAIL] if fate < FATED + REFUSED + SHORT else whole

        def text(sample: str, mark: str | None) -> str:
            if mark == sample:
                return self._digits(number, "code", len(sample))
            return self._text(kind, people[0], number, code=mark)

        keys = self.keys.get(form.blank.provider)
        if keys is None:
            keys = dict.fromkeys(form.blank.credentials, UNKNOWN if fate >= 100 - STRANGE else ANY)
        return form.written(keys, number=recipient, text=text, sender=WRITES[kind])

    def _kind(self, form: Form, number: int) -> Kind:
        if form.of_codes:
            return Kind.CODE
        return self._pick(number, "kind", KINDS) if len(form.numbers) == 1 else Kind.NEWS

    def _customer(self, form: Form, number: int, place: int) -> Customer:
        provider = form.blank.provider
        who = 1 + int(draw_fraction(self.seed, number, f"customer {place}") * CUSTOMERS)
        locale = self._pick(who, f"locale {provider}", locales(form.numbers[place]))
        samples = seeded(self.seed, who, locale)
        return Customer(
            self._digits(who, f"tail {provider}", TAIL), locale, samples.first_name(), samples.street_name()
        )

    def _text(self, kind: Kind, to: Customer, number: int, *, code: str | None) -> str:
        return self._pick(number, "text", TEXTS[to.locale[:2]][kind]).format(
            code=code or self._digits(number, "code", 6),
            order=self._digits(number, "order", 5),
            amount=f"{5 + draw_fraction(self.seed, number, 'amount') * 90:.2f}",
            time=self._pick(number, "time", TIMES),
            name=to.name,
            street=to.street,
            shop=seeded(self.seed, number, to.locale).company(),
        )

    def _magic(self, sample: str, number: int, place: int, fates: Sequence[str]) -> str:
        """Return a number that chooses its own fate in the scenario `default`."""
        return sample[:-TAIL] + self._pick(number, f"magic {place}", fates).zfill(TAIL)

    def _digits(self, number: int, purpose: str, length: int) -> str:
        first = draw_text(self.seed, number, f"{purpose} first", length=1, alphabet="123456789")
        return first + draw_text(self.seed, number, purpose, length=length - 1, alphabet="0123456789")

    def _pick(self, number: int, purpose: str, choices: Sequence[Choice]) -> Choice:
        return choices[int(draw_fraction(self.seed, number, purpose) * len(choices))]
