"""What takes the place of stand-ins when a recording is sent again: real credentials and real recipients."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from shlex import quote
from typing import NamedTuple, Self

from sandbox.core.errors import SandboxError, near_miss
from sandbox.formats.phone_numbers import LONGEST, digits_alone, is_possible
from sandbox.providers.registry import Registry
from sandbox.recording.encoded_values import decode_base64
from sandbox.recording.masking import BETWEEN_NUMBERS, SCHEME, SEPARATORS
from sandbox.recording.stand_ins import NUMBER_TEXT
from sandbox.recording.vocabulary import Vocabulary
from sandbox.specs.spec import CredentialPart, NumberPlan, ProviderSpec

SENDER_DIGITS = 7  # of a sender that is masked as a number
Given = Mapping[str, Mapping[str, str]]


class MissingError(SandboxError):
    """A request cannot be sent as it was recorded; `kind` is a word for what is missing, `option` would give it."""

    def __init__(self, why: str, *, kind: str, option: str = "") -> None:
        self.kind = kind
        self.option = option
        super().__init__(why)


class Credentials(NamedTuple):
    """The real credentials of one provider, by the names of their fields in lower case."""

    provider: str
    given: Mapping[str, str]
    parts: tuple[CredentialPart, ...]

    @classmethod
    def of(cls, spec: ProviderSpec, given: Mapping[str, str]) -> Self:
        """Return the credentials of a provider; the empty name stands for the key, the first field of each way."""
        values = {name.lower(): value for name, value in given.items() if name}
        keys = (*spec.credentials[:1], *(way[0].fields[0] for way in spec.authentication))
        for name in keys if "" in given else ():
            values.setdefault(name.lower(), given[""])
        parts = tuple(part for way in spec.authentication for part in way)
        return cls(spec.name, values, parts)

    def real(self, place: str, name: str, value: str) -> str:
        """Return the real value in the place of a stand-in; a scheme before it stays.

        Raises:
            MissingError: it is not given.

        """
        part = self._part(place, name)
        fields = [field.lower() for field in part.fields] if part is not None else []
        if part is not None and all(field in self.given for field in fields):
            joined = ":".join(self.given[field] for field in fields)
            return part.prefix + (b64encode(joined.encode()).decode() if part.is_base64 else joined)
        if name.lower() in self.given:
            found = SCHEME.fullmatch(value)
            return (found["prefix"] if found is not None else "") + self.given[name.lower()]
        lacking = next((field for field in fields if field not in self.given), name.lower())
        option = f"--credential {self.provider}.{lacking}=VALUE"
        why = f"the credential {lacking} of {self.provider} is a stand-in in the recording"
        raise MissingError(why, kind="credential", option=option)

    def has(self, place: str, name: str) -> bool:
        """Return whether a field is given, or one that the document places: others may repeat the value of one."""
        return name.lower() in self.given or self._part(place, name) is not None

    def stand_ins(self, place: str, name: str, value: str) -> dict[str, str]:
        """Return real values by the stand-ins in a value, as other parts of a request may repeat them."""
        part, found = self._part(place, name), SCHEME.fullmatch(value)
        plain = found["key"] if found is not None else value
        if part is None:
            return {plain: self.given[name.lower()]} if name.lower() in self.given else {}
        if part.is_base64:
            plain = decode_base64(plain) or ""
        values = plain.split(":", len(part.fields) - 1)
        named = zip(values, part.fields, strict=False)
        return {each: self.given[field.lower()] for each, field in named if field.lower() in self.given}

    def _part(self, place: str, name: str) -> CredentialPart | None:
        return next((each for each in self.parts if each.place == place and _last(each.name) == name.lower()), None)


class GivenValues:
    """Real values by their stand-ins, and which of them were needed."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = given
        self.used: set[str] = set()

    def get(self, stand_in: str) -> str | None:
        """Return the real value of a stand-in, None if it is not given."""
        found = self.given.get(stand_in)
        if found is not None:
            self.used.add(stand_in)
        return found

    @property
    def unused(self) -> list[str]:
        """The stand-ins that no request had."""
        return [each for each in self.given if each not in self.used]


class Senders(NamedTuple):
    """Real senders and names by their stand-ins. `masked`: without an entry, what of these was masked is a stand-in."""

    names: GivenValues
    masked: frozenset[str]
    fixed: frozenset[str]

    def real(self, value: str, *, kind: str) -> str:
        """Return a real sender or name in the place of a stand-in; `kind` is senders or names.

        Raises:
            MissingError: there is none.

        """
        found = self.names.get(value)
        if found is not None:
            return found
        is_kept = value in self.fixed or not (any(map(str.isalpha, value)) or len(digits_alone(value)) >= SENDER_DIGITS)
        if kind not in self.masked or is_kept:
            return value
        why = f"a {kind.removesuffix('s')} is a stand-in in the recording"
        raise MissingError(why, kind="sender", option=f"--sender {quote(value + '=REAL')}")


