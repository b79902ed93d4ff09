"""Scenarios: those that can be used by name, the active one, and its replacement."""

import asyncio
import json
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterable, Iterator

from aiohttp import web

from sandbox.control.call import ControlCall, reply
from sandbox.control.lists import Object, reply_page
from sandbox.control.problems import Mistake, ProblemError, refuse
from sandbox.core.errors import FileMistake, ScenarioError
from sandbox.core.rules import Rule, RuleIndex
from sandbox.core.scenario import Scenario
from sandbox.core.world import World
from sandbox.formats.yaml_files import FileError, parse
from sandbox.specs.body_parsing import UnreadableError, read_json, utf8
from sandbox.specs.types import JSON

POSTED = "scenario"  # the file name of a scenario in a body, in its mistakes
LABELS = {"name", "description"}  # the keys of a scenario that change nothing


async def list_scenarios(call: ControlCall) -> web.Response:
    """Reply with every scenario that can be used by name; one with mistakes is listed with them."""
    library, items = call.server.library(), list[Object]()
    for name, path in library.paths.items():
        mistakes = [str(mistake) for mistake in library.mistakes(path)]
        description = "" if mistakes else library.named(name).description
        items.append({"name": name, "description": description, "mistakes": mistakes})
        await asyncio.sleep(0)
    return reply_page(items)


async def get_scenario(call: ControlCall) -> web.Response:
    """Reply with the active scenario."""
    return reply(show_scenario(call.world))


async def put_scenario(call: ControlCall) -> web.Response:
    """Make another scenario the active one."""
    call.workspace.use(_read_scenario(call, await call.request.read()))
    return await get_scenario(call)


async def check_scenario(call: ControlCall) -> web.Response:
    """Refuse a scenario as `PUT` would, or reply with its name and warnings; nothing changes."""
    scenario = _read_scenario(call, await call.request.read())
    return reply({"name": scenario.name, "warnings": [str(warning) for warning in scenario.warnings]})


def show_scenario(world: World) -> Object:
    """Return the active scenario: its rules in words, each with how many stored requests it shaped since it began."""
    scenario = world.scenario
    titles = {rule.title for index in scenario.rules.values() for rule in _rules(index)}
    hits = Counter(record.rule for record in world.requests.values() if record.id > world.requests_before)
    split = [_split_words(line, titles) for line in scenario.words]
    return {
        "name": scenario.name,
        "description": scenario.description,
        "rules": [{"name": title, "words": words, "hits": hits[title]} for title, words in split],
        "source": scenario.source,
        "warnings": [str(warning) for warning in scenario.warnings],
    }


def _rules(index: RuleIndex) -> Iterator[Rule]:
    """Yield the rules of one operation, some of them twice."""
    yield from (*index.general, *index.matches_refused)
    yield from (rule for _, rules in index.tails for found in rules.values() for rule in found)


def _split_words(line: str, titles: Iterable[str]) -> tuple[str, str]:
    """Return title and words of a rule that is written as `title: words`."""
    known = [title for title in titles if line.startswith(f"{title}: ")]
    title = max(known, key=len, default=line.partition(": ")[0])
    return title, line.removeprefix(title).removeprefix(": ")


def _read_scenario(call: ControlCall, raw: bytes) -> Scenario:
    """Return the scenario that a body names as `{"use": NAME}`, or contains.

    Raises:
        ProblemError: 400, the body is not text or `use` is not a name; 422, with every mistake of the scenario, or if
            it has only a name and a description.

    """
    raw = raw.removeprefix(BOM_UTF8)
    try:
        text = utf8(raw)
    except UnreadableError as error:
        raise refuse(400, "", f"body: {error}") from None
    if not text.strip():
        raise refuse(400, "", 'body: it is empty; send {"use": NAME} or a scenario as YAML or JSON')
    try:
        given = read_json(raw)
    except UnreadableError:
        given = {}
    if "use" in given:
        _check_keys(text)
        return _named_scenario(call, given, at="/use")
    # YAML may come with or without its own media type, JSON by its media type too.
    is_json = call.request.content_type == JSON and text.lstrip()[:1] in {"{", "["}
    return _parse(call, text, is_json=is_json)


