"""The documentation as it is served: pages, links, search, policy, and the completeness of the reference."""

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import click
import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from sandbox import client
from sandbox.cli.command_line import commands
from sandbox.client import Client
from sandbox.client.clients import ApiMethod, ApiMethods
from sandbox.control.call import OPENAPI
from sandbox.control.problems import document
from sandbox.control.system import CONTENT_SECURITY_POLICY
from sandbox.docs.render import Page, render, slug
from sandbox.docs.site import ASSETS, BASE, FOLDER, PAGES, Site
from sandbox.formats.yaml_files import load
from sandbox.server.app import make_app
from tests.builders import packs
from tests.commands import run, serving, url_of
from tests.servers import Sandbox, make_engine
from tests.test_readme import README, ROOT, TEXTS

PROGRAM = """
import sys
from sandbox.server.app import make_app
from sandbox.server.runner import Options, make_engine
make_app(make_engine(Options()))
print(sorted(name for name in sys.modules if name.startswith(("markdown_it", "sandbox.cli"))))
"""


@cache
def site() -> Site:
    return Site(packs())


class Links(HTMLParser):
    """Collects what a page links to and loads, and the ids that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - HTMLParser's own
        for name, value in attrs:
            if name in {"href", "src"}:
                self.targets.append(value or "")
            elif name == "id":
                self.ids.append(value or "")


async def get(sandbox: Sandbox, path: str, **headers: str) -> ClientResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = await sandbox.client.get(path, headers=named, allow_redirects=False)
    await reply.read()
    return reply


def test_every_file_of_the_folder_is_a_page_and_every_page_is_a_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(PAGES)


def test_every_page_opens_with_its_title_and_has_no_other() -> None:
    titles = {name: [each.level for each in site().page(name).sections] for name in PAGES}

    assert {name: (levels[0], levels.count(1)) for name, levels in titles.items()} == dict.fromkeys(PAGES, (1, 1))


async def test_every_page_is_served_as_html_and_as_markdown(sandbox: Sandbox) -> None:
    for name in PAGES:
        html, raw = await get(sandbox, f"{BASE}{name}"), await get(sandbox, f"{BASE}{name}.md")

        assert (html.status, html.content_type, raw.status, raw.content_type) == (
            200,
            "text/html",
            200,
            "text/markdown",
        )
        assert await raw.text() == site().source(name)
        assert "<!-- generated" not in await raw.text()


async def test_every_link_leads_to_a_page_and_to_an_anchor_that_it_has(sandbox: Sandbox) -> None:
    pages = {f"{BASE}{name}": Links(site().document(name)) for name in PAGES}
    pages[BASE] = pages[f"{BASE}index"]
    broken = []
    for here, page in pages.items():
        for target in page.targets:
            path, anchor = urlsplit(urljoin(here, target)).path, urlsplit(target).fragment
            if urlsplit(target).netloc:
                continue
            if path not in pages:
                broken += [(here, target)] * ((await get(sandbox, path)).status != 200)
            elif anchor and anchor not in pages[path].ids:
                broken.append((here, target))

    assert broken == []


def test_no_page_loads_from_another_host_or_has_an_id_twice() -> None:
    pages = {name: Links(site().document(name)) for name in PAGES}
    loaded = [each for page in pages.values() for each in page.targets if each.endswith((".css", ".js", ".svg"))]

    assert all(each.startswith("/_sandbox/") for each in loaded)
    assert [name for name, page in pages.items() if len(page.ids) != len(set(page.ids))] == []


def links(text: str) -> Iterator[str]:
    yield from re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))


def test_every_link_works_where_the_files_themselves_are_read() -> None:
    broken = []
    for name, text in TEXTS.items():
        folder = ROOT if name == "README" else FOLDER
        for target in links(text):
            path, _, anchor = target.partition("#")
            if "://" in target:
                continue
            file = folder / path
            if not file.is_file() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"), file.stem)):
                broken.append((name, target))

    assert broken == []


def anchors(text: str, name: str) -> set[str]:
    """Return the anchors of a page; generated ones count, as the file says where they are."""
    return {slug(each) for each in re.findall(r"^#+ (.+)$", text, re.MULTILINE)} | {
        each.anchor for each in site().page(name).sections
    }


def test_readme_names_every_page() -> None:
    assert {f"sandbox/docs/{name}.md" for name in PAGES} - set(links(README)) == set()


def test_readme_weighs_less_than_14_kilobytes() -> None:
    assert len(README.encode()) < 14_000


def walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from walk(each, f"{path} {name}")


def test_the_reference_names_every_command_and_flag() -> None:
    sections = {each.title: each.text for each in site().page("cli").sections}
    missing = [
        (path, flag)
        for path, command in walk(commands, "sms-sandbox")
        if path != "sms-sandbox"
        for each in command.params
        for flag in (each.opts if isinstance(each, click.Option) else [each.make_metavar(click.Context(command))])
        if flag not in sections.get(path, "")
    ]

    assert missing == []


def test_the_reference_names_every_control_call_parameter_and_object() -> None:
    api: Any = load(OPENAPI)
    sections = {each.title: each.text for each in site().page("control-api").sections}
    calls = {
        f"{method.upper()} /_sandbox{path}": node
        for path, item in api["paths"].items()
        for method, node in item.items()
        if isinstance(node, dict) and "operationId" in node
    }
    parameters = [
        (title, each["name"])
        for title, node in calls.items()
        for each in node.get("parameters", ())
        if "name" in each and each["name"] not in sections.get(title, "")
    ]

    assert (calls.keys() - sections.keys(), parameters) == (set(), [])
    assert {f"{name} object" for name in api["components"]["schemas"]} - sections.keys() == set()


def test_the_reference_names_every_method_argument_and_field_of_the_client() -> None:
    sections = {each.title: each.text for each in site().page("python-client").sections}
    named: dict[str, Callable[..., object]] = {
        name: each.make for name, each in vars(ApiMethods).items() if isinstance(each, ApiMethod)
    }
    missing = [
        (name, argument)
        for name, make in {**named, "workspace": Client.workspace, "events": Client.events}.items()
        for argument in inspect.signature(make).parameters
        if argument != "self" and argument not in sections.get(name, "").split()
    ]
    values = {name: each for name in client.__all__ if is_dataclass(each := getattr(client, name))}
    missing += [
        (name, each.name)
        for name, kind in values.items()
        for each in fields(kind)
        if each.name not in sections.get(f"{name} object", "").split()
    ]

    assert (named.keys() - sections.keys(), missing) == (set(), [])


def test_the_reference_shows_a_method_with_types_defaults_and_errors() -> None:
    page = site().source("python-client").partition("### callback\n")[2].partition("\n### ")[0]

    assert (
        page.strip()
        == """\
