"""An edited provider document is in force at once and loses nothing that is stored; a broken edit changes nothing."""

import asyncio
import json
import ssl
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from aiohttp.test_utils import TestClient

from sandbox.callbacks.compose import request_of
from sandbox.control.access import Access, is_known_host
from sandbox.core.clock import ClockMode
from sandbox.engine.engine import Engine
from sandbox.engine.workspace import WorkspaceConfig
from sandbox.pipeline import Response
from sandbox.scenarios import load_text
from sandbox.server.edits import Edits, follow_edits
from sandbox.server.fast_path import FastPath
from sandbox.server.startup import Options, make_engine
from sandbox.server.tls import serve_hosts
from sandbox.specs.body_parsing import Request
from sandbox.store.sqlite import SqliteStore
from tests.servers import PATIENCE, OwnServer
from tests.specs.documents import Node
from tests.specs.manners import write_manners

DOCUMENT = """\
openapi: 3.1.0
info: {title: Acme, version: "1"}
servers: [{url: https://api.acme.example}]
x-sandbox:
  provider: acme
  module: MODULE
  credentials: [x-acme-key]
  account: {balance: {SMS: "1000"}}
  settings: {timeout: {default: 10s, schema: {type: string}, description: How long a receiver may take.}}
  channels:
    sms:
      life: [sent: 1s, delivered: 1s]
      statuses:
        queued: {says: accepted, next: [sent]}
        sent: {says: on its way, next: [delivered], reported: true}
        delivered: {says: arrived, reported: true}
      omitted: {scheduled: {}, undelivered: {}, expired: {}, rejected: {}, failed: {}, read: {}}
paths:
  /acme/messages:
    post:
      operationId: acme.send
      x-operation: acme.send
      x-channel: sms
      x-word: documented
      parameters: [{name: x-acme-key, in: header, schema: {type: string}}]
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties: {to: {type: string, x-word: documented}, text: {type: string, x-word: documented}}
            examples: {documented: {value: {to: "38761444555", text: hi}}}
      responses:
        "200": {description: Accepted., content: {application/json: {schema: {type: object}}}}
        "400":
          description: Refused.
          content: {application/json: {examples: {invalid: {value: {error: invalid}, x-code: 400}}}}
        "401":
          description: Unknown key.
          content: {application/json: {examples: {unknown-key: {value: {error: key}, x-code: 401}}}}
        "413":
          description: Too large.
          content: {application/json: {examples: {too-large: {value: {error: large}, x-code: 413}}}}
"""
MODULE = """\
import json
from sandbox.provider import Draft, Outgoing, Plan, Provider, Reply

def send(world, call):
    draft = Draft(call.draw("id", 8).hex(), call.channel, call.text("to"), None, call.text("text"))
    return Plan(Reply(200, {"id": draft.id}), (draft,))

def report(change):
    body = {"state": change.step.word, "waits": change.settings["timeout"]}
    return Outgoing("POST", "", {}, json.dumps(body))

PROVIDER = Provider("acme", {"acme.send": send}, lambda _, headers: headers.get("x-acme-key"), lambda *_: None, report)
"""

Change = Callable[[Node], object]


class Edited:
    """A provider's document in the hands of somebody who edits it, and the server that follows it."""

    def __init__(self, folder: Path, module: str, *, scenario: Path | None = None) -> None:
        self.path = folder / "acme.yaml"
        self.document: Node = yaml.safe_load(DOCUMENT)
        self.document["x-sandbox"]["module"] = module
        self.write()
        self.reports: list[str] = []
        name = "default" if scenario is None else str(scenario)
        self.options = Options(specs=(folder,), scenario=name, clock=(ClockMode.FROZEN, 1))
        self.engine = make_engine(self.options)
        self.edits = Edits(self.engine, self.options, self.reports.append)

    def write(self) -> None:
        self.path.write_text(yaml.safe_dump(self.document, sort_keys=False), encoding="utf-8")

    def edit(self, *changes: Change) -> list[str]:
        """Edit the document; return what is reported."""
        for change in changes:
            change(self.document)
        self.write()
        return self.reload()

    def reload(self) -> list[str]:
        before = len(self.reports)
        self.edits.reload()
        return self.reports[before:]

    def send(self, path: str = "/acme/messages", **body: str) -> Response:
        headers = {"content-type": "application/json", "x-acme-key": "k"}
        content = json.dumps({"to": "38761444555", "text": "hi", **body}).encode()
        return self.engine.receive(Request("POST", path, "", headers, content)).response

    async def pass_time(self, seconds: float = 60) -> None:
        await self.engine.default.advance(timedelta(seconds=seconds))

    def words(self, number: int = 1) -> list[str]:
        return [step.word for step in self.engine.default.world.messages[number].history]

    def callbacks(self) -> list[object]:
        world, packs = self.engine.default.world, self.engine.providers.known
        written = (request_of(world, packs, each) for each in world.callbacks.values())
        return [json.loads(each.body) for each in written if each]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the name of a module that can be imported for the length of a test."""
    name = f"acme_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    sys.modules.pop(name, None)


@pytest.fixture
async def acme(tmp_path: Path, module: str) -> Edited:
    """Return Acme's document, followed by a server."""
    return Edited(tmp_path, module)


