"""The object `fake` in templates: Faker methods that are reproducible and stay within the budget of the reply.

Each reply has its own generator, so no state carries over from earlier replies, not even that of `unique`. The limits
do not depend on Faker's code: all randomness comes from our own generator, which spends a step for each draw, so no
loop in Faker runs on. Limits on the arguments keep small what is not drawn, such as the power of ten for `digits`.

Dates count from the workspace's clock instead of the machine's. Faker's date provider calls `datetime.now()` and
`date.today()` in forty places and asks the machine for its time zone. It is loaded here a second time, apart from the
one that others import, with these names replaced.
"""

# ruff: noqa: SIM905 - a list of two hundred names reads better without quotes

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from importlib.util import find_spec, module_from_spec
from inspect import signature
from sys import getsizeof
from typing import Any

from faker import Faker

from sandbox.core.errors import SandboxError, near_miss
from sandbox.core.seeded_random import fake_data_seed, make_counted_random
from sandbox.templates.budget import BudgetExceededError, active_budget, measure

STEPS_PER_CALL = 60  # a Faker call takes 10 to 50 times as long as a loop iteration
STEPS_PER_DRAW = 2
STEPS_PER_ROW = 20  # of a table, beside its draws
COPIES_PER_WORD = 2  # a word is copied into its sentence, and that into its paragraph
COUNT_LIMIT = 1_000
VALUE_LIMIT = 10**15
ARGUMENT_LIMIT = 10_000  # bytes
# Arguments that are values; every other number is a count, a length or a probability.
VALUES = frozenset(
    """
        min max min_value max_value number start_date end_date start_datetime end_datetime datetime_start datetime_end
        start end center radius year width height
        """.split()
)
# Arguments that name Faker methods, and could so reach methods that are not available.
WITHHELD = frozenset({"data_columns", "string_format", "value_types", "allowed_types"})
AVAILABLE = frozenset(
    """
        aba address administrative_unit am_pm android_platform_token ascii_company_email ascii_email ascii_free_email
        ascii_safe_email bank bank_country basic_phone_number bban binary boolean bothify bs building_number
        catch_phrase century chrome city city_prefix city_suffix color color_hsl color_hsv color_name color_rgb
        color_rgb_float company company_email company_suffix coordinate country country_calling_code country_code
        credit_card_expire credit_card_full credit_card_number credit_card_provider credit_card_security_code
        cryptocurrency cryptocurrency_code cryptocurrency_name csv currency currency_code currency_name
        currency_symbol current_country current_country_code date date_between date_between_dates date_object
        date_of_birth date_this_century date_this_decade date_this_month date_this_year date_time date_time_ad
        date_time_between date_time_between_dates date_time_this_century date_time_this_decade date_time_this_month
        date_time_this_year day_of_month day_of_week dga doi domain_name domain_word dsv ean ean13 ean8 ein email
        emoji file_extension file_name file_path firefox first_name first_name_female first_name_male
        first_name_nonbinary fixed_width free_email free_email_domain future_date future_datetime hex_color hexify
        hostname http_method http_status_code iana_id iban image_url internet_explorer invalid_ssn ios_platform_token
        ipv4 ipv4_network_class ipv4_private ipv4_public ipv6 isbn10 isbn13 iso8601 itin job job_female job_male json
        language_code language_name last_name last_name_female last_name_male last_name_nonbinary latitude latlng
        lexify license_plate linux_platform_token linux_processor local_latlng locale localized_ean localized_ean13
        localized_ean8 location_on_land longitude mac_address mac_platform_token mac_processor md5 military_apo
        military_dpo military_ship military_state mime_type month month_name msisdn name name_female name_male
        name_nonbinary nic_handle nic_handles null_boolean numerify opera paragraph paragraphs passport_gender
        passport_number passport_owner password past_date past_datetime phone_number port_number postalcode
        postalcode_in_state postalcode_plus4 postcode postcode_in_state prefix prefix_female prefix_male
        prefix_nonbinary pricetag profile psv pybool pydecimal pydict pyfloat pyint pylist pystr pystr_format pystruct
        pytimezone pytuple random_choices random_digit random_digit_above_two random_digit_not_null
        random_digit_not_null_or_empty random_digit_or_empty random_element random_elements random_int random_letter
        random_letters random_lowercase_letter random_number random_sample random_uppercase_letter
        randomize_nb_elements rgb_color rgb_css_color ripe_id safari safe_color_name safe_domain_name safe_email
        safe_hex_color sbn9 secondary_address sentence sentences sha1 sha256 simple_profile slug ssn state state_abbr
        street_address street_name street_suffix suffix suffix_female suffix_male suffix_nonbinary swift swift11
        swift8 text texts time time_delta time_object time_series timezone tld tsv unix_device unix_partition
        unix_time upc_a upc_e uri uri_extension uri_page uri_path url user_agent user_name uuid1 uuid4 uuid7 vin
        windows_platform_token word words year zipcode zipcode_in_state zipcode_plus4
        """.split()
)
_ARCHIVE = "an archive contains its creation time"
_MACHINE = "it reads the system clock"
_ORDER = "the order of a set differs between processes"
_STATE = "it changes Faker for all later replies"
_ANY = "it can call any Faker method"
NOT_AVAILABLE: Mapping[str, str] = {
    "image": "it needs an imaging library",
    "xml": "it needs an XML library",
    "json_bytes": "a template writes text; use fake.json",
    "tar": _ARCHIVE,
    "zip": _ARCHIVE,
    "passport_dates": _MACHINE,
    "passport_dob": _MACHINE,
    "passport_full": _MACHINE,
    "pyset": _ORDER,
    "pyiterable": _ORDER,
    "pyobject": "it creates Python objects",
    "enum": "it takes a Python class",
    "format": _ANY,
    "parse": _ANY,
    "clear": "fake.unique starts empty in each reply",
    "random": "use fake.random_int or a similar method",
    **dict.fromkeys(
        """
            add_provider del_arguments seed seed_instance seed_locale set_arguments set_formatter
            """.split(),
        _STATE,
    ),
}

