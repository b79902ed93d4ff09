"""The checks of a request, in the order of the document's `refusals`, and the named error that each becomes.

A check is a function from a `Subject` to reasons; none means that the request passes. The first check with reasons
refuses the request; the reasons of those after it are told too, so that a developer sees everything at once.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from sandbox.core.account import Account
from sandbox.providers.base import Call, Refusal
from sandbox.providers.behaviours.context import DocumentContext, OperationContext
from sandbox.providers.behaviours.credential import Credential
from sandbox.providers.behaviours.results import is_true
from sandbox.providers.behaviours.scope import Scope
from sandbox.providers.behaviours.values import Get, Names, budgeted, read_text, read_value
from sandbox.providers.behaviours.variables import IN_REQUESTS
from sandbox.specs.document import SpecNode
from sandbox.specs.types import Violation
from sandbox.templates.text import TemplateFailedError, is_template

KEYS = ("check", "when", "error", "message", "why", "parameters", "rules")
CODE_CHECKS = ("code-unknown", "code-wrong", "code-expired", "code-used", "code-exhausted")
IN_REQUEST = ("recipient", "schedule", "callback-url")
OF_THE_KEY = ("missing-key", "closed-account", "unknown-key")
ON_REQUESTS = (*OF_THE_KEY, "schema")
ON_SENDS = ("recipient", "sender", "stop-list", "schedule", "callback-url", "balance")
# The keywords of JSON Schema that a violation names, and `syntax` for a part of a request that cannot be read.
RULES = (
    *("type", "enum", "const", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "multipleOf"),
    *("exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems", "uniqueItems", "contains", "required"),
    *("minProperties", "maxProperties", "additionalProperties", "propertyNames", "dependentRequired"),
    *("allOf", "anyOf", "oneOf", "not", "if", "syntax"),
)
WITHOUT_EXAMPLE = ("invalid",)  # errors that the sandbox can write by itself, besides its own
OF_THE_REQUEST = ("schema", *IN_REQUEST)
OF_THE_ACCOUNT = ("sender", "stop-list", "balance", "message", *CODE_CHECKS)
CHECKS = (*ON_REQUESTS, *ON_SENDS, "message", *CODE_CHECKS)
# The usual errors of each check; the first that the document has is used.
USUAL: Mapping[str, tuple[str, ...]] = {
    "missing-key": ("missing-key", "unknown-key"),
    "unknown-key": ("unknown-key",),
    "closed-account": ("closed-account", "unknown-key"),
    "schema": ("invalid",),
    "recipient": ("invalid-recipient", "no-valid-numbers", "invalid"),
    "sender": ("unknown-sender", "invalid-sender", "invalid"),
    "stop-list": ("stopped", "opted-out", "invalid"),
    "schedule": ("invalid-schedule", "invalid"),
    "callback-url": ("invalid-callback-url", "invalid"),
    "balance": ("insufficient-funds",),
    "message": ("not-found",),
    **{name: (name,) for name in CODE_CHECKS},
}

NOTHING = Decimal(0)
PLACE = re.compile(r"(?:[\w$-]+(?:\[\d+\])*\.|\[\d+\]\.)*([\w$-]+)(?:\[\d+\])*: ")  # that a reason begins with
PARAMETERS = re.compile(r"\bparameters(?:\.(\w+)|\[['\"]([^'\"]+)['\"]\])")  # that a template reads

Reasons = tuple[str, ...]


class Subject(NamedTuple):
    """What is checked: a call, what its templates can read, what the behaviour has read of it, and what that costs.

    `flawed`: what was read is wrong in itself; the checks `IN_REQUEST` say why.
    """

    call: Call
    scope: Scope
    request: Any = None
    cost: Decimal = NOTHING
    flawed: bool = False


CheckFunction = Callable[[Subject], Reasons]


@dataclass(frozen=True, slots=True)
class Check:
    """A check and its error; `find` is None for the checks of a behaviour, which it brings itself.

    `message` replaces that of the error. `partial`: it looks at some parameters alone. `reads` has the parameters of a
    condition; an operation without them has no such check.
    """

    name: str
    error: str
    find: CheckFunction | None = None
    message: Get | None = None
    partial: bool = False
    reads: frozenset[str] = frozenset()


Checks = tuple[Check, ...]


class BoundChecks(NamedTuple):
    """The checks of one operation; `content` are those that a request must pass whose key and schema are right."""

    all: Checks
    content: Checks


def bind(checks: Checks, own: Mapping[str, CheckFunction], node: SpecNode, operation: OperationContext) -> BoundChecks:
    """Return the checks that a behaviour needs, with its own functions; the document must have their errors."""
    found = []
    context, known = operation.document, operation.names().parameters
    for check in checks:
        if known is not None and not check.reads <= {*known}:
            continue
        needed = check.find is not None or check.name in own
        if needed and check.error and check.error not in context.errors and check.error not in WITHOUT_EXAMPLE:
            node.note(
                f"the document has no error '{check.error}' for the check {check.name}; add an example of that name "
                "with an x-code to a response, or name another error below x-sandbox.refusals"
            )
        if check.find is not None:
            found.append(check)
        elif check.name in own:
            found.append(Check(check.name, check.error, own[check.name], check.message))
    several = context.credential is not None and context.credential.has_secret
    passed = (*IN_REQUEST, "schema", "closed-account", *(() if several else OF_THE_KEY))
    return BoundChecks(tuple(found), tuple(each for each in found if each.name not in passed))


def first_refusal(bound: BoundChecks, subject: Subject) -> Refusal | None:
    """Return the refusal of the first check that finds a reason, with the reasons of those after it; None if none."""
    call = subject.call
    checks = bound.content if call.account is not None and not call.violations and not subject.flawed else bound.all
    if not checks:
        return None
    for place, check in enumerate(checks):
        why = check.find(subject) if check.find is not None else ()
        if why:
            return _refuse(check, why, subject, checks[place + 1 :])
    return None


def refuse(checks: Checks, name: str, why: Reasons, subject: Subject) -> Refusal | None:
    """Return the refusal of the check `name`; None if the document does not list it."""
    check = next((each for each in checks if each.name == name), None)
    return None if check is None else _refuse(check, why, subject, ())


def _refuse(check: Check, why: Reasons, subject: Subject, later: Sequence[Check]) -> Refusal:
    """Return a refusal; the content of a request that breaks its schema is not judged any further."""
    rest = [each for each in later if each.name in ON_REQUESTS or not subject.call.violations]
    more = [reason for each in rest if each.find is not None for reason in each.find(subject)]
    reasons = tuple(dict.fromkeys((*why, *more)))
    if check.message is None:
        return Refusal(check.error, reasons)
    first = reasons[0]
    told = {"name": check.error, "message": first, "why": list(reasons), "parameter": parameter_of(first)}
    return Refusal(check.error, reasons, str(check.message(subject.scope.copy(why=list(reasons), error=told))))


def parameter_of(reason: str) -> str:
    """Return the parameter that a reason begins with (`body.rows[0].to: …`); an empty text if it names none."""
    place = PLACE.match(reason)
    return place[1] if place else ""


def read_checks(listed: SpecNode | None, context: DocumentContext, parameters: tuple[str, ...] | None) -> Checks:
    """Return the checks of a document's `refusals`, whose templates may read some parameters.

    What they leave out is checked too: the key before all others, the request itself before the account is looked at,
    the rest behind them.
    """
    names = Names((*IN_REQUESTS, "why"), tuple(context.settings), parameters)
    found = [each for node in (listed.entries("a mapping") if listed else ()) if (each := _read(node, context, names))]
    whole = {each.name for each in found if not each.partial}
    for place, each in enumerate(found):
        if listed is not None and any(each.name == one.name != "when" and not one.partial for one in found[:place]):
            listed.note(f"the check {each.name} stands in the list before; this one is never reached", place)
    absent = {*CODE_CHECKS, "closed-account"} - context.errors  # made only if the document has errors for them
    usual = [_usual(name, context) for name in CHECKS if name not in whole | absent]
    before = [each for each in usual if each.name in OF_THE_KEY]
    middle = [each for each in usual if each.name in OF_THE_REQUEST]
    behind = [each for each in usual if each.name not in (*OF_THE_KEY, *OF_THE_REQUEST)]
    listed_names = [each.name for each in found]
    place = next((place for place, name in enumerate(listed_names) if name in OF_THE_ACCOUNT), len(found))
    return (*before, *found[:place], *middle, *found[place:], *behind)


def _usual(name: str, context: DocumentContext) -> Check:
    error = next((each for each in USUAL[name] if each in context.errors), USUAL[name][-1])
    return Check(name, error, _function(name, context, frozenset(), frozenset()))


def _read(node: SpecNode, context: DocumentContext, names: Names) -> Check | None:
    node.only(KEYS, "a refusal")
    named = node.need("error", "a string", "the name of one of the document's errors")
    error = named.value if named is not None and context.error(named, named.value) else ""
    message = node.take("message", "a string")
    written = budgeted(read_text(message, names.plus("error"))) if message is not None else None
    if "when" in node.value:
        return _read_condition(node, names, error, written)
    check = node.need("check", "a string", f"one of {', '.join(CHECKS)}")
    if check is None or not check.one_of(CHECKS, "check"):
        return None
    parameters, rules = node.take("parameters", "a list"), node.take("rules", "a list")
    if (parameters is not None or rules is not None) and check.value != "schema":
        node.note("only the check schema has parameters and rules", "parameters" if parameters is not None else "rules")
    wanted = _words(parameters, context.parameters, "parameter")
    kinds = _words(rules, RULES, "rule")
    find = _function(check.value, context, wanted, kinds)
    return Check(check.value, error, find, written, partial=bool(wanted or kinds))


def _words(listed: SpecNode | None, known: Iterable[str] | None, what: str) -> frozenset[str]:
    """Return the known words of a list; empty if there is no list. None: any word is known."""
    items = list(listed.entries("a string")) if listed is not None else []
    if listed is not None and not listed.value:
        listed.note(f"is empty; name at least one {what}, or leave it out")
    return frozenset(each.value for each in items if known is None or each.one_of(known, what))


def _read_condition(node: SpecNode, names: Names, error: str, message: Get | None) -> Check | None:
    when = node.need("when", "a string", 'a condition, such as "{{ parameters.to == parameters.from }}"')
    if "check" in node.value:
        node.note("has check and when; write one of them", "when")
    if when is None or not is_template(when.value):
        if when is not None:
            when.note('is not a template; write a condition such as "{{ parameters.to == parameters.from }}"')
        return None
    holds = budgeted(read_value(when, names))
    why = node.take("why", "a string")
    reason = budgeted(read_text(why, names)) if why is not None else None

    def find(subject: Subject) -> Reasons:
        if subject.call.account is None or not _holds(holds, subject):
            return ()
        return (str(reason(subject.scope)) if reason is not None else f"request: {when.value} (x-sandbox.refusals)",)

    reads = frozenset(dot or quoted for dot, quoted in PARAMETERS.findall(when.value))
    return Check("when", error, find, message, reads=reads)


def _holds(condition: Get, subject: Subject) -> bool:
    """Return whether a condition holds; not if it fails at a value that breaks the schema, which says what is wrong."""
    try:
        return is_true(condition(subject.scope))
    except TemplateFailedError:
        if subject.call.violations:
            return False
        raise


def _function(
    name: str, context: DocumentContext, parameters: frozenset[str], rules: frozenset[str]
) -> CheckFunction | None:
    """Return the function of a check that every operation has; None for those of a behaviour."""
    match name:
        case "missing-key":
            return partial(_missing_key, context.credential)
        case "unknown-key" | "closed-account":
            return partial(_unknown_key, context.credential, closed=name == "closed-account")
        case "schema":
            return _schema(parameters, rules)
    return None


def _missing_key(credential: Credential | None, subject: Subject) -> Reasons:
    """Return the reason against a request without a key; a document without a credential serves everybody."""
    if credential is None:
        return ()
    found = credential.read(subject.call.values, subject.call.headers)
    if any(each.rule == "syntax" and found.missing.startswith(f"{each.at}.") for each in subject.call.violations):
        return ()  # what is in a part that cannot be read is unknown, not missing
    return (f"{found.missing}: is missing{credential.right.get(found.missing, '')}",) if found.missing else ()


def _wrong_secret(credential: Credential | None, subject: Subject, account: Account) -> Reasons:
    if credential is None or not credential.has_secret:
        return ()
    found = credential.read(subject.call.values, subject.call.headers)
    if found.other:
        return (f"{found.other}: is not the account of the key",)
    if account.secret is None or found.secret == account.secret or found.missing:
        return ()
    return (f"{credential.at}: the account was first used with another secret",)


def _unknown_key(credential: Credential | None, subject: Subject, *, closed: bool) -> Reasons:
    at = credential.at if credential is not None else "header"
    call = subject.call
    if not call.key:
        return ()
    if call.account is not None:
        return () if closed else _wrong_secret(credential, subject, call.account)
    if not closed:
        return (f"{at}: no account has this key",)
    open_ = subject.scope.world.scenario.admits(call.operation.partition(".")[0], call.key)
    return () if open_ else (f"{at}: the scenario closes the account of this key",)


def _schema(parameters: frozenset[str], rules: frozenset[str]) -> CheckFunction:
    def is_meant(violation: Violation) -> bool:
        return (not parameters or violation.name in parameters) and (not rules or violation.rule in rules)

    def find(subject: Subject) -> Reasons:
        violations = subject.call.violations
        return tuple(str(each) for each in violations if is_meant(each)) if violations else ()

    return find
