"""What a provider's document and names tell about values: credentials, numbers, people, texts, codes, fixed words.

Names decide, wherever they stand: a name that holds a number in one operation holds one in all.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Self

from sandbox.control.masking import SECRET
from sandbox.formats.json_text import texts_in
from sandbox.providers.registry import Pack
from sandbox.specs.spec import NumberPlan, Pointer, ProviderSpec
from sandbox.specs.types import USUAL

CODE_NAMES = frozenset({"code", "otp", "otp_code", "otpcode", "passcode", "pin", "verification_code"})
TEXT_NAMES = frozenset({"content", "sms_text", "message_text", "text"})  # these hold nothing else, in replies too
MORE_RECIPIENTS = frozenset({"receiver", "phones", "mobiles", "msisdns", "contact", "contacts", "address"})
MORE_SECRETS = frozenset({"secret", "client_secret", "signature", "x-signature", "set-cookie", "auth", "auth_token"})


def spellings(*names: str) -> frozenset[str]:
    """Return names of several words in each way in which they are joined, such as userid, user_id and user-id."""
    return frozenset(sign.join(name.split()) for name in names for sign in ("", "_", "-"))


# Who an account is of. Some providers take such an id as a credential, and all of them tell whose recording it is.
ACCOUNT_NAMES = spellings(
    *("user id", "x user id", "account id", "x account id", "account sid", "login", "login id", "login name"),
    *("user", "username", "user name", "x username", "x user name", "account", "x account"),
)
PERSON_NAMES = spellings(
    *("brand", "brands", "brand name", "brand names", "company", "company name", "business name", "legal name"),
    *("organization", "organisation", "organization name", "organisation name", "merchant name", "account name"),
    *("customer", "customer name", "client name", "contact name", "contact person", "owner", "owner name", "person"),
    *("first name", "last name", "middle name", "full name", "given name", "family name", "display name"),
    *("surname", "nickname", "recipient name", "subscriber name", "email", "e mail", "email address"),
)
PLAIN_NAME = "name"  # that of a person, a brand or, in an error, of something of the provider
ERROR_NAMES = frozenset({"code", "error", "errors", "field", "message", "reason", "stack", "statuscode"})


class Vocabulary(NamedTuple):
    """The names of one provider, in lower case, and its fixed words: statuses, enumerations, messages of errors."""

    secrets: frozenset[str]
    recipients: frozenset[str]
    senders: frozenset[str]
    names: frozenset[str]
    texts: frozenset[str]
    codes: frozenset[str]
    fixed: frozenset[str]
    home: NumberPlan | None

    @classmethod
    def of(cls, pack: Pack) -> Self:
        """Return the vocabulary of a provider."""
        spec = pack.spec
        fields = [each.message for each in spec.operations.values()]
        parts = [part for way in spec.authentication for part in way]
        places = [part.name.rpartition("/")[2] for part in parts if "authorization" not in part.name.lower()]
        secrets = {*SECRET, *MORE_SECRETS, *ACCOUNT_NAMES, *spec.credentials, *places, *_schemes(spec)}
        return cls(
            frozenset(map(str.lower, secrets)) - {""},
            _names((each.recipient for each in fields), USUAL["recipient"]) | MORE_RECIPIENTS,
            _names((each.sender for each in fields), USUAL["sender"]),
            PERSON_NAMES | {PLAIN_NAME},
            _names((each.text for each in fields), USUAL["text"]),
            _names((each.code for each in fields), CODE_NAMES),
            frozenset(_fixed_words(spec)),
            spec.home,
        )


def _schemes(spec: ProviderSpec) -> Iterator[str]:
    """Yield the headers and parameters of OpenAPI's security schemes."""
    for scheme in spec.document.get("components", {}).get("securitySchemes", {}).values():
        if "name" in scheme:
            yield str(scheme["name"])


def _names(places: Iterable[tuple[Pointer, ...]], usual: Iterable[str]) -> frozenset[str]:
    """Return the last steps of pointers that are names, and the usual names."""
    declared = (pointer[-1] for pointers in places for pointer in pointers if pointer)
    return frozenset(each.lower() for each in (*declared, *usual) if not each.isdecimal())


def _fixed_words(spec: ProviderSpec) -> Iterator[str]:
    for channel in spec.channels.values():
        yield from channel.read_back
    for operation in spec.operations.values():
        for error in operation.errors.values():
            yield from texts_in(error.body)
    yield from _enumerated(spec.document)


def _enumerated(root: Mapping[str, Any]) -> Iterator[str]:
    """Yield the values of every `enum` and `const` of a document, whose references may be shared."""
    seen: set[int] = set()
    waiting: list[object] = [root]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Mapping | list) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Mapping):
            given = node.get("enum")
            yield from (each for each in given if isinstance(each, str)) if isinstance(given, list) else ()
            if isinstance(node.get("const"), str):
                yield node["const"]
            waiting += node.values()
        else:
            waiting += node
