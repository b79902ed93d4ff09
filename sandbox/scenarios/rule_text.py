"""Says in words what a rule does, from the YAML of a rule without mistakes."""

from collections.abc import Callable, Mapping

from sandbox.core.effects import ReplyMoment

Words = Callable[[object], str]
SECOND_TO_LAST = 2
AFTER_CALLBACKS = "the reply leaves after the callbacks that are due at once"


def describe(rule: object, title: str) -> str:
    """Return one line: the rule's title, when it holds, what it does."""
    if not isinstance(rule, Mapping):
        return title
    when = _joined(rule.get("when"), WHEN)
    then = _joined(rule.get("then"), THEN, "; ") or "as the provider's documents say"
    return f"{title}: {f'when {when}: ' if when else ''}{then}"


def _joined(values: object, words: Mapping[str, Words], mark: str = ", ") -> str:
    if not isinstance(values, Mapping):
        return ""
    return mark.join(said for name, say in words.items() if name in values and (said := say(values[name])))


def _listed(values: object, word: str = "and") -> str:
    texts = [str(value) for value in values] if isinstance(values, list) else [str(values)]
    return f" {word} ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else texts[0] if texts else ""


def ordinal(number: object) -> str:
    """Return 1st, 2nd, 3rd, 4th …."""
    text = str(number)
    teen = text[-SECOND_TO_LAST:-1] == "1"
    return text + ("th" if teen else {"1": "st", "2": "nd", "3": "rd"}.get(text[-1:], "th"))


def _matches(name: str) -> Words:
    return lambda value: f"{name} {value}"


def _percent(value: object) -> str:
    return f"{float(str(value)) * 100:g}% of the time"


def _between(value: object) -> str:
    begin, end, zone, *_ = (*value, "UTC") if isinstance(value, list) else ("", "", "", "")
    return f"between {begin} and {end} {zone}"


def _during(value: object) -> str:
    if not isinstance(value, Mapping):
        return ""
    parts = [f"{word} {value[name]}" for name, word in (("from", "from"), ("to", "until")) if name in value]
    return f"{' '.join(parts)} after the scenario began"


def _headers(value: object) -> str:
    return ", ".join(f"header {name}: {each}" for name, each in value.items()) if isinstance(value, Mapping) else ""


WHEN: Mapping[str, Words] = {
    "provider": _matches("provider"),
    "operation": _matches("operation"),
    "account": _matches("account"),
    "to": _matches("the recipient is"),
    "from": _matches("the sender is"),
    "text": lambda value: f"the text has {value}",
    "header": _headers,
    "otp": lambda value: "a one-time code" if value else "no one-time code",
    "every": lambda value: f"every {ordinal(value)}",
    "first": lambda value: f"the first {value}",
    "nth": lambda value: f"the {_listed([ordinal(each) for each in value] if isinstance(value, list) else value)}",
    "after": lambda value: f"after the first {value}",
    "per": lambda value: {"to": "counted for each recipient", "account": "counted for each account"}.get(
        str(value), ""
    ),
    "between": _between,
    "during": _during,
    "chance": _percent,
    "state": lambda value: f"in the state {value}",
    "valid": lambda _: "also when the provider would refuse it",
}


def span(value: object) -> str:
    """Return how long a duration or distribution takes."""
    if not isinstance(value, Mapping):
        return f"{value} s" if isinstance(value, int | float) else str(value)
    ((shape, of),) = value.items()
    if shape == "percentiles" and isinstance(of, Mapping):
        return ", ".join(f"{share}% within {span(each)}" for share, each in of.items())
    low, high = of if isinstance(of, list) else (of, of)
    return {
        "uniform": f"{span(low)} to {span(high)}",
        "normal": f"about {span(low)}, give or take {span(high)}",
        "lognormal": f"half within {span(low)}, few much later (sigma {high})",
    }.get(str(shape), "")


def _life(value: object) -> str:
    steps = [next(iter(step.items())) for step in value] if isinstance(value, list) else []
    return ", ".join(f"{status} after {span(delay)}" for status, delay in steps) or "no status ever follows"


def _reply(value: object) -> str:
    status = value.get("status", 200) if isinstance(value, Mapping) else 200
    return f"a reply {status} of its own"


def _outcomes(value: object) -> str:
    entries = [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
    total = sum(float(str(each["weight"])) for each in entries)
    shares = [f"{float(str(each['weight'])) / total * 100:.3g}%" for each in entries]
    told = [_joined(each, THEN, "; ") or "as usual" for each in entries]
    return " | ".join(f"{share} {what}" for share, what in zip(shares, told, strict=True))


def _rate(value: object) -> str:
    if not isinstance(value, Mapping):
        return ""
    whose = "all together" if value.get("by") == "workspace" else "for each account"
    return f"at most {value.get('limit')} in {span(value.get('per'))} {whose}, then the error {value.get('error')}"


def _drop(value: object) -> str:
    known = {"all": "every one is lost", "first": "the first attempt of each is lost"}
    return known.get(str(value), f"those of {_listed(value)} are lost")


CALLBACKS: Mapping[str, Words] = {
    "delay": lambda value: f"{span(value)} late",
    "copies": lambda value: "each " + {"1": "once", "2": "twice"}.get(str(value), f"{value} times"),
    "drop": _drop,
    "order": lambda value: {"reverse": "in reverse order", "shuffle": "in any order"}.get(str(value), ""),
    "hold": lambda value: "held until released" if value else "",
    "key": lambda value: f"with the key {value}",
    "timeout": lambda value: f"given up after {span(value)}",
    "retries": lambda value: f"retried after {_listed(value)}" if value else "not retried",
    "strict": lambda value: "one after the other, retries included" if value else "",
}

THEN: Mapping[str, Words] = {
    "error": lambda value: f"the error {value}",
    "reply": _reply,
    "after": lambda value: AFTER_CALLBACKS if value == ReplyMoment.CALLBACKS else f"the reply takes {span(value)}",
    "fault": lambda value: f"the fault {str(value).replace('_', ' ')}",
    "accepted": lambda value: "accepted all the same" if value else "",
    "lifecycle": _life,
    "illegal": lambda value: "against the provider's own table" if value else "",
    "outcomes": _outcomes,
    "callbacks": lambda value: f"callbacks {_joined(value, CALLBACKS)}",
    "set": lambda value: f"go over to the state {value.get('state')}" if isinstance(value, Mapping) else "",
    "rate": _rate,
}
