"""README and the pages of the documentation: each example runs, and each name that they use exists."""

import asyncio
import hmac
import os
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlencode

import click
import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from sandbox.cli.command_line import commands
from sandbox.docs.site import ASSETS, FOLDER, PAGES, Site
from sandbox.providers.registry import discover
from sandbox.recording.server import CALLBACKS
from sandbox.server.app import make_app
from sandbox.server.startup import Options, make_engine
from sandbox.testing import ReceivedCallback, Sandbox
from tests.benchmarks.__main__ import make_parser
from tests.builders import packs
from tests.client.fixtures import send
from tests.servers import Receiver

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXTS = {"README": README, **{name: (FOLDER / f"{name}.md").read_text(encoding="utf-8") for name in PAGES}}
TEXT = "\n".join(TEXTS.values())
OTHERS_FLAGS = {
    "--rm",
    "--no-deps",
    "--detach",
    "--scale",
    "--filename",
    "--schema",
    "--durability",
    "--hostile",
    "--hypothesis-profile",
    "--ignore",
    "--add-host",
    "--health-cmd",
    "--health-interval",
    "--health-retries",
    "--test",
}  # of docker, kubectl, node, pg_dump, pip and pytest
CURL = {"-s", "-i"}  # switches of curl that change nothing of the request

# What differs from run to run, and what stands for it in a comparison. Times of 2030 are on a frozen clock.
VARYING = {
    r"\b[0-9A-HJKMNP-TV-Z]{26}\b": "ULID",
    r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b": "UUID",
    r'(?<="smsID":")\d+': "DIGITS",
    r"\b[A-Za-z0-9]{24}-1\b": "ROW",
    r'(?<="otp":")\d+': "CODE",
    r'(?<="callback":)\d+': "NUMBER",
    r"\b(?!2030)\d{4}-\d\d-\d\d(T[\d:.]+Z| [\d:]+)": "TIME",
}


class Block(NamedTuple):
    """A fenced block, the page that it stands in, and its section: the last heading of the first or second level."""

    page: str
    section: str
    language: str
    text: str


def find_blocks() -> Iterator[Block]:
    for page, text in TEXTS.items():
        section = ""
        for match in re.finditer(r"^##? ([^\n]+)$|^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            section = match[1] or section
            if match[2]:
                yield Block(page, section, match[2], match[3])


BLOCKS = list(find_blocks())
SESSIONS = [block for block in BLOCKS if block.language == "console"]


def block(section: str, language: str, begins: str = "") -> str:
    """Return the block of a section that begins so."""
    return next(
        each.text
        for each in BLOCKS
        if (each.section, each.language) == (section, language) and each.text.startswith(begins)
    )


def normal(text: str) -> str:
    """Return an output with what varies named instead."""
    for pattern, name in VARYING.items():
        text = re.sub(pattern, name, text)
    return text


@asynccontextmanager
async def serving(options: Options | None = None) -> AsyncIterator["TestClient[web.Request, web.Application]"]:
    async with TestClient(TestServer(make_app(make_engine(options or Options())))) as client:
        yield client


async def curl(client: "TestClient[web.Request, web.Application]", line: str) -> str:
    """Do what a command line of curl does and return the body of the reply."""
    words = iter(shlex.split(line)[1:])
    method, url, data, headers = "", "", [], {}
    for word in words:
        match word:
            case "-X":
                method = next(words)
            case "-d":
                data.append(next(words))
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case _ if word.startswith("http"):
                url = word
            case _:
                assert word in CURL, f"{word} of curl is not known here"
    if data:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    path = url.removeprefix("http://127.0.0.1:8080")
    body = "&".join(data).encode() if data else None
    async with client.request(method or ("POST" if data else "GET"), path, data=body, headers=headers) as reply:
        return await reply.text()


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: f"{session.page}: {session.section}")
async def test_each_session_goes_as_it_is_shown(session: Block, receiver: Receiver) -> None:
    shown = session.text.splitlines()
    lines = [line.removeprefix("$ ") for line in shown if line.startswith("$ ")]

    async with serving(Options(callback={"betatel": receiver.url()})) as client:
        outputs = [await curl(client, line) for line in lines]

    assert list(map(normal, outputs)) == [normal(line) for line in shown if not line.startswith("$ ")]


