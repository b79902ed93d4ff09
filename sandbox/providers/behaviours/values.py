"""Compiles the values of a provider document, texts and bodies with templates, into functions of a scope.

The plain `{{ message.id }}`, by far the most frequent, is compiled without Jinja: a name and its members, one after
the other. Everything else is a template of Jinja with the budget of one reply.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from sandbox.core.errors import near_miss
from sandbox.core.message import Draft, Message
from sandbox.providers.behaviours.fields import MESSAGE, FieldView
from sandbox.providers.behaviours.results import CONVERSIONS, OMITTED, is_true, plain
from sandbox.providers.behaviours.scope import Scope
from sandbox.providers.behaviours.variables import RANDOM, VARIABLES, template_variables
from sandbox.specs.document import SpecNode
from sandbox.specs.types import dotted
from sandbox.templates.budget import Budget, spending
from sandbox.templates.text import TemplateSourceError, compile_text, is_template

Get = Callable[[Scope], Any]

STEP = r"(?:\.[A-Za-z_]\w*|\['[^'\\{}]*'\]|\[\d{1,4}\])"
PATH = re.compile(rf"\{{\{{\s*([A-Za-z_]\w*{STEP}*(?:\s*\|\s*(?:string|int))?)\s*\}}\}}", re.ASCII)
EXPRESSION = re.compile(r"\{\{((?:(?!\{\{|\}\}|\{%).)*)\}\}", re.DOTALL)
STEPS = re.compile(r"\.([A-Za-z_]\w*)|\['([^'\\{}]*)'\]|\[(\d{1,4})\]", re.ASCII)
LOOP = re.compile(r"\s*([A-Za-z_]\w*)\s+in\s+(.+?)\s*", re.DOTALL)
EACH, IF, VALUE = "x-each", "x-if", "x-value"
MAPPINGS = (dict, Mapping)  # a look at the abstract class takes ten times as long
LITERALS: Mapping[str, object] = {"true": True, "false": False, "none": None, "True": True, "False": False}


class Names(NamedTuple):
    """The variables that a template may use; `settings` and `parameters` are the known names of those two."""

    variables: tuple[str, ...]
    settings: tuple[str, ...] = ()
    parameters: tuple[str, ...] | None = None

    def plus(self, *more: str) -> "Names":
        """Return names with further variables."""
        return self._replace(variables=(*self.variables, *more))


class Value(NamedTuple):
    """A compiled value. `constant`: it never differs. `jinja`: it needs the budget of a reply."""

    get: Get
    constant: bool = False
    jinja: bool = False

    def of_nothing(self) -> Any:  # noqa: ANN401 - a value of any type
        """Return a constant, which reads nothing of a scope."""
        return self.get(None)  # type: ignore[arg-type] # as above


def budgeted(value: Value) -> Get:
    """Return a function that gets a value within the budget of one reply."""
    if not value.jinja:
        return value.get
    get = value.get

    def spend(scope: Scope) -> object:
        with spending(Budget()):
            return get(scope)

    return spend


def constant(value: object) -> Value:
    """Return a value that is always the same."""
    return Value(lambda _: value, constant=True)


def read_text(node: SpecNode, names: Names, *, escape: bool = False) -> Value:
    """Compile a text; null inside it is empty. `escape`: values in it are escaped for XML."""
    source = str(node.value)
    if not is_template(source):
        return constant(source)
    pieces = PATH.split(source)
    if escape or len(pieces) == 1 or is_template("".join(pieces[::2])):
        return _jinja(node, source, names, escape=escape)
    parts = [_path(node, piece, names) if place % 2 else constant(piece) for place, piece in enumerate(pieces)]
    gets = [part.get for part in parts]

    def write(scope: Scope) -> str:
        return "".join(["" if (found := get(scope)) is None else str(found) for get in gets])

    return Value(write, jinja=any(part.jinja for part in parts))


def read_value(node: SpecNode, names: Names) -> Value:
    """Compile a value of a body; every text in it may be a template, keys are never templates."""
    match node.value:
        case str(source):
            return _read_string(node, source, names)
        case Mapping():
            return _read_mapping(node, names)
        case list():
            return _read_list(node, names)
    return constant(node.value)


def is_expression(source: str) -> bool:
    """Return whether a text is a single `{{ expression }}`, whose value keeps its type."""
    return EXPRESSION.fullmatch(source.strip()) is not None


def _read_string(node: SpecNode, source: str, names: Names) -> Value:
    """Compile a text; one that is a single expression keeps the type of its value."""
    whole = PATH.fullmatch(source)
    if whole is not None:
        return _path(node, whole[1], names)
    expression = EXPRESSION.fullmatch(source.strip())
    if expression is not None:
        return _jinja(node, expression[1], names, expression=True)
    return read_text(node, names)


def _read_mapping(node: SpecNode, names: Names) -> Value:
    if EACH in node.value:
        return _read_each(node, names)
    if IF in node.value:
        return _read_if(node, names)
    if VALUE in node.value:
        return read_value(node.inside(VALUE, node.value[VALUE]), names)
    members = {str(key): read_value(node.inside(key, each), names) for key, each in node.value.items()}
    for key in members:
        if key.startswith("x-") and near_miss(key, (EACH, IF, VALUE)):
            node.note(f"is this a member of the body?{near_miss(key, (EACH, IF, VALUE))}", key)
    if all(each.constant for each in members.values()):
        return constant({key: each.of_nothing() for key, each in members.items()})
    gets = [(key, each.get) for key, each in members.items()]
    jinja = any(each.jinja for each in members.values())

    def make(scope: Scope) -> dict[str, object]:
        made: dict[str, object] = {}
        for key, get in gets:  # a comprehension is one call more
            if (found := get(scope)) is not OMITTED:
                made[key] = found
        return made

    return Value(make, jinja=jinja)


def _rest(node: SpecNode, *keys: str) -> SpecNode:
    """Return a mapping without some keys, at the same place of the document."""
    return SpecNode(node.found, node.path, {key: value for key, value in node.value.items() if key not in keys})


def _read_if(node: SpecNode, names: Names) -> Value:
    test = read_value(node.inside(IF, node.value[IF]), names)
    inner = read_value(_rest(node, IF), names)
    holds, get = test.get, inner.get
    return Value(lambda scope: get(scope) if is_true(holds(scope)) else OMITTED, jinja=test.jinja or inner.jinja)


def _read_each(node: SpecNode, names: Names) -> Value:
    """Compile `x-each: message in messages`: the rest of the mapping, once for each."""
    loop = LOOP.fullmatch(str(node.value[EACH]))
    if loop is None:
        node.note("is not a loop; write NAME in LIST, such as message in messages", EACH)
        return constant([])
    name, source = loop.groups()
    if (name in VARIABLES or name in RANDOM) and (name, source) != ("message", "messages"):
        node.note(f"'{name}' is a variable already; give the items another name", EACH)
    if source == "messages" and source in names.variables:  # as they are: thousands are shown one by one
        listed = Value(VARIABLES[source].get)
    else:
        listed = _read_string(node.inside(EACH, node.value[EACH]), f"{{{{ {source} }}}}", names)
    inner = read_value(_rest(node, EACH), names if name in names.variables else names.plus(name))
    get_list, get = listed.get, inner.get

    def make(scope: Scope) -> list[object]:
        found = get_list(scope)
        items = found if isinstance(found, Sequence) and not isinstance(found, str) else ()
        made = [get(_inside(scope, name, item, row)) for row, item in enumerate(items)]
        return [each for each in made if each is not OMITTED]

    return Value(make, jinja=listed.jinja or inner.jinja)


def _inside(scope: Scope, name: str, item: object, row: int) -> Scope:
    if not isinstance(item, Message | Draft):
        return scope.copy(**{name: item})
    about = scope.about(item, row)
    return about if name == "message" else about.copy(**{name: FieldView(about, item, MESSAGE)})


def _read_list(node: SpecNode, names: Names) -> Value:
    items = [read_value(node.inside(place, each), names) for place, each in enumerate(node.value)]
    if all(each.constant for each in items):
        return constant([each.of_nothing() for each in items])
    gets = [each.get for each in items]

    def make(scope: Scope) -> list[object]:
        return [found for get in gets if (found := get(scope)) is not OMITTED]

    return Value(make, jinja=any(each.jinja for each in items))


def check_reference(node: SpecNode, reference: Iterable[str], names: Names) -> None:
    """Add a mistake if a template reads a member that a variable does not have."""
    name, *steps = reference
    variable = VARIABLES.get(name)
    if variable is None or name not in names.variables or not steps:
        return
    known: Iterable[str] | None = variable.names if variable.fields is None else variable.fields
    if name == "settings":
        known = names.settings
    elif name == "parameters":
        known = names.parameters
    if known is not None and steps[0] not in known:
        node.note(f"{name} has no member '{steps[0]}'.{near_miss(steps[0], known)}")


def _path(node: SpecNode, path: str, names: Names) -> Value:
    """Compile a name and its members, perhaps with a filter behind it."""
    path, bar, filter_ = (each.strip() for each in path.partition("|"))
    if bar:
        found, convert = _path(node, path, names), CONVERSIONS[filter_]
        get = found.get
        return Value(lambda scope: convert(get(scope)), jinja=found.jinja)
    name, *_ = re.split(r"[.\[]", path, maxsplit=1)
    steps = [dot or quoted or index for dot, quoted, index in STEPS.findall(path[len(name) :])]
    if name not in names.variables:
        if name not in LITERALS:
            node.note(f"no template variable is called '{name}'.{near_miss(name, names.variables)}")
        return constant(LITERALS.get(name))
    before = len(node.found)
    check_reference(node, (name, *steps), names)
    if len(node.found) > before:
        return constant("")
    variable = VARIABLES.get(name)
    if name in RANDOM or name == "messages" or (variable is not None and variable.fields and not steps):
        return _jinja(node, path, names, expression=True)
    if variable is None:  # a loop binds it
        return Value(_follow(lambda scope: scope.bound[name], steps))
    return Value(_member_getter(variable.get, variable.fields, steps))


def _member_getter(get_variable: Get, fields: Mapping[str, Any] | None, steps: Sequence[str]) -> Get:
    if fields is None or not steps:
        return _timed(get_variable) if not steps else _follow(get_variable, steps)
    field, rest = fields[steps[0]], steps[1:]
    get_field = field.get
    if field.is_time:

        def write(scope: Scope) -> object:
            found = get_variable(scope)
            return None if found is None else scope.write_time(get_field(scope, found))

        return _follow(write, rest)

    def read(scope: Scope) -> object:
        found = get_variable(scope)
        return None if found is None else get_field(scope, found)

    return _timed(read) if field.open and not rest else _follow(read, rest)


def _follow(get: Get, steps: Sequence[str]) -> Get:
    """Return a function that follows members by name; one that is absent is None."""
    for step in steps:
        get = partial(_member, get, step)
    return _timed(get) if steps else get


def _timed(get: Get) -> Get:
    """Return a function whose times are written as the provider writes them, also those inside lists and mappings."""

    def finish(scope: Scope) -> object:
        found = get(scope)
        return found if found is None or isinstance(found, str | int) else plain(found, scope)

    return finish


def _member(get: Get, step: str, scope: Scope) -> object:
    found = get(scope)
    if isinstance(found, MAPPINGS):
        return found.get(step)
    if isinstance(found, Sequence) and not isinstance(found, str) and step.isdecimal() and int(step) < len(found):
        return found[int(step)]
    return None


def _jinja(node: SpecNode, source: str, names: Names, *, expression: bool = False, escape: bool = False) -> Value:
    if escape:
        source = f"{{% autoescape true %}}{source}{{% endautoescape %}}"
    try:
        compiled = compile_text(
            source, place=dotted(node.path), known=names.variables, lenient=True, expression=expression
        )
    except TemplateSourceError as error:
        node.note(str(error))
        return constant("")
    for reference in sorted(compiled.references):
        check_reference(node, reference, names)
    used, render = compiled.names, compiled.render

    def get(scope: Scope) -> object:
        return plain(render(template_variables(scope, used)), scope)

    return Value(get, jinja=True)