def channel(document: Node, name: str = "sms") -> Node:
    found = document["x-sandbox"]["channels"][name]
    assert isinstance(found, dict)
    return found


def move_path(document: Node) -> None:
    document["paths"]["/acme/v2/messages"] = document["paths"].pop("/acme/messages")


def reword(document: Node) -> None:
    channel(document)["statuses"]["sent"]["says"] = "under way"


def rename_channel(document: Node) -> None:
    reword(document)
    document["x-sandbox"]["channels"] = {"text": channel(document)}
    document["paths"]["/acme/messages"]["post"]["x-channel"] = "text"


def slow_down(document: Node) -> None:
    document["x-sandbox"]["settings"]["timeout"]["default"] = "20s"


async def test_an_edited_document_is_in_force_at_once(acme: Edited) -> None:
    before = acme.send().status
    told = acme.edit(move_path)

    assert (before, told, acme.send().status, acme.send("/acme/v2/messages").status) == (
        200,
        ["reloaded the provider acme"],
        404,
        200,
    )


async def test_the_next_status_of_a_message_has_the_word_of_the_edited_document(acme: Edited) -> None:
    acme.send()
    acme.edit(reword)
    await acme.pass_time()

    assert acme.words() == ["accepted", "under way", "arrived"]


async def test_what_a_message_has_been_keeps_its_word(acme: Edited) -> None:
    acme.send()
    await acme.pass_time(1)
    acme.edit(reword)

    assert acme.words() == ["accepted", "on its way"]


def forget_sent(document: Node) -> None:
    channel(document)["life"] = [{"delivered": "1s"}]
    channel(document)["statuses"]["queued"]["next"] = ["delivered"]
    channel(document)["statuses"].pop("sent")
    channel(document)["omitted"]["sent"] = {}


async def test_a_planned_status_that_is_gone_keeps_its_word(acme: Edited) -> None:
    acme.send()
    acme.edit(forget_sent)
    await acme.pass_time()
    acme.send()
    await acme.pass_time()

    assert (acme.words(), acme.words(2)) == (["accepted", "on its way", "arrived"], ["accepted", "arrived"])


async def test_a_message_of_a_channel_that_is_gone_continues_as_it_was(acme: Edited) -> None:
    acme.send()
    told = acme.edit(rename_channel)
    acme.send()
    await acme.pass_time()

    assert (told, acme.words(), acme.words(2), len(acme.callbacks())) == (
        ["reloaded the provider acme"],
        ["accepted", "on its way", "arrived"],
        ["accepted", "under way", "arrived"],
        4,
    )


async def test_the_default_settings_of_the_edited_document_count(acme: Edited) -> None:
    acme.send()
    acme.edit(slow_down)
    await acme.pass_time(1)

    assert acme.callbacks() == [{"state": "on its way", "waits": "20s"}]


async def test_a_provider_that_is_removed_answers_no_more_and_its_messages_continue(acme: Edited) -> None:
    acme.send()
    acme.path.unlink()
    told = acme.reload()
    await acme.pass_time()

    assert (told, acme.send().status, acme.words(), len(acme.callbacks())) == (
        ["removed the provider acme; the messages that it has accepted continue"],
        404,
        ["accepted", "on its way", "arrived"],
        2,
    )


async def test_a_provider_that_was_removed_may_come_back(acme: Edited) -> None:
    acme.send()
    acme.path.unlink()
    acme.reload()
    told = acme.edit(reword)
    await acme.pass_time()

    assert (told, acme.words()) == (["added the provider acme"], ["accepted", "under way", "arrived"])


