"""The bodies of sample requests: changes the values in them, puts keys at their places, and encodes them."""

import json
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlencode
from xml.etree.ElementTree import SubElement, tostring

from defusedxml.ElementTree import fromstring

from sandbox.specs.types import pointer_steps

FORM = "application/x-www-form-urlencoded"
XML = "application/xml"

Change = Callable[[str, str], str]  # returns the new text of a field from its name and text


def names(values: object) -> Iterator[str]:
    """Yield the name of every field in a value, at any depth."""
    if isinstance(values, Mapping):
        yield from values
    for each in values.values() if isinstance(values, Mapping) else values if isinstance(values, list) else ():
        yield from names(each)


def tags(value: object) -> Iterator[str]:
    """Yield the name of every element of an XML document."""
    return (each.tag for each in fromstring(str(value)).iter())


def change_values(value: object, change: Change, name: str = "") -> object:
    """Return a value with each text and number in it changed."""
    match value:
        case Mapping():
            return {key: change_values(each, change, key) for key, each in value.items()}
        case list():
            return [change_values(each, change, name) for each in value]
        case str():
            return change(name, value)
        case int() if not isinstance(value, bool):
            text = change(name, str(value))
            return int(text) if text.isdecimal() else text
        case _:
            return value


def change_xml(value: object, change: Change, keys: Mapping[str, str]) -> str:
    """Return an XML document with each text changed, and with some members of its root."""
    root = fromstring(str(value))
    for each in root.iter():
        if each.text:
            each.text = change(each.tag, each.text)
    for name, key in keys.items():
        place = root
        for step in _steps(name):
            found = place.find(step)
            place = SubElement(place, step) if found is None else found
        place.text = key
    return tostring(root, encoding="unicode")


def put_keys(values: object, keys: Mapping[str, str]) -> object:
    """Return the fields of a body with keys at their places, each a name or a JSON pointer."""
    for name, key in keys.items():
        if isinstance(values, Mapping):
            first, *rest = _steps(name)
            inner = put_keys(values.get(first) or {}, {"/" + "/".join(rest): key}) if rest else key
            values = {**values, first: inner}
    return values


def _steps(place: str) -> tuple[str, ...]:
    return pointer_steps(place) if place.startswith("/") else (place,)


def encode_body(kind: str | None, values: object) -> str:
    """Return a body of a media type; None: there is none."""
    if kind is None:
        return ""
    if kind == FORM:
        return urlencode(form_fields(values))
    return values if isinstance(values, str) else json.dumps(values, ensure_ascii=False)


def form_fields(values: object) -> dict[str, str]:
    """Return the fields of a form or query."""
    return {name: plain_text(each) for name, each in values.items()} if isinstance(values, Mapping) else {}


def plain_text(value: object) -> str:
    """Return a value as a form has it; a list is separated by commas."""
    match value:
        case list():
            return ",".join(map(plain_text, value))
        case bool():
            return str(value).lower()
        case _:
            return str(value)
