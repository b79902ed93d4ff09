"""The schema for editors and the readers of provider documents know the same keys and words, key by key."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sandbox.core.account import Approval
from sandbox.core.message import LIFECYCLE_STATUSES
from sandbox.formats.schema_reference import sections_of, shipped_schema, to_yaml
from sandbox.formats.yaml_files import parse, read_text, shipped
from sandbox.providers.behaviours import (
    build,
    callbacks,
    checks,
    codes,
    credential,
    fields,
    ids,
    inbound,
    lookups,
    replies,
    send,
    send_request,
    times,
)
from sandbox.specs import body_parsing, document_check, path_check, types
from sandbox.specs.spec import FIELDS, PLACES

SCHEMA = shipped_schema("provider")
DEFS: Mapping[str, Any] = SCHEMA["$defs"]
VALIDATOR = Draft202012Validator(SCHEMA)
SINGLE = [name for name, field in fields.MESSAGE.items() if not field.open]
MARKS = ("x-word", "x-source")

KEYS: Mapping[str, tuple[Mapping[str, Any], Iterable[str]]] = {
    "sandbox": (DEFS["sandbox"], document_check.OWN),
    "account": (DEFS["account"], (*document_check.ACCOUNT, *MARKS)),
    "numbers": (DEFS["numbers"], document_check.NUMBERS),
    "setting": (DEFS["setting"], (*document_check.SETTING, *MARKS)),
    "channel": (DEFS["channel"], document_check.CHANNEL),
    "status": (DEFS["status"], (*document_check.STATUS, *MARKS)),
    "callback": (DEFS["callback"], callbacks.KEYS),
    "received": (DEFS["received"], callbacks.RECEIVED),
    "signature": (DEFS["signature"], callbacks.SIGNATURE),
    "inbound": (DEFS["inbound"], inbound.KEYS),
    "time": (DEFS["time"], times.KEYS),
    "credential": (DEFS["credential"]["anyOf"][1], credential.KEYS),
    "refusal": (DEFS["refusal"], checks.KEYS),
    "path": (DEFS["path"], path_check.ITEM),
    "behaviour": (DEFS["behaviour"], build.OPERATION_KEYS),
    "fields": (DEFS["fields"], (*FIELDS, *PLACES)),
    "send": (DEFS["send"], send.KEYS),
    "schedule": (DEFS["schedule"], send_request.SCHEDULE),
    "id": (DEFS["id"], ids.KEYS),
    "price": (DEFS["price"], send.PRICE),
    "makeCode": (DEFS["makeCode"], codes.MAKE_CODE),
    "digits": (DEFS["digits"], codes.DIGITS),
    "expires": (DEFS["expires"], codes.EXPIRES),
    "message": (DEFS["message"], lookups.MESSAGE_KEYS),
    "messages": (DEFS["messages"], lookups.MESSAGES_KEYS),
    "sort": (DEFS["sort"], lookups.SORT_KEYS),
    "page": (DEFS["page"], lookups.PAGE_KEYS),
    "codeCheck": (DEFS["codeCheck"], codes.CODE_KEYS),
    "reply": (DEFS["reply"], replies.KEYS),
    "balance": (DEFS["balance"], ("reply",)),
}


def words(name: str, key: str) -> list[str]:
    """Return the words of a key; one of its alternatives may have them."""
    schema = DEFS[name]["properties"][key]
    found = next(each["enum"] for each in (schema, *schema.get("anyOf", ())) if "enum" in each)
    return list(found)


WORDS: Mapping[str, tuple[list[str], Iterable[str]]] = {
    "status": (DEFS["statusName"]["enum"], LIFECYCLE_STATUSES),
    "member of a message": (DEFS["field"]["anyOf"][0]["enum"], SINGLE),
    "credential": (DEFS["credential"]["anyOf"][0]["enum"], credential.WORDS),
    "state of a sender": (words("sender", "state"), Approval),
    "method of a callback": (words("callback", "method"), callbacks.METHODS),
    "format of a callback": (words("callback", "format"), callbacks.FORMATS),
    "hash": (words("signature", "hmac"), callbacks.HASHES),
    "encoding": (words("signature", "encoding"), callbacks.ENCODINGS),
    "check": (words("refusal", "check"), checks.CHECKS),
    "kind of an id": (words("send", "id"), ids.KINDS),
    "kind of an id of an inbound message": (words("inbound", "id"), ids.KINDS),
    "kind of an id with a length": (words("id", "kind"), ids.KINDS),
    "per of an id": (words("id", "per"), ids.PER),
    "per of a price": (words("price", "per"), send.UNITS),
    "sender check": (words("send", "sender_check"), send.SENDER_CHECKS),
    "stop list": (words("send", "stop_list"), send.STOP_LIST),
    "invalid recipients": (words("send", "invalid_recipients"), send_request.INVALID_RECIPIENTS),
    "unit": (words("expires", "unit"), codes.UNITS),
    "order": (words("sort", "order"), lookups.ORDERS),
    "place of a parameter": (words("parameter", "in"), path_check.IN),
    "media type": (DEFS["requestBody"]["properties"]["content"]["propertyNames"]["enum"], body_parsing.READERS),
    "x-word": (words("operation", "x-word"), types.WORDS),
}


def properties(node: object, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every property of the schema with its path."""
    if isinstance(node, dict):
        found = node.get("properties")
        if isinstance(found, dict) and not path.endswith("/properties"):
            yield from ((f"{path}/{name}", each) for name, each in found.items())
        for name, each in node.items():
            yield from properties(each, f"{path}/{name}")
    for index, each in enumerate(node if isinstance(node, list) else ()):
        yield from properties(each, f"{path}/{index}")