async def test_an_edit_that_changes_no_value_changes_nothing(acme: Edited) -> None:
    pack = acme.engine.packs["acme"]
    acme.path.write_text(f"# a comment\n{acme.path.read_text()}")

    assert (acme.reload(), acme.engine.packs["acme"] is pack) == ([], True)


STAYS = "the edited provider documents have mistakes; the previous version stays active:\n"


def break_yaml(acme: Edited) -> str:
    acme.path.write_text("x-sandbox: {provider: [\n")
    return f"{STAYS}{acme.path}:2:1: "


def break_document(acme: Edited) -> str:
    acme.path.write_text(acme.path.read_text().replace("life:", "lief:"))
    return f"{STAYS}{acme.path}:22:5: x-sandbox.channels.sms.life: is missing"


def take_a_path(acme: Edited) -> str:
    other = acme.path.read_text().replace("provider: acme", "provider: other")
    (acme.path.parent / "other.yaml").write_text(other)
    return f"{STAYS}{acme.path.parent / 'other.yaml'}:"


def delete_folder(acme: Edited) -> str:
    acme.path.parent.rename(acme.path.parent.with_name("elsewhere"))
    return f"{STAYS}{acme.path.parent}: no such folder of specs"


BREAKS = {each.__name__: each for each in (break_yaml, break_document, take_a_path, delete_folder)}


@pytest.mark.parametrize("brake", BREAKS.values(), ids=BREAKS)
async def test_a_broken_edit_is_told_once_and_the_last_good_one_goes_on(
    acme: Edited, brake: Callable[[Edited], str]
) -> None:
    begins = brake(acme)
    told = [*acme.reload(), *acme.reload()]

    assert ([each[: len(begins)] for each in told], acme.send().status) == ([begins], 200)


@pytest.mark.parametrize("name", [".#acme.yaml", "._acme.yaml", ".acme.yaml.swp", "acme.yaml~", "acme.yaml.tmp"])
async def test_what_editors_leave_beside_a_document_is_no_document(acme: Edited, name: str) -> None:
    (acme.path.parent / name).symlink_to("nowhere")

    assert (acme.reload(), acme.send().status) == ([], 200)


async def test_a_mended_edit_is_told_even_if_it_is_as_before(acme: Edited) -> None:
    break_document(acme)
    acme.reload()

    assert (acme.edit(), acme.edit()) == (
        ["the mistakes in the provider documents are gone; what is active has not changed"],
        [],
    )


RULES = "name: ours\nrules:\n- {name: first, when: {operation: acme.send, nth: [1]}, then: {error: busy}}\n"


def name_error(name: str) -> Change:
    def change(document: Node) -> None:
        responses = document["paths"]["/acme/messages"]["post"]["responses"]
        example = {"value": {"error": name}, "x-code": 429}
        responses["429"] = {"description": "No.", "content": {"application/json": {"examples": {name: example}}}}

    return change


@pytest.fixture
async def ruled(tmp_path: Path, module: str) -> Edited:
    """Return Acme's document with an error that a scenario in use names."""
    scenario = tmp_path / "ours.yaml"
    scenario.write_text("name: ours\n")
    (tmp_path / "specs").mkdir()
    edited = Edited(tmp_path / "specs", module, scenario=scenario)
    edited.edit(name_error("busy"))
    scenario.write_text(RULES)
    edited.reload()
    return edited


async def test_an_edit_that_a_scenario_in_use_does_not_fit_is_refused(ruled: Edited, tmp_path: Path) -> None:
    told = ruled.edit(name_error("occupied"))

    assert (told[0].splitlines()[0], len(told[0].splitlines()), len(told), ruled.send().status) == (
        "a scenario in use does not fit the edited provider documents; the previous version stays active:",
        2,
        1,
        429,
    )
    assert told[0].splitlines()[1].startswith(f"{tmp_path}/ours.yaml:3:")


async def test_a_document_and_a_scenario_may_be_edited_together(ruled: Edited, tmp_path: Path) -> None:
    ruled.edit(name_error("occupied"))
    (tmp_path / "ours.yaml").write_text(RULES.replace("busy", "occupied"))

    assert (ruled.reload(), json.loads(ruled.send().body)) == (
        ["reloaded the provider acme", "workspace default reloaded scenario ours"],
        {"error": "occupied"},
    )


async def test_an_edit_waits_until_no_scenario_in_use_needs_what_it_drops(acme: Edited) -> None:
    acme.edit(name_error("busy"))
    acme.engine.default.use(load_text(RULES, "ours", packs=acme.engine.packs))
    refused = acme.edit(name_error("occupied"))
    acme.engine.default.use(acme.engine.start.scenario)
    await asyncio.sleep(0)

    assert (refused[0].splitlines()[1].partition(": ")[0], acme.reports[-1]) == (
        "ours:3:64",
        "reloaded the provider acme",
    )