_NOW: ContextVar[datetime] = ContextVar("now of the workspace")


@contextmanager
def use_clock(now: datetime) -> Iterator[None]:
    """Make dates that are drawn inside count from `now`."""
    token = _NOW.set(now)
    try:
        yield
    finally:
        _NOW.reset(token)


class _Replacement(type):
    """Replaces a class of `datetime`; calls, attributes and isinstance go to the real class."""

    real: type

    def __call__(cls, *args: object, **values: object) -> object:
        return cls.real(*args, **values)

    def __getattr__(cls, name: str) -> object:
        return getattr(cls.real, name)

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.real)


class _Datetime(metaclass=_Replacement):
    real = datetime

    @staticmethod
    def now(tz: tzinfo | None = None) -> datetime:
        """Return the workspace's time, in the form in which `datetime.now` returns the machine's."""
        now = _NOW.get()
        return now.replace(tzinfo=None) if tz is None else now.astimezone(tz)


class _Date(metaclass=_Replacement):
    real = date

    @staticmethod
    def today() -> date:
        """Return the workspace's date in UTC."""
        return _NOW.get().date()


@lru_cache(maxsize=1)
def load_dates_provider() -> Any:  # noqa: ANN401 - Faker has no type for a provider's class
    """Return the date provider; its methods work only inside `use_clock`.

    Raises:
        ImportError: This version of Faker has its date provider elsewhere, or lacks a name that is replaced.

    """
    spec = find_spec("faker.providers.date_time")
    if spec is None or spec.loader is None:
        message = "Faker has no module faker.providers.date_time"
        raise ImportError(message)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, value in {"datetime": _Datetime, "dtdate": _Date, "_get_local_timezone": lambda: UTC}.items():
        if not hasattr(module, name):
            message = f"faker.providers.date_time has no {name}"
            raise ImportError(message)
        setattr(module, name, value)
    return module.Provider


class FakeDataError(SandboxError):
    """A Faker method or an argument is not available in templates."""