PROPERTIES = dict(properties({name: node for name, node in SCHEMA.items() if name != "examples"}))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", KEYS)
def test_schema_and_readers_know_the_same_keys(name: str) -> None:
    schema, keys = KEYS[name]

    assert (sorted(schema["properties"]), schema["additionalProperties"]) == (sorted(keys), False)


def test_every_mapping_that_refuses_unknown_keys_is_compared() -> None:
    closed = {name for name, node in DEFS.items() if node.get("additionalProperties") is False}

    assert closed - KEYS.keys() == set()


@pytest.mark.parametrize("name", WORDS)
def test_schema_and_readers_know_the_same_words(name: str) -> None:
    listed, known = WORDS[name]

    assert sorted(listed) == sorted(map(str, known))


def test_every_key_has_a_text_a_default_and_an_example_that_fit_it() -> None:
    wrong = []
    for path, schema in PROPERTIES.items():
        validator = Draft202012Validator({**schema, "$defs": DEFS})
        values = [*schema["examples"], *([schema["default"]] if "default" in schema else [])]
        wrong += [(path, each.message) for value in values for each in validator.iter_errors(value)]
        wrong += [(path, value) for value in values if parse(f"a: {to_yaml(value)}", "x").value != {"a": value}]
        if not schema["description"] or len(schema["examples"]) != 1 or {"default", "x-default"} <= schema.keys():
            wrong.append((path, "text, default or example"))

    assert wrong == []


@pytest.mark.parametrize("name", ["betatel", "smsbuddy", "ubill"])
def test_the_shipped_documents_fit_the_schema(name: str) -> None:
    document = parse(read_text(shipped("specs") / f"{name}.yaml"), name, merges=True).value

    assert [(list(each.absolute_path), each.message) for each in VALIDATOR.iter_errors(document)] == []


def test_the_reference_has_a_section_for_each_part() -> None:
    sections = [each.name for each in sections_of(SCHEMA, "document", ("sandbox",), str)]

    assert sections[:2] == ["document", "sandbox"]
    assert sorted(sections) == sorted(["document", *DEFS])


@pytest.mark.parametrize(("name", "known"), [("stop", inbound.STOP), ("start", inbound.START)])
def test_the_words_that_opt_out_and_in_have_the_defaults_of_their_reader(name: str, known: Iterable[str]) -> None:
    assert DEFS["inbound"]["properties"][name]["default"] == list(known)