# The commands that call a running server, or read what every installation has.
CALLING = frozenset(
    {
        *("accounts", "advance", "agenda", "callbacks", "clock", "endpoints", "messages", "otp", "requests", "reset"),
        *("scenarios", "send", "state", "targets", "use", "verify", "workspaces"),
    }
)
CLIENT = "from sandbox.client import Client\n"
FOLLOWED = [
    each
    for each in BLOCKS
    if each.language == "console"
    or (each.language == "bash" and each.text.startswith("sms-sandbox ") and "--url" not in each.text)  # of one server
    or each.text.startswith(CLIENT)
]


def run_command(line: str) -> int:
    """Run a command line of `sms-sandbox` if it calls a server; return its exit code.

    Nothing may fit a selection of callbacks, which is a negative answer and no mistake.
    """
    _, name, *words = shlex.split(line)
    if words[:1] == ["open"]:
        return 0  # it runs until it is stopped
    code = commands.main([name, *words], standalone_mode=False) or 0 if name in CALLING else 0
    return 0 if name == "callbacks" and code == 1 else code


async def follow(client: "TestClient[web.Request, web.Application]", each: Block) -> object:
    """Do what a block shows on a running server; return how it differs from what is shown."""
    url = str(client.make_url("")).rstrip("/")
    if each.text.startswith(CLIENT):
        return await asyncio.to_thread(exec, each.text.replace("http://127.0.0.1:8080", url), {})
    lines = each.text.splitlines()
    if each.language == "bash":
        return {code for line in lines if (code := await asyncio.to_thread(run_command, line))}
    outputs = [await curl(client, line.removeprefix("$ ")) for line in lines if line.startswith("$ ")]
    shown = [line for line in lines if not line.startswith("$ ")]
    return {(got, want) for got, want in zip(map(undated, outputs), map(undated, shown), strict=True) if got != want}


def undated(text: str) -> str:
    """Return an output with what varies named instead, times on a frozen clock too."""
    return normal(re.sub(r"\b2030(-\d\d-\d\dT[\d:.]+Z)", r"2026\1", text))