class FakeData:
    """Faker methods for one reply; a template calls them as `fake.name()`."""

    def __init__(self, seed: int, number: int, now: datetime) -> None:
        drawn = fake_data_seed(seed, number)
        self._faker, self._now = _make_faker(), now
        self._faker.seed_instance(drawn)  # Faker checks that it was seeded
        for factory in self._faker.factories:
            factory.random = make_counted_random(drawn, self._spend_draws)
        self._word_size = 0

    def _spend_draws(self, draws: int) -> None:
        active_budget().step(STEPS_PER_DRAW * draws)
        if self._word_size:
            active_budget().make(self._word_size * draws)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a Faker method
        """Return a Faker method; `unique` and `optional` have the same methods."""
        if name.startswith("_"):
            raise AttributeError(name)
        if name in ("unique", "optional"):
            return _Variant(self, name)
        return self._method(name, self._faker)

    def _method(self, name: str, source: object) -> Callable[..., object]:
        if name not in AVAILABLE or not hasattr(self._faker, name):
            raise FakeDataError(_why_not_available(name))

        def draw(*args: object, **values: object) -> object:
            active_budget().step(STEPS_PER_CALL)
            bound = _check_arguments(name, getattr(self._faker, name), args, values)
            rows, words = bound.get("num_rows"), bound.get("ext_word_list")
            active_budget().step(STEPS_PER_ROW * rows if isinstance(rows, int) else 0)
            longest = max((getsizeof(word) for word in words), default=0) if isinstance(words, list | tuple) else 0
            self._word_size = longest * COPIES_PER_WORD
            with use_clock(self._now):
                made = getattr(source, name)(*args, **values)
                return [*made] if name == "time_series" else made

        draw.__name__ = name
        return draw


class _Variant:
    """`fake.unique` or `fake.optional`, for one reply."""

    def __init__(self, data: FakeData, name: str) -> None:
        self._data, self._name = data, name

    def __getattr__(self, name: str) -> Callable[..., object]:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._data._method(name, getattr(self._data._faker, self._name))  # noqa: SLF001 - a part of FakeData


def _why_not_available(name: str) -> str:
    if name in NOT_AVAILABLE:
        return f"fake.{name} is not available in templates: {NOT_AVAILABLE[name]}"
    found = near_miss(name, AVAILABLE)
    hint = found if found.startswith(" Did you mean") else ""
    return f"fake.{name} is not available in templates: it is not a reproducible Faker method.{hint}"


def _check_arguments(
    name: str, method: Callable[..., object], args: tuple[object, ...], values: Mapping[str, object]
) -> Mapping[str, object]:
    """Return the arguments of a Faker method by name.

    Raises:
        BudgetExceededError: An argument could make a single step of Faker large.
        FakeDataError: An argument is not available in templates.

    """
    probability = {"prob"}  # consumed by fake.optional
    bound = signature(method).bind(*args, **{key: value for key, value in values.items() if key not in probability})
    measured = measure(active_budget(), args, dict(values))
    if measured > ARGUMENT_LIMIT:
        message = f"the arguments of fake.{name} exceed the limit of {ARGUMENT_LIMIT} bytes"
        raise BudgetExceededError(message)
    for key, value in bound.arguments.items():
        if key in WITHHELD:
            message = f"fake.{name} does not accept {key} in templates: it names other Faker methods"
            raise FakeDataError(message)
        limit = VALUE_LIMIT if key in VALUES else COUNT_LIMIT
        for each in value if isinstance(value, tuple) else (value,):
            if callable(each):
                message = f"fake.{name} does not accept functions in templates"
                raise FakeDataError(message)
            if isinstance(each, str) and len(each) > COUNT_LIMIT:
                message = f"a string argument of fake.{name} exceeds the limit of {COUNT_LIMIT} characters"
                raise BudgetExceededError(message)
            if isinstance(each, int | float) and abs(each) > limit:
                message = f"the argument {key} of fake.{name} exceeds the limit of {limit}"
                raise BudgetExceededError(message)
    return bound.arguments


def _make_faker() -> Faker:
    made = Faker()
    made.add_provider(load_dates_provider())
    return made


@lru_cache(maxsize=1)
def prepare() -> None:
    """Load Faker's data ahead of the first reply; this takes 100 ms."""
    _make_faker()