class Recipients(NamedTuple):
    """Real recipients by the keys of their stand-ins. `are_masked`: one without an entry is a stand-in."""

    numbers: GivenValues
    are_masked: bool
    home: NumberPlan | None = None

    def real(self, value: str) -> str:
        """Return a value in which each number is the real one.

        Raises:
            MissingError: a number has none.

        """
        between = BETWEEN_NUMBERS if sum(map(str.isdecimal, value)) <= LONGEST else SEPARATORS
        pieces = between.split(value)
        found = [each if place % 2 or not each else self._real(each) for place, each in enumerate(pieces)]
        missing = next((each for each in found if isinstance(each, MissingError)), None)
        if missing is not None:
            raise missing
        return "".join(map(str, found))

    def _real(self, value: str) -> str | MissingError:
        try:
            return self._number(value)
        except MissingError as error:
            return error

    def _number(self, value: str) -> str:
        found = self._find(recipient_key(value))
        if found is not None and not found.isdecimal():
            return found
        if found is not None:
            lead = "+" if value.lstrip().startswith("+") else "00" if value.lstrip().startswith("00") else ""
            return lead + found
        if not self.are_masked:
            return value
        key = recipient_key(value)
        if self._is_number(key):
            why = "a recipient is a stand-in in the recording, and may be the number of a stranger"
            raise MissingError(why, kind="recipient", option=f"--recipient {key}=NUMBER")
        why = "a recipient is no phone number, and is not named as one to send to"
        raise MissingError(why, kind="recipient", option=f"--recipient {quote(f'{key}={key}')} (sent as it is)")

    def _is_number(self, key: str) -> bool:
        """Return whether a recipient may be a number, with or without its country code."""
        return is_possible(key) or (self.home is not None and is_possible(self.home.country + key.lstrip("0")))

    def _find(self, digits: str) -> str | None:
        """Return the real number of a stand-in, without country code if the stand-in has none."""
        found = self.numbers.get(digits)
        if found is not None or self.home is None:
            return found
        national, country = self.home
        found = self.numbers.get(country + digits) if len(digits) == national else None
        if found is not None:
            return self._shortened(found)
        found = self.numbers.get(digits.removeprefix(country)) if digits.startswith(country) else None
        return country + found if found is not None and len(found) == national else found

    def _shortened(self, number: str) -> str:
        if self.home is None:
            return number
        national, country = self.home
        return number.removeprefix(country) if len(number) == national + len(country) else number

    def allow(self, number: str) -> bool:
        """Return whether a message may be sent to a number."""
        key = recipient_key(number)
        given = {*self.numbers.given.values()}
        return not self.are_masked or key in given or key in {self._shortened(each) for each in given}


def recipient_key(text: str) -> str:
    """Return the form in which recipients are compared: the digits of a number, another text as it is."""
    plain = text.strip()
    return digits_alone(plain) if plain.isascii() and NUMBER_TEXT.fullmatch(plain) else plain


def _last(name: str) -> str:
    """Return the last step of a JSON pointer, or a plain name, in lower case."""
    return name.rpartition("/")[2].lower()


def read_credentials(words: Iterable[str], packs: Registry, providers: Iterable[str]) -> Given:
    """Return the values of `--credential`: by provider, then by name; the key of a provider has no name.

    Those of other `providers` are ignored.

    Raises:
        SandboxError: a word is not PROVIDER=KEY or PROVIDER.NAME=VALUE, or has another name.

    """
    found: dict[str, dict[str, str]] = {}
    wanted = frozenset(providers)
    for word in words:
        place, sign, value = word.partition("=")
        provider, _, name = place.partition(".")
        if not sign or not value or provider not in packs:  # the message must not show what may be a key
            names = ", ".join(packs)
            message = f"--credential: a value is not PROVIDER=KEY or PROVIDER.NAME=VALUE; providers are {names}"
            raise SandboxError(message)
        secrets = Vocabulary.of(packs[provider]).secrets | {each.lower() for each in packs[provider].spec.credentials}
        if name and name.lower() not in secrets:
            message = f"--credential: {provider} has no credential called '{name}'.{near_miss(name, secrets)}"
            raise SandboxError(message)
        if provider in wanted:
            found.setdefault(provider, {})[name] = value
    return found


def read_recipients(words: Iterable[str], file: Path | None) -> dict[str, str]:
    """Return the values of `--recipient` and the lines of a file: real recipients by the keys of stand-ins.

    What is no number is taken as well, so that wrong recipients can be sent again.

    Raises:
        SandboxError: the file cannot be read, or one of them is not STANDIN=NUMBER.

    """
    given = [("--recipient", word) for word in words]
    if file is not None:
        rows = ((place, line.partition("#")[0].strip()) for place, line in enumerate(_lines(file), start=1))
        given += [(f"{file}:{place}", line) for place, line in rows if line]
    found: dict[str, str] = {}
    for where, word in given:
        before, _, after = word.partition("=")
        stand_in, number = recipient_key(before), recipient_key(after)
        if not stand_in or not number:
            message = f"{where}: '{word}' is not STANDIN=NUMBER, such as 38769012345=38761930305"
            raise SandboxError(message)
        found[stand_in] = number
    return found


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        message = f"{file}: {error.strerror}"
    except UnicodeDecodeError:
        message = f"{file}: it is not UTF-8"
    raise SandboxError(message)


def read_senders(words: Iterable[str]) -> dict[str, str]:
    """Return the values of `--sender`: real senders by their stand-ins.

    Raises:
        SandboxError: one of them is not STANDIN=SENDER.

    """
    found = {}
    for word in words:
        stand_in, _, sender = word.partition("=")
        if not stand_in or not sender:
            message = f"--sender: '{word}' is not STANDIN=SENDER, such as QWXMA=ACME"
            raise SandboxError(message)
        found[stand_in] = sender
    return found
