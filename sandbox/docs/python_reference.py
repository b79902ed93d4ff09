"""The reference of the Python client, from the signatures and docstrings of its methods, results and errors."""

import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeGuard, get_args, get_type_hints

from sandbox.docs.key_tables import table
from sandbox.providers.registry import Registry

Lines = Iterator[str]

PACKAGE = "sandbox.client"  # found by name, as the command line is: both are above this folder
OWN = ("workspace", "events")  # the methods that are written out in the client, in the order of the page
ALIASES = {  # of the client's annotations, which Python shows as the unions that they stand for
    "Duration": "str | float | timedelta",
    "Since": "str | int | datetime",
    "Instant": "str | datetime",
}
OPTIONAL = re.compile(r"^Optional\[(.*)\]$")
MODULES = re.compile(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])")
SECTION = re.compile(r"^(Args|Raises):\n", re.MULTILINE)
ENTRY = re.compile(r"^    (\w+): (.*(?:\n {8,}.*)*)", re.MULTILINE)
CODE = re.compile(r"```.*?```", re.DOTALL)


def python_client(_: Registry) -> Lines:
    """Yield every method of the client with its arguments, then the values and errors."""
    package = pkgutil.resolve_name(PACKAGE)
    client = package.Client
    yield from ("## Client", "")
    yield from _callable("Client", client.__init__, result="", skip=1)
    yield from ("## Methods", "")
    for name in OWN:
        yield from _method(name, getattr(client, name), skip=1)
    for name, each in vars(pkgutil.resolve_name(f"{PACKAGE}.clients:ApiMethods")).items():
        if hasattr(each, "make"):
            yield from _method(name, each.make)
    yield from ("## Returned values", "")
    for name, kind in _results(package).items():
        yield from (f"### {name} object", "", _first(kind), "")
        hints = get_type_hints(kind)
        own = [
            (each, get_type_hints(value.fget)["return"]) for each, value in vars(kind).items() if _is_property(value)
        ]
        rows = [*((each.name, hints[each.name]) for each in fields(kind)), *own]
        yield from table(("Field", "Type"), [(f"`{each}`", f"`{_type(hint)}`") for each, hint in rows])
    yield from ("## Errors", "")
    errors = [
        (f"`{name}`", _first(each))
        for name in package.__all__
        if isinstance(each := getattr(package, name), type) and issubclass(each, Exception)
    ]
    yield from table(("Error", "When"), errors)


def _results(package: object) -> Mapping[str, Any]:
    """Return the values that calls return, and those inside them, by name."""
    found: dict[str, Any] = {}
    waiting = [getattr(package, name) for name in getattr(package, "__all__", ())]
    while waiting:
        kind = waiting.pop(0)
        waiting += get_args(kind)
        if is_dataclass(kind) and isinstance(kind, type) and kind.__name__ not in found:
            found[kind.__name__] = kind
            waiting += get_type_hints(kind).values()
    return dict(sorted(found.items()))


def _method(name: str, function: Callable[..., object], *, skip: int = 0) -> Lines:
    yield from (f"### {name}", "")
    returned = inspect.signature(function).return_annotation
    inner = get_args(returned)
    result = _type(inner[0]) if inner and "ApiCall" in str(returned) else _type(returned)
    yield from _callable(name, function, result=result, skip=skip)


def _callable(name: str, function: Callable[..., object], *, result: str, skip: int) -> Lines:
    """Yield a signature, its text, and a table of its arguments; `skip` leaves out the first ones, such as `self`."""
    signature = inspect.signature(function)
    parameters = [*signature.parameters.values()][skip:]
    plain = [each.replace(annotation=each.empty) for each in parameters]
    shown = f"{name}{signature.replace(parameters=plain, return_annotation=signature.empty)}"
    yield from ("```text", f"{shown} -> {result}" if result else shown, "```", "")
    text, described, raised = _sections(function)
    yield from (text, "")
    rows = [
        (
            f"`{each.name}`",
            f"`{_type(each.annotation).removesuffix(' | None' if each.default is None else '')}`",
            "" if each.default in {each.empty, None} else f"`{each.default!r}`",
            described.get(each.name, ""),
        )
        for each in parameters
    ]
    yield from table(("Argument", "Type", "Default", "Description"), rows)
    yield from (f"- Raises `{error}`: {when}" for error, when in raised.items())
    yield ""


def _sections(function: Callable[..., object]) -> tuple[str, Mapping[str, str], Mapping[str, str]]:
    """Return the text of a docstring, what it says of each argument, and of each error."""
    text, *rest = SECTION.split(inspect.getdoc(function) or "")
    found = {
        name: {key: " ".join(words.split()) for key, words in ENTRY.findall(body)}
        for name, body in zip(rest[::2], rest[1::2], strict=True)
    }
    return CODE.sub("", text).strip(), found.get("Args", {}), found.get("Raises", {})


def _is_property(value: object) -> TypeGuard[Any]:
    return isinstance(value, property)


def _first(kind: type) -> str:
    return CODE.sub("", inspect.getdoc(kind) or "").strip()


def _type(annotation: object) -> str:
    """Return a type without the modules of its names."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = OPTIONAL.sub(r"\1 | None", MODULES.sub("", text).replace("NoneType", "None"))
    for name, union in ALIASES.items():
        text = re.sub(rf"(?<!\w){re.escape(union)}(?! \| (?!None))", name, text)
    return text
