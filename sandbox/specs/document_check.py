"""Checks a provider document before it is compiled, and fills in the defaults.

All mistakes are reported at once. The shipped documents are not checked at start, as a test checks them.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from sandbox.core.account import Approval
from sandbox.core.clock import DurationError, parse_duration
from sandbox.core.errors import near_miss
from sandbox.core.message import LIFECYCLE_STATUSES, Status
from sandbox.specs.document import SpecNode
from sandbox.specs.path_check import check_paths
from sandbox.specs.spec import NAME, OWN_SETTINGS
from sandbox.specs.types import PathProblem, show
from sandbox.specs.validation import check_schema, fits

VERSION = re.compile(r"3(?:\.\d+){0,2}", re.ASCII)
OWN = (
    "provider",
    "module",
    "credential",
    "credentials",
    "time",
    "refusals",
    "numbers",
    "account",
    "settings",
    "channels",
    "trailing_slash",
)
ACCOUNT = ("balance", "senders", "brands", "templates", "stop_list")
NUMBERS = ("national", "country")
CHANNEL = ("life", "statuses", "omitted", "callback", "inbound")
STATUS = ("says", "next", "reported", "reads_back", "variants")
SETTING = ("default", "schema", "description")


TOP = ("openapi", "info", "servers", "security", "tags", "paths", "webhooks", "components", "externalDocs")


def check_document(document: dict[str, object]) -> list[PathProblem]:
    """Fill the defaults into a document, in place, and return its mistakes."""
    found: list[PathProblem] = []
    top = SpecNode(found, (), document)
    top.extensions()
    top.misspelt(TOP)
    version = top.value.get("openapi")
    if version is not None and not VERSION.fullmatch(str(version)):
        top.note(f"{show(version)} is not a version of OpenAPI 3; write 3.1.0", "openapi")
    own = top.need("x-sandbox", "a mapping", "what the sandbox needs to know: provider, channels")
    provider = _name(own) if own is not None else ""
    channels = _own(own) if own is not None else {}
    info = top.take("info", "a mapping", default={})
    if info is not None:
        info.take("title", "a string", default=provider)
    for each in top.each("servers", "a mapping"):
        url = each.need("url", "a string", "the provider's address, such as https://api.acme.example")
        if url is not None and not _is_url(url.value):
            url.note(f"{show(url.value)} is not a URL")
    _security_schemes(top)
    check_paths(top, provider, channels)
    return found


def _security_schemes(top: SpecNode) -> None:
    components = top.take("components", "a mapping")
    for _, each in components.rows("securitySchemes") if components is not None else ():
        each.marks()
        if each.value.get("in") == "header":
            each.need("name", "a string", "the header that carries the key, such as x-api-key")


def _is_url(text: str) -> bool:
    try:
        return bool(urlsplit(text).hostname)
    except ValueError:
        return False


def _name(own: SpecNode) -> str:
    """Return the provider's name, empty if it is missing or invalid."""
    name = own.need("provider", "a string", "the provider's name in lower case, such as acme")
    if name is None:
        return ""
    if not NAME.fullmatch(name.value):
        name.note(
            f"{show(name.value)} is not a valid name; use lower-case letters, digits, - and _, starting with a letter"
        )
        return ""
    return str(name.value)


def _own(own: SpecNode) -> Mapping[str, object]:
    """Check `x-sandbox` and return its channels."""
    own.only(OWN, "x-sandbox")
    own.take("module", "a string")
    credentials = own.take("credentials", "a list")
    if credentials is not None:
        if not credentials.value:
            credentials.note("is empty; write the header or parameter that carries the key, such as [key]")
        _texts(credentials)
    numbers = own.take("numbers", "a mapping")
    if numbers is not None:
        _numbers(numbers)
    account = own.take("account", "a mapping", default={})
    if account is not None:
        _account(account)
    slash = own.take("trailing_slash", "a mapping")
    if slash is not None:
        slash.marks()
    settings = own.take("settings", "a mapping", default={})
    if settings is not None:
        _settings(settings)
    right = "at least one, such as sms: {life: [sent: 200ms], statuses: {queued: {says: queued, next: [sent]}, …}}"
    channels = own.need("channels", "a mapping", right)
    for name, channel in channels.members() if channels is not None else ():
        if not NAME.fullmatch(name):
            channel.note(
                f"{show(name)} is not a valid name; use lower-case letters, digits, - and _, starting with a letter"
            )
        _channel(channel)
    return channels.value if channels is not None else {}


def _texts(part: SpecNode) -> None:
    for each in part.entries("a string"):
        if not each.value:
            each.note("is empty")


def _numbers(part: SpecNode) -> None:
    part.only(NUMBERS, "numbers")
    national = part.value.get("national")
    if not isinstance(national, int) or isinstance(national, bool) or national < 1:
        part.note(
            f"{show(national)} is not a number of digits; write how many digits a national number has", "national"
        )
    country = part.value.get("country")
    if not str(country).isdecimal():
        part.note(f'{show(country)} is not a country code; write its digits, such as "91"', "country")


