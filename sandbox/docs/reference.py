"""Generates the reference parts of the pages: commands, control calls, client, keys, providers and scenarios.

A page marks such a part by a pair of comments, `generated: NAME` and `end`; the text between them is for readers of
the file itself. A part is written from what the code knows when a page is asked for, so it cannot be out of date. A
file that can be taken as it is, such as a Kubernetes manifest, is shown in the same way.
"""

import json
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.control.call import OPENAPI as CONTROL_API
from sandbox.control.system import describe_provider
from sandbox.docs.key_tables import provider_keys, scenario_keys, table
from sandbox.docs.python_reference import python_client
from sandbox.formats.yaml_files import load
from sandbox.providers.registry import Registry
from sandbox.scenarios import list_scenarios
from sandbox.scenarios.magic_numbers import magic_numbers
from sandbox.specs.compile import operations_of
from sandbox.specs.samples import parts_of, samples_of
from sandbox.specs.spec import ProviderSpec
from sandbox.specs.types import METHODS

if TYPE_CHECKING:
    import click

Node = Mapping[str, Any]
Schema = Mapping[str, Any] | bool
Lines = Iterator[str]

GENERATED = re.compile(r"^<!-- generated: ([a-z-]+) -->\n.*?^<!-- end -->\n", re.MULTILINE | re.DOTALL)
DEPLOY = Path(__file__).parent / "deploy"  # files that a reader can take as they are
COMMANDS = "sandbox.cli.command_line:commands"  # found by name: the command line is above this folder
EMPTY_LINES = re.compile(r"\n{3,}")
ENVIRONMENT = re.compile(r" ?\[env: (\w+)\]")


def fill_in(text: str, packs: Registry) -> str:
    """Return the Markdown of a page with its generated parts."""
    return GENERATED.sub(lambda match: EMPTY_LINES.sub("\n\n", "\n".join(PARTS[match[1]](packs)) + "\n"), text)


def commands(_: Registry) -> Lines:
    """Yield every command of the command line with its arguments and options."""
    import click  # noqa: PLC0415 - loaded by the command line, and by nothing else that serves

    root: click.Group = pkgutil.resolve_name(COMMANDS)
    context = click.Context(root, info_name="sms-sandbox")
    for name in root.list_commands(context):
        yield from _command(root.commands[name], context, name)


def _command(command: "click.Command", parent: "click.Context", name: str) -> Lines:
    import click  # noqa: PLC0415 - as above

    context = click.Context(command, info_name=name, parent=parent)
    yield from (f"## {context.command_path}", "", *cleandoc(command.help or "").splitlines(), "")
    yield from ("```text", " ".join([context.command_path, *command.collect_usage_pieces(context)]), "```", "")
    rows = [_option(each, context) for each in command.get_params(context) if isinstance(each, click.Option)]
    yield from table(("Option", "Description", "Default", "Environment variable"), rows)
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            yield from _command(command.commands[each], context, each)


def _option(option: "click.Option", context: "click.Context") -> tuple[str, ...]:
    value = "" if option.is_flag else f" {option.make_metavar(context)}"
    names = ", ".join(f"`{each}{value}`" for each in (*option.opts, *option.secondary_opts))
    text = option.help or ""
    variable = ENVIRONMENT.search(text)
    default = option.to_info_dict()["default"]
    shown = "" if option.is_flag or not isinstance(default, str | int | float) else f"`{default}`"
    return names, ENVIRONMENT.sub("", text), shown, f"`{variable[1]}`" if variable else ""


def calls(_: Registry) -> Lines:
    """Yield every call of the control API, grouped by its tags."""
    document: Any = load(CONTROL_API)
    for tag in document["tags"]:
        yield from (f"## {tag['name'].capitalize()}", "", _sentence(tag["description"]), "")
        for path, item in document["paths"].items():
            for method in METHODS:
                if method in item and item[method]["tags"] == [tag["name"]]:
                    yield from _call(document, f"{method.upper()} /_sandbox{path}", item[method], item)


def _call(document: Node, title: str, node: Node, item: Node) -> Lines:
    yield from (f"### {title}", "", node["summary"], "", node.get("description", ""), "")
    parameters = [_resolved(document, each) for each in (*item.get("parameters", ()), *node.get("parameters", ()))]
    rows = [
        (f"`{each['name']}`", each["in"], _kind(each["schema"]), _required(each) + _about(document, each))
        for each in parameters
    ]
    yield from table(("Parameter", "In", "Type", "Description"), rows)
    for media, content in node.get("requestBody", {}).get("content", {}).items():
        schema = content.get("schema", {})
        yield from (f"Body: `{media}` {_link(schema)}".rstrip(), "")
        yield from _properties(document, schema)
        for example in content.get("examples", {}).values():
            yield from ("```json", json.dumps(example["value"], ensure_ascii=False), "```", "")
    for status, response in node["responses"].items():
        if status != "default":
            found = _resolved(document, response)
            schemas = [each.get("schema", {}) for each in found.get("content", {}).values()]
            yield from (f"Returns `{status}`: {found['description']} {' '.join(map(_link, schemas))}".rstrip(), "")
            for schema in schemas:
                yield from _properties(document, schema)