@pytest.mark.parametrize("page", [*dict.fromkeys(each.page for each in FOLLOWED)])
async def test_a_page_can_be_followed_from_top_to_bottom_on_one_server(
    page: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    async with serving(Options(callback={"betatel": receiver.url()})) as client:
        monkeypatch.setenv("SANDBOX_URL", str(client.make_url("")).rstrip("/"))
        differences = [(each.section, await follow(client, each)) for each in FOLLOWED if each.page == page]

    assert [each for each in differences if each[1]] == []


async def test_the_sessions_of_all_pages_can_be_followed_in_their_order_on_one_server(receiver: Receiver) -> None:
    sessions = [each for each in FOLLOWED if each.language != "bash"]
    async with serving(Options(callback={"betatel": receiver.url()})) as client:
        differences = []
        for each in sessions:
            await client.post("/_sandbox/clock/advance", json={"until": "idle"})  # a reader takes longer than callbacks
            differences.append((each.page, each.section, await follow(client, each)))

    assert [each for each in differences if each[2]] == []


@pytest.mark.parametrize("section", ["From nothing to a delivered callback", "Receive callbacks"])
def test_the_receiver_that_is_shown_takes_both_methods(section: str) -> None:
    source = block(section, "bash", "python - <<'END'").partition("\n")[2].partition("\nHTTPServer")[0]
    found: dict[str, Any] = {}
    exec(source, found)  # noqa: S102 - our own text

    assert {each for each in dir(found["Receiver"]) if each.startswith("do_")} == {"do_GET", "do_POST"}


@pytest.mark.parametrize(
    ("section", "page"), [("From nothing to a delivered callback", "README"), ("Send a code", "tutorial")]
)
async def test_the_first_send_leads_to_the_callbacks_that_are_shown(
    section: str, page: str, receiver: Receiver
) -> None:
    assert any(each.page == page and each.section == section for each in BLOCKS)
    send = block(section, "console").splitlines()[0].removeprefix("$ ")
    async with serving(Options(callback={"betatel": receiver.url()})) as client:
        await curl(client, send)
        await client.post("/_sandbox/clock/advance", json={"until": "idle"})

    shown = block(section, "json").splitlines()
    assert [normal(call.body) for call in receiver.calls] == list(map(normal, shown))


@pytest.mark.parametrize("section", ["From nothing to a delivered callback", "Receive callbacks"])
def test_the_receiver_that_is_shown_can_be_typed_as_it_stands(section: str) -> None:
    source = block(section, "bash", "python - <<'END'")

    assert compile(source.partition("\n")[2].partition("\nEND")[0], "receiver", "exec")


def test_the_callbacks_that_are_shown_are_those_that_arrive() -> None:
    shown = block("Formats and targets", "http").splitlines()
    with Sandbox() as sandbox:
        for operation in ("betatel.sms.send", "betatel.whatsapp.otp", "ubill.sms.send", "smsbuddy.sms.send"):
            words = ["--operation", operation, "--url", sandbox.url, "--workspace", sandbox.id]
            commands.main(["send", *words], standalone_mode=False)
        sandbox.advance("1m")
        arrived = [*map(line_of, sandbox.receiver.calls)]

    assert {*map(names_in, shown)} <= {*map(names_in, arrived)}


def line_of(call: ReceivedCallback) -> str:
    """Return a callback as the page shows it."""
    query = f"?{urlencode(call.query)}" if call.query else ""
    return f"{call.method} /dlr{query} {call.body}".rstrip()


def names_in(line: str) -> str:
    """Return a callback's line without the values that vary."""
    varying = "uuid|to|timestamp|smsID|number|date|id|mobile|deliv_time"
    return re.sub(rf'(?<=[?&"])({varying})("?[:=]"?)[^&"]*', r"\1\2", line)


def test_the_scenario_that_is_shown_has_no_mistake_and_its_commands_are_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "our-evening.yaml").write_text(block("Write a scenario", "yaml"))

    assert commands.main(["check", "our-evening.yaml"], standalone_mode=False) in {None, 0}


def test_every_magic_number_and_scenario_is_named() -> None:
    rules = yaml.safe_load((ROOT / "scenarios" / "default.yaml").read_text())["rules"]
    magic = {rule["name"][:2] for rule in rules}
    library = {path.stem for path in (ROOT / "scenarios").glob("*.yaml")}
    page = Site(packs()).source("scenarios")
    tables = [README.partition("## Magic numbers")[2].partition("\n## ")[0], page]
    shipped = page.partition("## Shipped scenarios")[2].partition("\n## ")[0]

    assert [set(re.findall(r"^\| (\d\d) \|", each, re.MULTILINE)) for each in tables] == [magic, magic]
    assert set(re.findall(r"^\| `([\w-]+)` \|", shipped, re.MULTILINE)) == library


async def test_the_hint_on_a_dropped_number_is_the_one_that_is_shown() -> None:
    (shown,) = re.findall(r"^X-Sandbox-Why: (.*)$", TEXTS["requests"], re.MULTILINE)
    path = "/v1/sms/send?key=k1&brandID=1&numbers=995511194242,12&text=message"
    async with serving() as client, client.get(path) as reply:
        assert unquote(reply.headers["X-Sandbox-Why"]) == shown


async def test_one_magic_number_with_an_error_refuses_the_whole_request() -> None:
    path = "/v1/sms/send?key=k1&brandID=1&text=message&numbers=995511000001,995511000042,995511000050"
    async with serving() as client, client.get(path) as reply:
        sent = await (await client.get("/_sandbox/messages")).json()

        assert ("42 insufficient" in unquote(reply.headers["X-Sandbox-Rule"]), sent["items"]) == (True, [])


def test_an_example_on_several_pages_is_the_same_on_each() -> None:
    examples: dict[str, set[str]] = {}
    for each in BLOCKS:
        if each.language in {"python", "yaml"}:
            examples.setdefault(each.text.split("\n\n")[0], set()).add(each.text)

    assert [first for first, texts in examples.items() if len(texts) > 1] == []