def read_given(call: ControlCall, given: object, *, at: str) -> Scenario:
    """Return the scenario that a name, `{"source": TEXT}` or an object stands for; `at` points to it in the body.

    Raises:
        ProblemError: 422, there is no scenario of that name, or with every mistake of the scenario.

    """
    if isinstance(given, str):
        return load_scenario(call, given, at=at)
    try:
        if isinstance(given, dict) and isinstance(given.get("source"), str):
            return _parse(call, given["source"], is_json=False)
        return _parse(call, json.dumps(given, ensure_ascii=False), is_json=True)
    except ProblemError as error:
        raise ProblemError(error.status, [each._replace(at=at) for each in error.mistakes]) from None


def _parse(call: ControlCall, text: str, *, is_json: bool) -> Scenario:
    """Return the scenario that a text contains.

    Raises:
        ProblemError: 422, with every mistake of the scenario, or if it has only a name and a description.

    """
    try:
        scenario = call.server.library().text(text, POSTED, is_json=is_json)
    except ScenarioError as error:
        raise ProblemError(422, map(_placed, error.mistakes)) from None
    if not scenario.words:
        _check_content(call, text)
    return scenario


def _check_keys(text: str) -> None:
    """Check that a JSON text has each key once, as a scenario must.

    Raises:
        ProblemError: 422, it has one twice.

    """
    try:
        parse(text, POSTED, is_json=True)
    except FileError as error:
        raise ProblemError(422, map(_placed, error.mistakes)) from None


def _check_content(call: ControlCall, text: str) -> None:
    """Check that a document has more than a name: a client that sends no more means the scenario of that name.

    Raises:
        ProblemError: 422, it has a name and a description at most.

    """
    document = parse(text, POSTED)
    given = document.value if isinstance(document.value, dict) else {}
    if not set(given) <= LABELS:
        return
    name = given.get("name")
    found = f"the scenario has only {' and '.join(given)}" if given else "the scenario is empty"
    advice = "add rules, extends, settings, accounts, targets, seed or clock, or rules: [] for no rules"
    if isinstance(name, str) and name in call.server.library().paths:
        advice = f"to use the scenario of that name, send {json.dumps({'use': name}, ensure_ascii=False)}"
    raise ProblemError(422, [_placed(document.mistake((), f"{found}; {advice}"))])


def _named_scenario(call: ControlCall, given: dict[str, object], *, at: str) -> Scenario:
    """Return the scenario of `{"use": NAME}`.

    Raises:
        ProblemError: 400, there is more than a name; 422, there is no scenario of that name, or it has mistakes.

    """
    name = given["use"]
    others = sorted(set(given) - {"use"})
    if not isinstance(name, str) or others:
        mistakes = [Mistake(f"/{other}", "use cannot be combined with other keys") for other in others]
        wrong = [] if isinstance(name, str) else [Mistake(at, "use must be the name of a scenario")]
        raise ProblemError(400, [*wrong, *mistakes])
    return load_scenario(call, name, at=at)


def load_scenario(call: ControlCall, name: str, *, at: str) -> Scenario:
    """Return the scenario of a name, which `at` points to.

    Raises:
        ProblemError: 422, there is no scenario of that name, or it has mistakes.

    """
    try:
        return call.server.library().named(name)
    except ScenarioError as error:
        mistakes = [_placed(mistake)._replace(at=at) for mistake in error.mistakes]
        raise ProblemError(422, mistakes) from None


def _placed(mistake: FileMistake) -> Mistake:
    """Return a mistake of a scenario as a mistake of the call."""
    return Mistake("", str(mistake), mistake.line, mistake.column)