async def test_an_edited_document_leaves_the_counters_of_a_scenario_alone(ruled: Edited) -> None:
    before = ruled.send().status
    ruled.edit(reword)

    assert (before, ruled.send().status) == (429, 200)


async def test_a_scenario_with_mistakes_does_not_stop_an_edited_document(ruled: Edited, tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text("name: ours\nrulse: []\n")
    told = ruled.edit(reword)

    assert [line.splitlines()[0] for line in told] == [
        "reloaded the provider acme",
        "the edited scenario has mistakes; the previous version stays active:",
    ]


async def test_an_edited_module_is_told_once_as_it_is_not_loaded_again(acme: Edited, module: str) -> None:
    file = acme.path.parent / f"{module}.py"
    file.write_text(MODULE + "\n# edited\n")

    assert (acme.reload(), acme.reload()) == (
        [f"{file} has changed; restart the server, because modules are loaded only at the start"],
        [],
    )


async def test_workspaces_get_the_keys_of_a_provider_that_is_added(acme: Edited) -> None:
    acme.path.rename(acme.path.with_suffix(".later"))
    acme.reload()
    lease = acme.engine.make_workspace(WorkspaceConfig(acme.engine.start.scenario))
    before = dict(lease.keys)
    acme.path.with_suffix(".later").rename(acme.path)
    acme.reload()
    key = lease.keys["acme"]["x-acme-key"]

    assert (key[:10], lease.keys) == (lease.workspace.name, {**before, "acme": {"x-acme-key": key}})
    await acme.engine.delete_workspace(lease.workspace.name)


async def test_the_host_of_an_edited_document_is_known_and_the_old_one_is_not(acme: Edited) -> None:
    access = Access(hosts=acme.engine.providers.hosts)
    acme.edit(lambda document: document.update(servers=[{"url": "https://sms.acme.example"}]))

    assert [is_known_host(access, host) for host in ("api.acme.example", "sms.acme.example")] == [False, True]


def accepts(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> bool:
    """Return whether a client trusts a server's certificate for a host name, by a handshake in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = (
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for side in (*sides, *sides):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError:
            return False
    return True


async def test_the_host_of_an_edited_document_gets_a_certificate(acme: Edited, tmp_path: Path) -> None:
    server = serve_hosts(acme.engine.providers, tmp_path / "tls")
    client = ssl.create_default_context(cafile=tmp_path / "tls" / "ca.pem")
    before = accepts(server, client, "sms.acme.example")
    acme.edit(lambda document: document.update(servers=[{"url": "https://sms.acme.example"}]))

    assert [before, *(accepts(server, client, f"{name}.acme.example") for name in ("sms", "api", "none"))] == [
        False,
        True,
        True,
        False,
    ]


async def test_a_path_of_an_edited_document_is_on_the_fast_path(acme: Edited) -> None:
    fast = FastPath(acme.engine, lambda: pytest.fail("no connection is made"))
    acme.edit(move_path)

    assert [path in fast.paths for path in (b"/acme/messages", b"/acme/v2/messages")] == [False, True]


async def test_the_words_of_an_edited_document_are_stored(acme: Edited, tmp_path: Path) -> None:
    store = tmp_path / "sandbox.db"
    await acme.engine.open_store(SqliteStore(store), acme.reports.append)
    acme.send()
    acme.edit(reword)
    await acme.engine.close()
    acme.engine = make_engine(acme.options)
    await acme.engine.open_store(SqliteStore(store), acme.reports.append)
    await acme.pass_time()
    await acme.engine.close()

    assert acme.words() == ["accepted", "under way", "arrived"]


async def test_what_a_store_has_of_a_provider_that_is_removed_continues_after_the_store_has_failed(
    acme: Edited, tmp_path: Path
) -> None:
    await acme.engine.open_store(SqliteStore(tmp_path / "sandbox.db"), acme.reports.append)
    acme.send()
    acme.path.unlink()
    acme.reload()
    stored, persistence = acme.engine.latest(), acme.engine.persistence
    assert stored
    assert persistence
    await stored
    await persistence.lose(["default"])
    await persistence.adopt("default")
    await acme.pass_time()
    await acme.engine.close()

    assert acme.words() == ["accepted", "on its way", "arrived"]


async def test_an_edit_while_the_server_runs_is_followed(acme: Edited) -> None:
    reported = asyncio.Event()
    watching = asyncio.create_task(follow_edits(acme.engine, acme.options, lambda _: reported.set()))
    move_path(acme.document)
    try:
        async with asyncio.timeout(PATIENCE):
            while not reported.is_set():  # whether the watch has begun before the edit or after it
                acme.write()
                await asyncio.wait([asyncio.create_task(reported.wait())], timeout=0.2)
    finally:
        watching.cancel()

    assert acme.send("/acme/v2/messages").status == 200


async def test_the_control_api_and_the_docs_follow_an_edited_document(acme: Edited) -> None:
    client = TestClient(OwnServer(acme.engine))
    async with client:
        pages = ("/_sandbox/providers", "/_sandbox/docs/providers.md", "/_sandbox/docs/search.json")
        before = [await (await client.get(page)).text() for page in pages]
        acme.edit(move_path)
        after = [await (await client.get(page)).text() for page in pages]

    moved = "/acme/v2/messages"
    assert [moved in each for each in (*before, *after)] == [False, False, False, True, True, True]


async def test_the_control_api_shows_what_is_left_of_a_provider_that_is_removed(acme: Edited) -> None:
    acme.send()
    acme.path.unlink()
    acme.reload()
    await acme.pass_time()
    async with TestClient(OwnServer(acme.engine)) as client:
        found = [
            (await client.get(f"/_sandbox/{path}")).status
            for path in ("messages?provider=acme", "accounts", "accounts/acme/k", "callbacks", "targets/acme", "state")
        ]
        served = await (await client.get("/_sandbox/health")).json()

    assert (found, "acme" in served["providers"]) == ([200, 200, 200, 200, 404, 200], False)


class OwnYaml(NamedTuple):
    """The document of a provider that has no module, and the server that follows it."""

    path: Path
    engine: Engine
    edits: Edits

    def edit(self, *changes: Change) -> None:
        document = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        for change in changes:
            change(document)
        self.path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        self.edits.reload()

    def send(self) -> None:
        headers = {"content-type": "application/json", "x-api-key": "k"}
        content = b'{"to": "38761444555", "text": "hi"}'
        assert self.engine.receive(Request("POST", "/header/messages", "", headers, content)).response.status == 200

    async def callbacks(self) -> list[str]:
        await self.engine.default.advance(timedelta(minutes=1))
        world, packs = self.engine.default.world, self.engine.providers.known
        written = (request_of(world, packs, each) for each in world.callbacks.values())
        return [each.body for each in written if each]


@pytest.fixture
async def own(tmp_path: Path) -> OwnYaml:
    """Return a provider in YAML alone."""
    write_manners(tmp_path, "header")
    options = Options(specs=(tmp_path,), clock=(ClockMode.FROZEN, 1))
    engine = make_engine(options)
    return OwnYaml(tmp_path / "header.yaml", engine, Edits(engine, options, lambda _: None))


def call_it_done(document: Node) -> None:
    document["x-sandbox"]["channels"]["sms"]["callback"]["body"] = {"done": "{{ message.to }}"}


def rename_sms(document: Node) -> None:
    document["x-sandbox"]["channels"]["text"] = document["x-sandbox"]["channels"].pop("sms")
    document["paths"]["/header/messages"]["post"]["x-channel"] = "text"


async def test_the_next_callback_of_a_message_is_that_of_the_edited_document(own: OwnYaml) -> None:
    own.send()
    own.edit(call_it_done)

    assert await own.callbacks() == ['{"done":"38761444555"}']


async def test_a_channel_that_is_gone_reports_as_it_did(own: OwnYaml) -> None:
    own.send()
    own.edit(call_it_done, rename_sms)
    own.send()
    old, new = await own.callbacks()

    assert ('"state":"arrived"' in old, new) == (True, '{"done":"38761444555"}')


async def test_a_collected_callback_is_shown_by_a_document_with_more_settings(own: OwnYaml) -> None:
    own.send()
    await own.callbacks()

    def add_setting(document: Node) -> None:
        document["x-sandbox"]["settings"] = {"sign": {"default": "x", "schema": {}, "description": "a sign"}}
        document["x-sandbox"]["channels"]["sms"]["callback"]["body"] = {"sign": "{{ settings.sign }}"}

    own.edit(add_setting)

    assert await own.callbacks() == ['{"sign":"x"}']