def run_pytest(folder: Path, name: str) -> "subprocess.CompletedProcess[str]":
    """Run a test file in a folder, with warnings as errors, as a process that has the plugin."""
    plugins = ("-p", "no:cacheprovider", "-p", "sandbox.testing.pytest_plugin")
    return subprocess.run(  # noqa: S603 - our own text
        [sys.executable, "-m", "pytest", "-q", "-W", "error", *plugins, name],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )


def test_the_pytest_example_passes(tmp_path: Path) -> None:
    (tmp_path / "test_signup.py").write_text(block("pytest", "python"))
    done = run_pytest(tmp_path, "test_signup.py")

    assert done.stdout.splitlines()[-1].startswith("2 passed"), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("page", "name", "passed"),
    [
        ("pytest", "test_delivery.py", 2),
        ("pytest", "test_fallback.py", 1),
        ("pytest", "test_more.py", 3),
        ("pytest", "test_two_shops.py", 1),
        ("pytest", "test_settings.py", 2),
        ("clock", "test_waiting.py", 1),
    ],
)
def test_each_test_file_that_is_shown_passes(tmp_path: Path, page: str, name: str, passed: int) -> None:
    (source,) = (each.text for each in BLOCKS if each.page == page and each.text.startswith(f"# {name}\n"))
    if "from flask" in source:
        pytest.importorskip("flask")
    (tmp_path / name).write_text(source)
    done = run_pytest(tmp_path, name)

    assert done.stdout.splitlines()[-1].startswith(f"{passed} passed"), done.stdout + done.stderr


def test_the_calls_of_the_receiver_that_are_shown_do_what_is_said() -> None:
    refuse, wait, clear = re.findall(r"`(sandbox\.receiver\.[^`]+)`", TEXTS["pytest"])
    with Sandbox() as sandbox:
        here = {"sandbox": sandbox}
        exec(refuse, here)  # noqa: S102 - our own text
        send(sandbox)
        sandbox.advance(until="idle")
        heard = eval(wait, here)  # noqa: S307 - as above
        exec(clear, here)  # noqa: S102 - as above

        assert ([call.json["status"] for call in heard], sandbox.receiver.calls) == (
            ["sent", "delivered", "sent", "delivered"],
            [],
        )


def test_the_sandbox_that_is_shown_gives_the_same_ids_again() -> None:
    shown = re.search(r"`(Sandbox\(start[^`]+\))`", TEXTS["clock"])
    assert shown
    ids = []
    for _ in range(2):
        with eval(shown[1], {"Sandbox": Sandbox}) as sandbox:  # noqa: S307 - our own text
            sign_up: dict[str, Any] = {}
            exec(block("pytest", "python"), sign_up)  # noqa: S102 - as above
            sign_up["sign_up"](sandbox, "38761444555")
            ids.append(sandbox.message("latest").id)

    assert ids[0] == ids[1]


async def test_the_client_example_runs() -> None:
    async with serving() as client:
        source = block("From Python", "python").replace("http://127.0.0.1:8080", str(client.make_url("")).rstrip("/"))
        left: dict[str, Any] = {}
        await asyncio.to_thread(exec, source, left)

        assert (await (await client.get("/_sandbox/scenario")).json())["name"] == "carrier-outage"


async def test_the_example_of_a_provider_serves_and_reports(tmp_path: Path, receiver: Receiver) -> None:
    (tmp_path / "acme.yaml").write_text(block("Add a provider", "yaml", "# acme/acme.yaml"))
    headers = {"x-acme-key": "k1"}
    async with serving(Options(specs=(tmp_path,), callback={"acme": receiver.url()}, seed=7)) as client:
        good = await client.post("/acme/messages", json={"to": "38761444555", "body": "hi"}, headers=headers)
        bad = await client.post("/acme/messages", json={"to": "one"}, headers=headers)
        keyless = await client.post("/acme/messages", json={"to": "38761444555", "body": "hi"})
        await client.post("/_sandbox/clock/advance", json={"until": "idle"})
        sent = (await good.json())["id"]
        found = await client.get(f"/acme/messages/{sent}", headers=headers)

        (call,) = receiver.calls
        signature = hmac.new(b"k1", call.body.encode(), "sha256").hexdigest()
        assert [good.status, bad.status, keyless.status] == [202, 400, 401]
        assert await found.json() == {"id": sent, "to": "38761444555", "state": "delivered"}
        assert (call.json["id"], call.json["state"], call.headers["x-acme-signature"]) == (sent, "delivered", signature)