def objects(_: Registry) -> Lines:
    """Yield the objects and values that the control API takes and returns."""
    document: Any = load(CONTROL_API)
    for name, schema in document["components"]["schemas"].items():
        yield from (f"### {name} object", "", _sentence(schema.get("description", "")), "")
        yield from _value_or_keys(document, schema)


def providers(packs: Registry) -> Lines:
    """Yield what each provider offers, every fact with its source."""
    for pack in packs.values():
        found: Any = describe_provider(pack.spec, pack.provider.inbound)
        yield from (f"## {found['name']}", "", f"{found['title']}.", "")
        yield from (f"- Hosts: {', '.join(f'`{each}`' for each in found['hosts']) or 'none'}",)
        yield from (f"- Credentials: {', '.join(f'`{each}`' for each in found['credentials']) or 'none'}", "")
        yield from _rows(
            "Settings", ("Setting", "Default", "Description", "Source"), found["settings"], "name default description"
        )
        opened = _opened(pack.spec.document["x-sandbox"]["account"])
        yield from (f"A key that is used first opens an account with {opened}.", "")
        for channel in found["channels"]:
            yield from _rows(
                f"Statuses of {channel['name']}",
                ("Status", "The provider's word", "Next", "Callback", "Source"),
                channel["statuses"],
                "status says next reported",
            )
            if channel["inbound"] is not None:
                words = [", ".join(channel["inbound"][name]) or "none" for name in ("stop", "start")]
                yield from (f"{channel['name']} takes messages from phones: {words[0]} opt out, {words[1]} opt in.", "")
            life = pack.spec.document["x-sandbox"]["channels"][channel["name"]].get("life", ())
            steps = (f"`{status}` after {delay}" for step in life for status, delay in step.items())
            told = f"By default, a message becomes {', then '.join(steps)}; each delay counts from the status before."
            yield from (told, "") if life else ()
        for operation in found["operations"]:
            yield from _operation(operation)
            yield from _success(pack.spec, operation["name"])


def _operation(operation: Node) -> Lines:
    yield from (f"### {operation['name']}", "", operation["summary"] or "", "", f"Source: {_source(operation)}", "")
    yield from (*(f"- `{call['method']} {call['path']}` ({_source(call)})" for call in operation["calls"]), "")
    found: dict[tuple[str, str], Node] = {}  # a parameter of several methods and paths is one row
    for each in (each for call in operation["calls"] for each in call["parameters"]):
        if (each["name"], each["in"]) not in found or each["required"]:
            found[each["name"], each["in"]] = each
    rows = [
        (f"`{name}`", place, _required(each) + _sentence(each["description"] or ""), _source(each))
        for (name, place), each in found.items()
    ]
    yield from table(("Parameter", "In", "Description", "Source"), rows)
    errors = [(f"`{each['name']}`", each["status"], each["code"], _source(each)) for each in operation["errors"]]
    yield from table(("Error", "HTTP status", "Code", "Source"), errors)


def _opened(account: Node) -> str:
    """Return what an account has at its first use."""
    amounts = [f"{amount} {kind}" for kind, amount in account.get("balance", {}).items()]
    lists = [
        f"the {noun.removesuffix('s')} `{each['id']}` ({each.get('state', 'approved')})"
        for noun in ("senders", "brands", "templates")
        for each in account.get(noun, ())
    ]
    return ", ".join([f"a balance of {' and '.join(amounts)}", *lists] if amounts else lists) or "no balance"


def _success(spec: ProviderSpec, name: str) -> Lines:
    """Yield a sample of the body of a successful reply: an example of the document, or one made from the schema."""
    parts = parts_of(spec, spec.operations[name])
    for _, _, node in operations_of(spec.document):
        if node["x-operation"] != name:
            continue
        for status, response in node.get("responses", {}).items():
            for media, content in response.get("content", {}).items() if str(status).startswith("2") else ():
                named = content.get("examples", {})
                good = {key: each for key, each in named.items() if "x-code" not in each}
                samples = samples_of(media, {**content, "examples": good}, parts)
                body = next(iter(samples.values()), None)
                if body:
                    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
                    origin = "an example of the document" if good or "example" in content else "made from its schema"
                    yield from (f"A successful reply, `{status}` ({origin}):", "", "```text", text, "```", "")
                    return


def magic(packs: Registry) -> Lines:
    """Yield the table of magic numbers."""
    yield magic_numbers(packs)


