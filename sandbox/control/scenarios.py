"""Scenarios: those that a name can choose, the one in use, and another in its place."""

import asyncio
import json
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterable, Iterator

from aiohttp import web

from sandbox.control.call import ControlCall, reply
from sandbox.control.problems import Mistake, ProblemError, refuse
from sandbox.core.errors import FileMistake, ScenarioError
from sandbox.core.rules import Rule, RuleIndex
from sandbox.core.scenario import Scenario
from sandbox.core.world import World
from sandbox.formats.yaml_files import FileError, parse
from sandbox.specs.body_parsing import UnreadableError, read_json, utf8
from sandbox.specs.types import JSON

POSTED = "scenario"  # what a document that was sent is called in messages
LABELS = {"name", "description"}  # the keys of a scenario that change nothing


async def list_scenarios(ask: ControlCall) -> web.Response:
    """Answer every scenario that can be named; one with mistakes is listed with them."""
    shelf, items = ask.memory.shelf(), []
    for name, path in shelf.paths.items():
        mistakes = [str(mistake) for mistake in shelf.mistakes(path)]
        description = "" if mistakes else shelf.named(name).description
        items.append({"name": name, "description": description, "mistakes": mistakes})
        await asyncio.sleep(0)
    return reply({"items": items, "next": None, "evicted": 0})


async def get_scenario(ask: ControlCall) -> web.Response:
    """Answer the scenario in use."""
    return reply(show_scenario(ask.world))


async def put_scenario(ask: ControlCall) -> web.Response:
    """Behave otherwise from now on."""
    ask.workspace.use(asked_for(ask, await ask.request.read()))
    return await get_scenario(ask)


def show_scenario(world: World) -> dict[str, object]:
    """Return the scenario in use: its rules in words, each with how many of the kept requests it shaped."""
    scenario = world.scenario
    titles = {rule.title for index in scenario.rules.values() for rule in every_rule(index)}
    hits = Counter(exchange.rule for exchange in world.requests.values())
    split = [split_words(line, titles) for line in scenario.words]
    return {
        "name": scenario.name,
        "description": scenario.description,
        "rules": [{"name": title, "words": words, "hits": hits[title]} for title, words in split],
        "source": scenario.source,
        "warnings": [str(warning) for warning in scenario.warnings],
    }


def every_rule(index: RuleIndex) -> Iterator[Rule]:
    """Yield the rules of one operation, some of them twice."""
    yield from (*index.general, *index.matches_refused)
    yield from (rule for _, rules in index.tails for found in rules.values() for rule in found)


def split_words(line: str, titles: Iterable[str]) -> tuple[str, str]:
    """Return title and words of a rule that is written as `title: words`."""
    known = [title for title in titles if line.startswith(f"{title}: ")]
    title = max(known, key=len, default=line.partition(": ")[0])
    return title, line.removeprefix(title).removeprefix(": ")


def asked_for(ask: ControlCall, raw: bytes) -> Scenario:
    """Return the scenario that a body names as `{"use": NAME}`, or is.

    Raises:
        ProblemError: 400, the body is no text or `use` is no name; 422 with every mistake of the scenario, or it says
            nothing.

    """
    raw = raw.removeprefix(BOM_UTF8)
    try:
        text = utf8(raw)
    except UnreadableError as error:
        raise refuse(400, "", f"body: {error}") from None
    if not text.strip():
        raise refuse(400, "", 'body: it is empty; give {"use": NAME}, or a scenario as YAML or JSON')
    try:
        given = read_json(raw)
    except UnreadableError:
        given = {}
    if "use" in given:
        see_keys(text)
        return named(ask, given, at="/use")
    is_json = ask.request.content_type == JSON and text.lstrip()[:1] in {"{", "["}  # who sends YAML says so or not
    try:
        scenario = ask.memory.shelf().text(text, POSTED, is_json=is_json)
    except ScenarioError as error:
        raise ProblemError(422, map(placed, error.mistakes)) from None
    if not scenario.words:
        see_purpose(ask, text)
    return scenario


def see_keys(text: str) -> None:
    """See that a JSON text has each key once, as a scenario must.

    Raises:
        ProblemError: 422, it has not.

    """
    try:
        parse(text, POSTED, is_json=True)
    except FileError as error:
        raise ProblemError(422, [placed(error.mistake)]) from None


def see_purpose(ask: ControlCall, text: str) -> None:
    """See that a document says more than its name: who sends no more means the scenario of that name.

    Raises:
        ProblemError: 422, it has a name and a description at most.

    """
    document = parse(text, POSTED)
    given = document.value if isinstance(document.value, dict) else {}
    if not set(given) <= LABELS:
        return
    name = given.get("name")
    came = f"only {' and '.join(given)} came" if given else "nothing came"
    right = "a scenario needs rules, extends, settings, accounts, targets, seed or clock; to have none: rules: []"
    if isinstance(name, str) and name in ask.memory.shelf().paths:
        right = f"the scenario of that name is {json.dumps({'use': name}, ensure_ascii=False)}"
    raise ProblemError(422, [placed(document.mistake((), f"{came}; {right}"))])


def named(ask: ControlCall, given: dict[str, object], *, at: str) -> Scenario:
    """Return the scenario of a name.

    Raises:
        ProblemError: 400, more than a name is given; 422 when there is none of that name, or it has mistakes.

    """
    name = given["use"]
    others = sorted(set(given) - {"use"})
    if not isinstance(name, str) or others:
        mistakes = [Mistake(f"/{other}", "nothing else goes with use") for other in others]
        wrong = [] if isinstance(name, str) else [Mistake(at, "use must be the name of a scenario")]
        raise ProblemError(400, [*wrong, *mistakes])
    return load(ask, name, at=at)


def load(ask: ControlCall, name: str, *, at: str) -> Scenario:
    """Return the scenario of a name.

    Raises:
        ProblemError: 422, there is none of that name, or it has mistakes.

    """
    try:
        return ask.memory.shelf().named(name)
    except ScenarioError as error:
        mistakes = [placed(mistake)._replace(at=at) for mistake in error.mistakes]
        raise ProblemError(422, mistakes) from None


def placed(mistake: FileMistake) -> Mistake:
    """Return a mistake of a scenario as a mistake of the call."""
    return Mistake("", str(mistake), mistake.line, mistake.column)