def test_the_example_of_a_function_stands_beside_behaviours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = yaml.safe_load(block("Add a provider", "yaml", "# acme/acme.yaml"))
    document["x-sandbox"]["module"] = "acme_functions"
    document["paths"]["/acme/tariff"] = {"get": {"x-operation": "acme.tariff"}}
    (tmp_path / "acme.yaml").write_text(yaml.safe_dump(document))
    (tmp_path / "acme_functions.py").write_text(block("Functions", "python", "# acme_functions.py"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "acme_functions", raising=False)

    assert {*discover([tmp_path])["acme"].provider.operations} == {"acme.send", "acme.get", "acme.tariff"}


def test_every_command_line_is_one_that_the_command_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "our-evening.yaml").write_text("")
    shell = [line for each in BLOCKS if each.language == "bash" for line in each.text.splitlines()]
    inline = re.findall(r"`(sms-sandbox [^`]+)`", TEXT)
    lines = [
        line.partition("sms-sandbox ")[2] for line in (*shell, *inline) if re.search(r"(^|/| )sms-sandbox \w", line)
    ]
    lines = [line for line in lines if not line.startswith(".")]  # the build context of docker

    for line in lines:
        parse(commands, shlex.split(line))
    assert len(lines) > 25


def parse(command: click.Command, words: list[str]) -> None:
    """Read a command line to its end without doing what it says."""
    if isinstance(command, click.Group) and words:
        parse(command.commands[words[0]], words[1:])
    else:
        command.make_context(command.name, words)


def flags(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        yield from parameter.opts
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from flags(each)


def test_every_flag_that_is_named_exists() -> None:
    known = {*flags(commands), *OTHERS_FLAGS, *re.findall(r"--[a-z-]+", make_parser().format_help())}

    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT)) - known == set()


def test_every_variable_that_is_named_is_read() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "sandbox").rglob("*.py"))
    known = {parameter.envvar for each in commands.commands.values() for parameter in each.params}
    named = set(re.findall(r"SANDBOX_[A-Z]+[A-Z_]*", TEXT))

    assert {each for each in named if each not in known and each.rpartition("_")[0] not in sources} == set()


def test_every_control_path_that_is_named_is_served() -> None:
    contract = yaml.safe_load((ROOT / "sandbox" / "control" / "openapi.yaml").read_text())
    patterns = [re.sub(r"\\\{\w+\\\}", r"[^/]+", re.escape(path)) for path in contract["paths"]]
    patterns += ["/docs", *(f"/docs/{name}" for name in (*PAGES, *ASSETS)), *(f"/docs/{name}.md" for name in PAGES)]
    patterns += ["/llms.txt", "/mcp"]
    patterns += [f"{CALLBACKS.removeprefix('/_sandbox')}/[^/]+"]  # of the recorder
    named = {each.rstrip("/.") for each in re.findall(r"/_sandbox(/[\w./{}-]+)", TEXT)}

    assert {path for path in named if not any(re.fullmatch(each, path) for each in patterns)} == set()


def test_every_header_that_is_named_is_sent() -> None:
    senders = [path for name in ("pipeline", "control") for path in (ROOT / "sandbox" / name).rglob("*.py")]
    sources = "".join(path.read_text() for path in senders)

    assert {each for each in re.findall(r"X-Sandbox-\w+", TEXT) if f'"{each}"' not in sources} == set()


def test_every_file_that_is_named_exists() -> None:
    named = re.findall(r"`((?:sandbox|specs|tests|scenarios|\.ci)/[\w./-]+)`", TEXT)

    assert [each for each in named if not (ROOT / each).exists()] == []