def _account(account: SpecNode) -> None:
    account.only(ACCOUNT, "account")
    account.marks()
    balance = account.take("balance", "a mapping", default={})
    for balance_type, amount in list(balance.value.items()) if balance is not None else ():
        if balance is not None and not _is_amount(amount):
            balance.note(f"{show(amount)} is not an amount of 0 or more", balance_type)
    for name in ("senders", "brands"):
        for each in account.each(name, "a mapping"):
            sender = each.need("id", "a string", "what the sender is called in a request")
            each.take("name", "a string", default=sender.value if sender is not None else "")
            each.choice("state", [*Approval], "state", default=Approval.APPROVED.value)
    for each in account.each("templates", "a mapping"):
        each.need("id", "a string", "what the template is called in a request")
        each.need("text", "a string", "what a message must look like")
    stopped = account.take("stop_list", "a list")
    if stopped is not None:
        _texts(stopped)


def _is_amount(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return False
    return amount.is_finite() and amount >= 0


def _settings(settings: SpecNode) -> None:
    for name, row in OWN_SETTINGS.items():
        if settings.value.get(name) is None:
            settings.value[name] = dict(row)
    for name, setting in settings.members():
        setting.only(SETTING, "a setting")
        setting.marks()
        setting.take("description", "a string", default=f"The setting {name}.")
        schema = setting.take("schema", "a mapping", default={})
        sound = schema is not None and check_schema(schema)
        if setting.value.get("default") is None:
            setting.note("is missing; write the value that applies unless a scenario sets another", "default")
        elif schema is not None and sound:
            schemas = [schema.value, OWN_SETTINGS[name]["schema"]] if name in OWN_SETTINGS else [schema.value]
            for problem in dict.fromkeys(each for one in schemas for each in fits(setting.value["default"], one)):
                setting.note(problem, "default")


def _channel(channel: SpecNode) -> None:
    channel.only(CHANNEL, "a channel")
    right = "a row for each status that a message can have, such as queued: {says: accepted, next: [sent]}"
    statuses = channel.need("statuses", "a mapping", right)
    omitted = channel.take("omitted", "a mapping", default={})
    if statuses is None or omitted is None:
        return
    for status, value in list(omitted.value.items()):
        omitted.value[status] = {} if value is None else value
    left_out = [status for status, _ in omitted.members() if _is_status(omitted, status)]
    had = [status for status, row in statuses.members() if _is_status(statuses, status) and _status(row, statuses)]
    for status in set(had) & set(left_out):
        omitted.note("is listed under statuses too; list it in one place", status)
    first = statuses.value.get(Status.QUEUED)
    if isinstance(first, dict) and first.get("reported") is True and Status.SCHEDULED not in statuses.value:
        told = "every message is queued when the reply tells it, so no callback reports that; leave it out"
        statuses.inside(Status.QUEUED.value, first).note(told, "reported")
    if Status.QUEUED not in statuses.value:
        statuses.note(
            "queued is missing, but every message starts with it; write queued: {says: accepted, next: [sent]}"
        )
    life = channel.take("life", "a list")
    if life is None:
        if channel.value.get("life") is None:
            channel.note("is missing; write the usual lifecycle, such as [sent: 200ms, delivered: 2s]", "life")
        return
    _life(life, statuses.value)


def _is_status(part: SpecNode, status: str) -> bool:
    if status in LIFECYCLE_STATUSES:
        return True
    part.note(f"unknown status '{status}'.{near_miss(status, LIFECYCLE_STATUSES)}", status)
    return False


def _status(row: SpecNode, statuses: SpecNode) -> bool:
    row.only(STATUS, "a status")
    row.marks()
    row.need("says", "a string", "the provider's word for this status")
    for each in row.each("next", "a string"):
        each.one_of(statuses.value, "status")
    for name in ("reported", "reads_back"):
        row.take(name, "a boolean")
    variants = row.value.get("variants")
    if isinstance(variants, list):
        _texts(row.inside("variants", variants))
    elif variants is not None:
        row.take("variants", "a mapping")
    else:
        row.value.pop("variants", None)
    return True


def _life(life: SpecNode, statuses: Mapping[str, object]) -> None:
    """Check that each status of a lifecycle is one of the channel's and can follow the one before."""
    here = Status.QUEUED.value
    for step in life.entries("a mapping"):
        for status, delay in step.value.items():
            if status not in statuses:
                step.note(f"this channel has no status '{status}'.{near_miss(status, statuses)}", status)
                continue
            allowed = _following(statuses.get(here))
            if status not in allowed:
                known = ", ".join(allowed) or "none"
                step.note(f"{status} cannot follow {here}; its next statuses are {known}", status)
            here = status
            try:
                parse_duration(delay)
            except DurationError as error:
                step.note(str(error), status)


def _following(row: object) -> list[str]:
    following: Iterable[object] = row.get("next") or () if isinstance(row, Mapping) else ()
    return list(map(str, following)) if isinstance(following, list) else []
