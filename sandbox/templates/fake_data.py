"""What `fake` is in a template: the methods of Faker that are the same for a seed, within the budget of the reply.

Each reply has a generator of its own, so nothing is carried over from an earlier one, `unique` neither. The limits do
not depend on how Faker is written: all chance comes from a generator of ours that spends a step for each draw, so no
loop of Faker's runs on, and what is not a draw (the power of ten for `digits`) is kept small by the arguments.
"""

# ruff: noqa: SIM905 - a list of two hundred names reads better without quotes

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from inspect import signature
from typing import Any

from faker import Faker

from sandbox.core.errors import SandboxError, near_miss
from sandbox.core.seeded_random import draw_bytes, make_counted_random
from sandbox.templates.budget import BudgetExceededError, active, measure
from sandbox.templates.fake_dates import dated, dates_provider

STEPS_FOR_A_CALL = 60  # Faker takes 10 to 50 times as long as a round of a loop
STEPS_FOR_A_DRAW = 2
LARGEST_COUNT = 1_000
LARGEST_VALUE = 10**15
LONGEST_ARGUMENT = 10_000  # bytes
# Arguments that are values, where every other number is a count, a length or a chance.
VALUES = frozenset(
    """
        min max min_value max_value number start_date end_date start_datetime end_datetime datetime_start datetime_end
        start end center radius year width height
        """.split()
)
# Arguments that name methods of Faker, by which those that are not offered could be reached.
WITHHELD = frozenset({"data_columns", "string_format", "value_types", "allowed_types"})
OFFERED = frozenset(
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
_ARCHIVE = "an archive holds the time at which it was made"
_MACHINE = "it reads the clock of the machine"
_ORDER = "the order of a set is another in each process"
_STATE = "it changes Faker itself, for all later replies"
_ANY = "it reaches every method of Faker"
NOT_OFFERED: Mapping[str, str] = {
    "image": "it needs a library that draws pictures",
    "xml": "it needs a library that writes XML",
    "json_bytes": "a template writes text; use fake.json",
    "tar": _ARCHIVE,
    "zip": _ARCHIVE,
    "passport_dates": _MACHINE,
    "passport_dob": _MACHINE,
    "passport_full": _MACHINE,
    "pyset": _ORDER,
    "pyiterable": _ORDER,
    "pyobject": "it makes objects of Python",
    "enum": "it takes a class of Python",
    "format": _ANY,
    "parse": _ANY,
    "clear": "fake.unique begins anew with each reply",
    "random": "draw with fake.random_int and its like",
    **dict.fromkeys(
        """
            add_provider del_arguments seed seed_instance seed_locale set_arguments set_formatter
            """.split(),
        _STATE,
    ),
}


class FakeDataError(SandboxError):
    """A method of Faker or an argument that templates do not have."""


class FakeData:
    """Methods of Faker for one reply; a template calls them as `fake.name()`."""

    def __init__(self, seed: int, number: int, now: datetime) -> None:
        drawn = int.from_bytes(draw_bytes(seed, number, "samples", 8), "big")
        self._faker, self._now = _faker(), now
        self._faker.seed_instance(drawn)  # it looks whether it is seeded
        for factory in self._faker.factories:
            factory.random = make_counted_random(drawn, lambda draws: active().step(STEPS_FOR_A_DRAW * draws))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a method of Faker
        """Return a method that draws; `unique` and `optional` have the same ones."""
        if name.startswith("_"):
            raise AttributeError(name)
        if name in ("unique", "optional"):
            return _Variant(self, name)
        return self._method(name, self._faker)

    def _method(self, name: str, source: object) -> Callable[..., object]:
        if name not in OFFERED or not hasattr(self._faker, name):
            raise FakeDataError(_refusal(name))

        def draw(*args: object, **values: object) -> object:
            active().step(STEPS_FOR_A_CALL)
            _check(name, getattr(self._faker, name), args, values)
            with dated(self._now):
                made = getattr(source, name)(*args, **values)
                return [*made] if name == "time_series" else made

        draw.__name__ = name
        return draw


class _Variant:
    """`fake.unique` or `fake.optional`, for the time of one reply."""

    def __init__(self, data: FakeData, name: str) -> None:
        self._data, self._name = data, name

    def __getattr__(self, name: str) -> Callable[..., object]:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._data._method(name, getattr(self._data._faker, self._name))  # noqa: SLF001 - a part of FakeData


def _refusal(name: str) -> str:
    if name in NOT_OFFERED:
        return f"fake.{name} is not offered in templates: {NOT_OFFERED[name]}"
    found = near_miss(name, OFFERED)
    hint = found if found.startswith(" Did you mean") else ""
    return f"fake.{name} is not offered in templates: it is no method of Faker that is the same for a seed.{hint}"


def _check(name: str, method: Callable[..., object], args: tuple[object, ...], values: Mapping[str, object]) -> None:
    """Raise where an argument could make a single step of Faker's large."""
    probability = {"prob"}  # fake.optional takes it for itself
    bound = signature(method).bind(*args, **{key: value for key, value in values.items() if key not in probability})
    measured = measure(active(), args, dict(values))
    if measured > LONGEST_ARGUMENT:
        message = f"fake.{name} takes arguments of up to {LONGEST_ARGUMENT} bytes in templates"
        raise BudgetExceededError(message)
    for key, value in bound.arguments.items():
        if key in WITHHELD:
            message = f"fake.{name} takes no {key} in templates: it names other methods of Faker"
            raise FakeDataError(message)
        largest = LARGEST_VALUE if key in VALUES else LARGEST_COUNT
        for each in value if isinstance(value, tuple) else (value,):
            if callable(each):
                message = f"fake.{name} takes no function in templates"
                raise FakeDataError(message)
            if isinstance(each, str) and len(each) > LARGEST_COUNT:
                message = f"fake.{name} takes texts of up to {LARGEST_COUNT} characters in templates"
                raise BudgetExceededError(message)
            if isinstance(each, int | float) and abs(each) > largest:
                message = f"fake.{name} takes {key} up to {largest} in templates"
                raise BudgetExceededError(message)


def _faker() -> Faker:
    made = Faker()
    made.add_provider(dates_provider())
    return made


@lru_cache(maxsize=1)
def prepare() -> None:
    """Let Faker load what it loads once: 100 ms."""
    _faker()
