"""What it costs to match a request against many rules, for tests and benchmarks."""

from itertools import cycle
from time import process_time
from typing import NamedTuple

from sandbox.core.scenario import Scenario
from sandbox.core.world import World
from sandbox.pipeline import ServerContext
from sandbox.pipeline.apply_scenario import evaluate_rules
from sandbox.pipeline.read import RequestContext, read
from sandbox.providers.base import Plan
from sandbox.scenarios import load_text
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Missed
from tests.builders import make_world, packs, router

# Conditions as people write them; none of them holds for the request that is measured.
CONDITIONS = (
    'to: "387{place:03}*"',
    'to: "*7{place:03}"',
    "text: word {place}",
    "from: SENDER{place}",
    "account: key-{place}",
    "header: {{x-test: case-{place}}}",
    "state: start, text: 'nothing {place}'",
    'to: "49{place:03}????"',
    "otp: false, account: other-{place}",
    "during: {{from: 100d, to: 101d}}",
)


class Cost(NamedTuple):
    """Microseconds of processor time that judging one request takes, and how many rules its operation has."""

    microseconds: float
    rules: int


def many_rules(count: int) -> Scenario:
    """Return a scenario of `count` rules spread over all operations that send."""
    every = [each for pack in packs().values() for each in pack.spec.operations.values()]
    operations = sorted(each.name for each in every if each.channel)
    rules = [
        f"  - {{when: {{operation: {operation}, {condition.format(place=place)}}}, then: {{after: 1s}}}}"
        for place, operation, condition in zip(range(count), cycle(operations), cycle(CONDITIONS), strict=False)
    ]
    return load_text("\n".join(["rules:", *rules]), "many", packs=packs())


def visit(world: World, request: Request) -> tuple[RequestContext, Plan]:
    """Return a request as it comes before the scenario."""
    found = router().find(request.method, request.path)
    if isinstance(found, Missed):
        raise TypeError(found.near)
    context = RequestContext(request)
    call = read(context, found, ServerContext(packs(), router(), world, lambda _: world))
    outcome = context.pack.provider.operations[call.operation](world, call)
    if not isinstance(outcome, Plan):
        raise TypeError(outcome)
    return context, outcome


def matching_cost(scenario: Scenario, *, requests: int = 2000, rounds: int = 5) -> Cost:
    """Return the best of some rounds for a Betatel SMS that no rule catches."""
    body = b'{"from": "FACEBOOK", "to": "38761930305", "text": "Your code is 555345"}'
    headers = {"x-api-key": "k1", "content-type": "application/json"}
    came, outcome = visit(make_world(scenario), Request("POST", "/api/smpp/client/send", "", headers, body))
    taken = []
    for _ in range(rounds):
        begun = process_time()
        for _ in range(requests):
            evaluate_rules(came, outcome)
        taken.append(process_time() - begun)
    index = scenario.rules.get("betatel.sms.send")
    return Cost(min(taken) / requests * 1e6, len(index.places) if index else 0)