```text
callback(id='latest', *, wait=None) -> Callback
```

Return one callback with all its attempts (default: the newest); with `wait`, once no attempt is under way.

| Argument | Type | Default |
| --- | --- | --- |
| `id` | `int \\| str` | `'latest'` |
| `wait` | `Duration` |  |

- Raises `NotFoundError`: it does not exist, or did not appear within `wait`."""
    )


@pytest.mark.parametrize("kind", ["scenario", "provider"])
def test_the_reference_names_every_key_of_a_kind_of_file(kind: str) -> None:
    schema = json.loads((ROOT / "specs" / f"{kind}.schema.json").read_text(encoding="utf-8"))
    sections = {each.title: each.text for each in site().page(f"{kind}-keys").sections}
    parts = {"Top level": schema, **schema["$defs"]}
    missing = [
        (title, key)
        for title, node in parts.items()
        for key in node.get("properties", {})
        if f" {key} " not in f" {sections.get(title, '')} "
    ]

    assert (parts.keys() - sections.keys(), missing) == (set(), [])


def test_the_reference_names_every_operation_parameter_and_error_of_a_provider_with_its_source() -> None:
    sections = {each.title: each.text for each in site().page("providers").sections}
    missing = []
    for pack in packs().values():
        for name, operation in pack.spec.operations.items():
            text = sections.get(name, "")
            missing += [(name, each) for each in operation.errors if each not in text]
            missing += [(name, "source")] * (not re.search(r"Source: (documented|published|inferred)", text))

    assert missing == []


def test_the_page_of_providers_shows_a_reply_of_each_operation_and_the_lifecycle_of_each_channel() -> None:
    source = site().source("providers")
    sections = {each.title: each.text for each in site().page("providers").sections}
    names = [name for pack in packs().values() for name in pack.spec.operations]

    assert [name for name in names if "A successful reply, 2" not in sections[name]] == []
    assert source.count("By default, a message becomes `sent` ") == sum(
        len(each.spec.channels) for each in packs().values()
    )
    assert (
        "By default, a message becomes `sent` after 200ms, then `delivered` after 2s; each delay counts from" in source
    )
    assert "opens an account with a balance of 1000000 sms, the brand `1` (approved)." in source


def test_the_page_of_problems_has_every_status_and_shows_the_document_as_it_is() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "sandbox" / "control").glob("*.py"))
    statuses = {int(each) for each in re.findall(r"(?:refuse|ProblemError)\((\d{3})", sources)}
    documented = {each.title for each in site().page("problems").sections}
    shown = json.loads(re.findall(r"^```json\n(.*?)^```$", TEXTS["problems"], re.MULTILINE | re.DOTALL)[0])

    assert {str(each) for each in statuses} - documented == set()
    assert (shown.keys(), shown["type"]) == (document(400, []).keys(), document(400, [])["type"])


async def test_the_pages_have_the_policy_of_the_inbox(sandbox: Sandbox) -> None:
    for path in ("", "tutorial", "tutorial.md", "search.json", *ASSETS):
        assert (await get(sandbox, f"{BASE}{path}")).headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


async def test_the_pages_need_no_token_but_a_host_that_is_known() -> None:
    client = TestClient(TestServer(make_app(make_engine(), token="secret")))
    async with client:
        statuses = [
            (await client.get(BASE)).status,
            (await client.get(BASE, headers={"Host": "evil.example"})).status,
            (await client.get(BASE, headers={"Sec-Fetch-Site": "cross-site"})).status,
            (await client.get("/_sandbox/messages")).status,
        ]

    assert statuses == [200, 403, 403, 401]


async def test_a_page_that_the_browser_has_is_not_sent_again(sandbox: Sandbox) -> None:
    first = await get(sandbox, BASE)
    again = await get(sandbox, BASE, If_None_Match=first.headers["ETag"])

    assert (again.status, await again.read()) == (304, b"")


async def test_a_picture_is_served_as_one(sandbox: Sandbox) -> None:
    reply = await get(sandbox, f"{BASE}pictures/overview.png")

    assert (reply.headers["Content-Type"], (await reply.read())[:4]) == ("image/png", b"\x89PNG")


@pytest.mark.parametrize(
    "path", ["none", "none.md", "site.py", "../control/openapi.yaml", "%2e%2e/__init__.py", "index.html"]
)
async def test_nothing_else_is_served(path: str, sandbox: Sandbox) -> None:
    assert (await get(sandbox, f"{BASE}{path}")).status == 404


async def test_the_address_without_its_last_slash_leads_to_the_pages(sandbox: Sandbox) -> None:
    reply = await get(sandbox, "/_sandbox/docs")

    assert (reply.status, reply.headers["Location"]) == (302, BASE)


async def test_the_search_index_has_every_section(sandbox: Sandbox) -> None:
    rows = json.loads(await (await get(sandbox, f"{BASE}search.json")).read())
    expected = [(name, each.anchor) for name in PAGES for each in site().page(name).sections]

    assert [(row["page"], row["anchor"]) for row in rows] == expected
    assert {row["page"] for row in rows if "dlr_url" in row["text"]} >= {"callbacks", "providers"}


def test_the_start_loads_neither_markdown_nor_the_command_line() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)  # noqa: S603 - ours

    assert done.stdout == "[]\n"


def test_markup_in_a_page_is_text() -> None:
    assert render("# A <b>title</b>\n\n<script>alert(1)</script>\n") == Page(
        '<h1 id="a-btitleb">A &lt;b&gt;title&lt;/b&gt;</h1>\n<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n',
        render("# A <b>title</b>\n\n<script>alert(1)</script>\n").sections,
    )


def test_a_heading_that_comes_again_gets_an_anchor_of_its_own() -> None:
    assert [each.anchor for each in render("# One\n\n## Two words\n\n## Two words\n").sections] == [
        "one",
        "two-words",
        "two-words-1",
    ]


def test_the_script_makes_no_markup_from_text() -> None:
    script = (FOLDER / "docs.js").read_text(encoding="utf-8")

    assert [each for each in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(") if each in script] == []


def test_the_command_docs_prints_the_address_of_a_server_that_answers() -> None:
    with serving() as (_, banner):
        url = url_of(banner)
        served = run("docs", "--url", url)
    refused, unready = run("docs", "--url", url), run("ready", "--url", url)

    assert (served, refused) == ((0, f"{url}{BASE}\n"), (2, unready[1]))


def test_a_page_is_printed_without_a_server() -> None:
    assert run("docs", "providers", "--print", "--url", "http://127.0.0.1:9")[:2] == (0, site().source("providers"))


@pytest.mark.parametrize("name", [path.stem for path in FOLDER.glob("*.md") if "generated:" in path.read_text()])
def test_a_page_with_generated_parts_says_how_it_is_printed(name: str) -> None:
    shells = re.findall(r"<!-- generated: ([\w-]+) -->\n(.*)\n<!-- end -->", TEXTS[name])

    assert any(f"`sms-sandbox docs {name} --print`" in text for _, text in shells) or name == "deployment"
