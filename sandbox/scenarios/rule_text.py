"""Scenarios and their rules as sentences for people: for `scenarios show`, the control API and the inbox."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from sandbox.core.clock import ClockMode, format_time
from sandbox.core.effects import ReplyMoment
from sandbox.core.scenario import AccountRule, Scenario
from sandbox.scenarios.value_readers import WILDCARDS, is_regex

Words = Callable[[object], str]
FEW, HALF = 4, 50.0  # percentiles that are all listed, and the one that is shown of more


def explain(scenario: Scenario) -> str:
    """Return a scenario in words: what it sets, then its rules in the order in which they are tried."""
    lines = [f"{scenario.name}: {scenario.description}" if scenario.description else scenario.name]
    lines += [f"  {line}" for line in _explain_values(scenario)]
    lines += [f"  {place}. {words}" for place, words in enumerate(scenario.words, start=1)]
    return "\n".join(lines)


def _explain_values(scenario: Scenario) -> Iterator[str]:
    if scenario.seed is not None:
        yield f"seed {scenario.seed}"
    if scenario.clock is not None:
        mode, rate, start = scenario.clock
        speed = f", {rate:g} times as fast as real time" if mode is ClockMode.SCALED else ""
        yield f"clock {mode}{speed}{f', starts at {format_time(start)}' if start else ''}"
    for provider, values in sorted(scenario.settings.items()):
        yield from (f"setting {provider}.{name}: {value}" for name, value in values.items())
    for provider, target in sorted(scenario.targets.items()):
        yield f"callbacks of {provider} go to {target.url}"
    for rule, providers in _group_by_rule(scenario):
        yield f"accounts {rule.key} of {', '.join(providers)}: {', '.join(_explain_account(rule)) or 'unchanged'}"


def _group_by_rule(scenario: Scenario) -> list[tuple[AccountRule, list[str]]]:
    """Return each account rule once, with the providers that it applies to."""
    found: list[tuple[AccountRule, list[str]]] = []
    for provider, rules in sorted(scenario.accounts.items()):
        for rule in rules:
            known = next((providers for each, providers in found if each == rule), None)
            if known is None:
                found.append((rule, [provider]))
            else:
                known.append(provider)
    return found


def _explain_account(rule: AccountRule) -> Iterator[str]:
    if rule.closed is not None:
        yield "closed" if rule.closed else "open"
    if rule.balance is not None:
        yield from (f"balance {amount} {balance_type}" for balance_type, amount in rule.balance.items())
    if rule.senders is not None:
        senders = ", ".join(f"{sender.id} ({sender.state})" for sender in rule.senders)
        yield f"senders {senders or 'none'}"
    if rule.templates is not None:
        yield f"templates {', '.join(template.id for template in rule.templates) or 'none'}"
    if rule.stop_list is not None:
        yield f"stop list {', '.join(sorted(rule.stop_list)) or 'empty'}"


def describe_rule(rule: object, title: str) -> str:
    """Return a rule without mistakes as one line: its title, its conditions, and what it does."""
    if not isinstance(rule, Mapping):
        return title
    when = rule.get("when")
    conditions = " and ".join(_describe(when, CONDITIONS))
    matches = ", ".join(_describe(when, MATCHES))
    scope = ", ".join(each for each in (f"when {conditions}" if conditions else "", matches) if each)
    actions = "; ".join(_describe(rule.get("then"), ACTIONS)) or "the provider's documented behaviour"
    return f"{title}: {f'{scope}: ' if scope else ''}{actions}"


def _describe(values: object, table: Mapping[str, Words]) -> Iterable[str]:
    """Return the words for each value that the table describes, in the order of the table."""
    if not isinstance(values, Mapping):
        return ()
    found = (describe(values[name]) for name, describe in table.items() if name in values)
    return [words for words in found if words]


def _listed(values: object) -> str:
    """Return values as `a`, `a and b` or `a, b and c`."""
    texts = [str(value) for value in values] if isinstance(values, list) else [str(values)]
    return " and ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else "".join(texts)


def ordinal(number: object) -> str:
    """Return 1st, 2nd, 3rd, 4th and so on."""
    text = str(number)
    is_teen = text[-2:-1] == "1"
    return text + ("th" if is_teen else {"1": "st", "2": "nd", "3": "rd"}.get(text[-1:], "th"))


def _ordinals(value: object) -> str:
    return _listed([ordinal(each) for each in value] if isinstance(value, list) else ordinal(value))


def _matches(count: object) -> str:
    return "match" if count == 1 else f"{count} matches"


def _comparison(name: str) -> Words:
    """Return the words for a value that is compared with a plain value, a glob or a regular expression."""

    def words(value: object) -> str:
        text = str(value)
        return f"{name} {'matches' if WILDCARDS & set(text) or is_regex(text) else 'is'} {text}"

    return words


def _text(value: object) -> str:
    text = str(value)
    return f"the text {'matches' if is_regex(text) else 'contains'} {text}"


def _headers(value: object) -> str:
    if not isinstance(value, Mapping):
        return ""
    return " and ".join(_comparison(f"the header {name}")(each) for name, each in value.items())


def _between(value: object) -> str:
    begin, end, zone, *_ = (*value, "UTC") if isinstance(value, list) else ("", "", "", "")
    return f"between {begin} and {end} {zone}"


def _during(value: object) -> str:
    if not isinstance(value, Mapping):
        return ""
    parts = [f"{word} {span(value[name])}" for name, word in (("from", "from"), ("to", "until")) if name in value]
    return f"{' '.join(parts)} after the scenario starts"


CONDITIONS: Mapping[str, Words] = {
    "provider": _comparison("the provider"),
    "operation": _comparison("the operation"),
    "account": _comparison("the account"),
    "to": _comparison("the recipient"),
    "from": _comparison("the sender"),
    "text": _text,
    "header": _headers,
    "otp": lambda value: f"the message is {'' if value else 'not '}a one-time code",
    "state": lambda value: f"the state is {value}",
}
MATCHES: Mapping[str, Words] = {
    "every": lambda value: f"for every {'' if value == 1 else f'{ordinal(value)} '}match",
    "first": lambda value: f"for the first {_matches(value)}",
    "nth": lambda value: f"for the {_ordinals(value)} match",
    "after": lambda value: f"after the first {_matches(value)}",
    "per": lambda value: {"to": "counted for each recipient", "account": "counted for each account"}.get(
        str(value), ""
    ),
    "between": _between,
    "during": _during,
    "chance": lambda value: f"{float(str(value)) * 100:g}% of the time",
    "valid": lambda _: "also for requests that the provider would refuse",
}


def span(value: object) -> str:
    """Return a duration or distribution in words that can follow "after"."""
    if not isinstance(value, Mapping):
        return f"{value}s" if isinstance(value, int | float) else str(value)
    ((shape, of),) = value.items()
    if shape == "percentiles" and isinstance(of, Mapping):
        if len(of) > FEW:
            first, *_, last = of.values()
            share, middle = min(of.items(), key=lambda each: abs(float(each[0]) - HALF))
            return f"{span(first)} to {span(last)} (up to {span(middle)}: {share}%)"
        return " or ".join(f"up to {span(each)} ({share}%)" for share, each in of.items())
    low, high = of if isinstance(of, list) else (of, of)
    return {
        "uniform": f"{span(low)} to {span(high)}",
        "normal": f"{span(low)} ± {span(high)}",
        "lognormal": f"a median of {span(low)} (sigma {high})",
    }.get(str(shape), "")


def _after(value: object) -> str:
    if value == ReplyMoment.CALLBACKS:
        return "the reply is sent after the callbacks that are due at once"
    return f"the reply is sent after {span(value)}"


def _lifecycle(value: object) -> str:
    steps = [next(iter(step.items())) for step in value] if isinstance(value, list) else []
    return ", then ".join(map(_step, steps)) or "the status never changes"


def _step(step: tuple[object, object]) -> str:
    status, delay = step
    return f"{status} at once" if delay in (0, "0s") else f"{status} after {span(delay)}"


def _reply(value: object) -> str:
    status = value.get("status", 200) if isinstance(value, Mapping) else 200
    return f"a custom reply with status {status}"


def _outcomes(value: object) -> str:
    entries = [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
    total = sum(float(str(each["weight"])) for each in entries)
    shares = [f"{float(str(each['weight'])) / total * 100:.3g}%" for each in entries]
    effects = ["; ".join(_describe(each, ACTIONS)) or "no change" for each in entries]
    return " | ".join(f"{share}: {effect}" for share, effect in zip(shares, effects, strict=True))


def _rate(value: object) -> str:
    if not isinstance(value, Mapping):
        return ""
    scope = "all accounts together" if value.get("by") == "workspace" else "each account"
    limit = f"at most {value.get('limit')} in {span(value.get('per'))} for {scope}"
    return f"{limit}, then the error {value.get('error')}"


def _drop(value: object) -> str:
    known = {"all": "all are lost", "first": "the first attempt of each is lost"}
    return known.get(str(value), f"those for {_listed(value)} are lost")


def _retries(value: object) -> str:
    return (
        f"retried after {_listed([span(each) for each in value])}"
        if isinstance(value, list) and value
        else "no retries"
    )


CALLBACKS: Mapping[str, Words] = {
    "delay": lambda value: f"sent {span(value)} late",
    "copies": lambda value: "each sent " + {"1": "once", "2": "twice"}.get(str(value), f"{value} times"),
    "drop": _drop,
    "order": lambda value: {"reverse": "in reverse order", "shuffle": "in random order"}.get(str(value), ""),
    "hold": lambda value: "held until released" if value else "",
    "key": lambda value: f"with the key {value}",
    "timeout": lambda value: f"timeout after {span(value)}",
    "retries": _retries,
    "strict": lambda value: "one at a time, retries included" if value else "",
}


def _callbacks(value: object) -> str:
    words = ", ".join(_describe(value, CALLBACKS))
    return f"callbacks: {words}" if words else ""


def _inbound(value: object) -> str:
    if not isinstance(value, Mapping):
        return ""
    return f'the phone replies "{value.get("text")}" {span(value.get("after", 0))} after the delivery'


ACTIONS: Mapping[str, Words] = {
    "error": lambda value: f"the error {value}",
    "reply": _reply,
    "after": _after,
    "fault": lambda value: f"the fault {value}",
    "accepted": lambda value: "the request is accepted anyway" if value else "",
    "lifecycle": _lifecycle,
    "illegal": lambda value: "even if the provider does not allow these transitions" if value else "",
    "inbound": _inbound,
    "lifecycle_from": lambda value: "the lifecycle begins when the reply is sent" if value == "reply" else "",
    "opted_out": lambda value: "the number is treated as one on the stop list" if value else "",
    "outcomes": _outcomes,
    "callbacks": _callbacks,
    "set": lambda value: f"set the state to {value.get('state')}" if isinstance(value, Mapping) else "",
    "rate": _rate,
}