def library(packs: Registry) -> Lines:
    """Yield the scenarios that have a name."""
    yield from table(
        ("Scenario", "What it does"), [(f"`{each.name}`", each.description) for each in list_scenarios(packs)]
    )


def _show(name: str) -> Callable[[Registry], Iterable[str]]:
    """Return what yields a file of `deploy/` as a block of code."""
    language = "yaml" if name.endswith(".yaml") else "text"
    return lambda _: (f"```{language}", *(DEPLOY / name).read_text(encoding="utf-8").splitlines(), "```")


PARTS: Mapping[str, Callable[[Registry], Iterable[str]]] = {
    "commands": commands,
    "calls": calls,
    "objects": objects,
    "scenario-keys": scenario_keys,
    "provider-keys": provider_keys,
    "python-client": python_client,
    "providers": providers,
    "magic-numbers": magic,
    "scenarios": library,
    "compose": _show("compose.yaml"),
    "haproxy": _show("haproxy.cfg"),
    "kubernetes": _show("kubernetes.yaml"),
}


def _value_or_keys(document: Node, schema: Node) -> Lines:
    """Yield the properties of an object, or the type of a value that is none."""
    kind = _kind(schema)
    for each in (schema, *schema.get("anyOf", ())):
        yield from _properties(document, each)
    if "properties" not in schema and kind:
        yield from (f"Type: {kind}.", "")


def _properties(document: Node, schema: Node) -> Lines:
    """Yield the properties of an object as a table."""
    rows = [
        (f"`{name}`", _kind(each), ("Required. " if name in schema.get("required", ()) else "") + _text(document, each))
        for name, each in schema.get("properties", {}).items()
    ]
    yield from table(("Key", "Type", "Description"), rows)


def _text(document: Node, schema: Schema) -> str:
    """Return the description of a value, and the keys of an object that has no name of its own."""
    if isinstance(schema, bool):
        return ""
    found = _sentence(schema.get("description") or _resolved(document, schema).get("description", ""))
    inner = schema.get("properties") or schema.get("items", {}).get("properties") or {}
    if inner:
        keys = ", ".join(f"`{name}` ({_kind(each)})" for name, each in inner.items())
        found = f"{found} Keys: {keys}.".strip()
    return found


def _kind(schema: Schema) -> str:
    """Return the type of a value, with a link if it has a name."""
    if isinstance(schema, bool):
        return "any"
    types = schema.get("type", ())
    types = (types,) if isinstance(types, str) else types
    if "$ref" in schema:
        found = _link(schema)
    elif "const" in schema:
        found = f"`{json.dumps(schema['const'])}`"
    elif "enum" in schema:
        found = ", ".join(f"`{each}`" for each in schema["enum"])
    elif "anyOf" in schema:
        found = " or ".join(_kind(each) for each in schema["anyOf"])
    elif "array" in types and "items" in schema:
        found = f"array of {_kind(schema['items'])}"
    elif "object" in types and isinstance(schema.get("additionalProperties"), Mapping):
        found = f"object of {_kind(schema['additionalProperties'])}"
    else:
        found = " or ".join(types)
    return found


def _link(schema: Node) -> str:
    """Return a link to the section of a schema that has a name; nothing for another."""
    _, _, place = str(schema.get("$ref", "")).rpartition("#/")
    name = Path(place).name
    if not name:
        return ""
    return f"[{name}](#{name})" if place.startswith("$defs") else f"[{name}](#{name.lower()}-object)"


def _about(document: Node, parameter: Node) -> str:
    schema = parameter["schema"]
    found = parameter.get("description") or _resolved(document, schema).get("description", "")
    default = f" Default: `{schema['default']}`." if "default" in schema else ""
    return _sentence(found) + default


def _required(node: Node) -> str:
    return "Required. " if node.get("required") and node.get("in") != "path" else ""


def _resolved(document: Node, node: Node) -> Node:
    """Return what a reference names; anything else as it is."""
    if "$ref" not in node:
        return node
    found: Any = document
    for step in str(node["$ref"]).removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def _sentence(text: str) -> str:
    """Return a description as a sentence: with a capital letter, unless it begins with code, and a full stop."""
    text = text.strip()
    if not text or text.partition(" ")[0].endswith(":"):  # begins with the value that it explains
        return text
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "…")) else ".")


def _source(node: Node) -> str:
    return f"{node['word']}: {node['source']}" if node["source"] else str(node["word"])


def _rows(title: str, head: tuple[str, ...], items: list[Node], names: str) -> Lines:
    """Yield a heading and a table of some fields of each item; the last column has the source."""
    if items:
        yield from (f"### {title}", "")
        yield from table(head, [(*(_value(each[name]) for name in names.split()), _source(each)) for each in items])


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(f"`{each}`" for each in value)
    return str(value) if isinstance(value, str) and " " in value else f"`{value}`"
